"use strict";
// Four explorables: small arrays from the results, or a fresh draw; drawn as plain SVG.
const NS = "http://www.w3.org/2000/svg";
const place = one("#explorables"), arrays = held.explorables;
const last = list => list[list.length - 1];

function make(tag, attributes = {}, parent = null, text = "") {
  const svg = ["svg", "g", "path", "line", "circle", "rect", "text", "image"].includes(tag);
  const element = svg ? document.createElementNS(NS, tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

// A frame with a title, its controls, and a line that says what is seen, also to those who cannot see it.
function frame(id, title, about) {
  const box = make("div", { class: "play", id, role: "group", "aria-label": title }, place);
  make("h3", {}, box, title);
  make("p", { class: "small" }, box, about);
  const controls = make("div", { class: "controls" }, box);
  const seen = make("output", { "aria-live": "polite" });
  box.append(seen);
  return { box, controls, seen };
}

function slider(where, label, min, max, value, show, changed) {
  const wrap = make("label", {}, where), name = make("span", {}, wrap);
  const input = make("input", { type: "range", min, max, value }, wrap);
  const update = () => { name.textContent = `${label}: ${show(+input.value)}`; input.setAttribute("aria-valuetext", show(+input.value)); };
  input.addEventListener("input", () => { update(); changed(); });
  update();
  return { get value() { return +input.value; }, set value(v) { input.value = v; update(); }, input };
}

// A chart: axes with a few ticks, and functions that put data on it.
function chart(where, label, { x, y, xLabel, yLabel, log = false, far = false, width = 460, height = 250 }) {
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label }, where);
  const [l, r, t, b] = [64, width - 14, 12, height - 40], f = v => log ? Math.log10(Math.max(v, y[0])) : v, g = v => far ? Math.log10(v) : v;
  const at = v => l + (g(v) - g(x[0])) / (g(x[1]) - g(x[0])) * (r - l), brief = v => v && v < 0.01 ? v.toExponential(0) : String(+v.toPrecision(2));
  const up = v => b - (f(Math.min(Math.max(v, y[0]), y[1])) - f(y[0])) / (f(y[1]) - f(y[0])) * (b - t);
  for (let i = 0; i <= 4; i++) {
    const v = y[0] + (y[1] - y[0]) * i / 4, w = log ? 10 ** (f(y[0]) + (f(y[1]) - f(y[0])) * i / 4) : v, u = far ? 10 ** (g(x[1]) * i / 4) : x[0] + (x[1] - x[0]) * i / 4;
    make("line", { class: "tick", x1: l, x2: r, y1: up(w), y2: up(w) }, svg);
    make("text", { x: l - 6, y: up(w) + 4, "text-anchor": "end" }, svg, brief(w));
    make("text", { x: at(u), y: b + 16, "text-anchor": "middle" }, svg, String(x[1] > 4 ? Math.round(u) : +u.toPrecision(2)));
  }
  make("text", { x: (l + r) / 2, y: height - 6, "text-anchor": "middle" }, svg, xLabel);
  make("text", { x: 12, y: (t + b) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(t + b) / 2})` }, svg, yLabel);
  const path = (xs, ys) => "M" + xs.map((v, i) => `${at(v).toFixed(1)} ${up(ys[i]).toFixed(1)}`).join("L");
  return { svg, at, up, path, bottom: b, top: t, line: (xs, ys, style) => make("path", { class: style, d: path(xs, ys), fill: "none" }, svg) };
}
const counted = n => Array.from({ length: n }, (_, i) => i + 1);

// ---- CCA of noise: Wachter's law (Wachter 1980) and the canonical correlations of a fresh draw.
function edges(n, p, q) {
  const a = p / n, b = q / n;
  if (Math.max(p, q) >= n) return [1, 1];
  const low = Math.abs(Math.sqrt(a * (1 - b)) - Math.sqrt(b * (1 - a)));
  return [low, a + b >= 1 ? 1 : Math.sqrt(a * (1 - b)) + Math.sqrt(b * (1 - a))];
}

// Typical correlations by rank: quantiles of the law, along the angle t of rho^2 = middle - radius cos t.
function wachter(n, p, q, grid = 4000) {
  const count = Math.min(p, q), a = p / n, b = q / n, ones = Math.min(count, Math.max(0, p + q - n));
  if (ones === count) return Array(count).fill(1);
  const root = Math.sqrt(a * b * (1 - a) * (1 - b)), middle = a + b - 2 * a * b;
  const low = middle - 2 * root, high = middle + 2 * root, rest = count - ones;
  const values = [], sums = [0];
  let before = 0;
  for (let i = 0; i <= grid; i++) {
    const t = Math.PI * i / grid, v = (low + high) / 2 - (high - low) / 2 * Math.cos(t);
    const mass = Math.sin(t) ** 2 / (Math.max(v, 1e-12) * Math.max(1 - v, 1e-12));
    values.push(Math.min(Math.max(v, 0), 1));
    if (i) sums.push(last(sums) + (mass + before) / 2);
    before = mass;
  }
  const found = [];
  for (let k = rest, i = 0; k >= 1; k--) {
    const wanted = (rest - k + 0.5) / rest * last(sums);
    while (sums[i] < wanted) i++;
    found.push(Math.sqrt(values[i]));
  }
  return [...Array(ones).fill(1), ...found.reverse()];
}

// Uniform numbers from a seed (mulberry32), and normal ones from them.
function uniform(seed) {
  return () => { seed = seed + 0x6D2B79F5 | 0; let t = Math.imul(seed ^ seed >>> 15, 1 | seed); t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t; return ((t ^ t >>> 14) >>> 0) / 4294967296; };
}
function normals(count, next) {
  return Float64Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()));
}

// Canonical correlations of X (n, p) and Y (n, q), rows one after another: singular values of Lx^-1 Sxy Ly^-T.
function correlations(X, Y, n, p, q) {
  if (p > q) return correlations(Y, X, n, q, p);
  const x = centred(X, n, p), y = centred(Y, n, q);
  const lx = cholesky(product(x, x, n, p, p), p), ly = cholesky(product(y, y, n, q, q), q);
  const half = solved(lx, product(x, y, n, p, q), p, q);              // Lx^-1 Sxy, (p, q)
  const whole = solved(ly, transposed(half, p, q), q, p);             // Ly^-1 (Lx^-1 Sxy)^T, (q, p)
  return eigenvalues(product(whole, whole, q, p, p), p).map(v => Math.sqrt(Math.min(Math.max(v, 0), 1)));
}
function centred(X, n, p) {
  const out = Float64Array.from(X);
  for (let j = 0; j < p; j++) {
    let mean = 0;
    for (let i = 0; i < n; i++) mean += X[i * p + j] / n;
    for (let i = 0; i < n; i++) out[i * p + j] -= mean;
  }
  return out;
}
function product(A, B, n, p, q) { // A'B, (p, q)
  const out = new Float64Array(p * q);
  for (let i = 0; i < n; i++) for (let j = 0; j < p; j++) {
    const a = A[i * p + j];
    for (let k = 0; k < q; k++) out[j * q + k] += a * B[i * q + k];
  }
  return out;
}
function transposed(A, p, q) {
  const out = new Float64Array(p * q);
  for (let i = 0; i < p; i++) for (let j = 0; j < q; j++) out[j * p + i] = A[i * q + j];
  return out;
}
function cholesky(A, p) {
  const L = new Float64Array(p * p);
  for (let i = 0; i < p; i++) for (let j = 0; j <= i; j++) {
    let s = A[i * p + j];
    for (let k = 0; k < j; k++) s -= L[i * p + k] * L[j * p + k];
    L[i * p + j] = i === j ? Math.sqrt(s) : s / L[j * p + j];
  }
  return L;
}
function solved(L, B, p, q) { // L^-1 B
  const out = Float64Array.from(B);
  for (let i = 0; i < p; i++) for (let k = 0; k < q; k++) {
    let s = out[i * q + k];
    for (let j = 0; j < i; j++) s -= L[i * p + j] * out[j * q + k];
    out[i * q + k] = s / L[i * p + i];
  }
  return out;
}
function eigenvalues(A, p) { // of a symmetric matrix, by Jacobi's rotations, descending
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0;
    for (let i = 0; i < p; i++) for (let j = i + 1; j < p; j++) off += A[i * p + j] ** 2;
    if (off < 1e-22) break;
    for (let i = 0; i < p; i++) for (let j = i + 1; j < p; j++) {
      const c = A[i * p + j];
      if (Math.abs(c) < 1e-300) continue;
      const theta = (A[j * p + j] - A[i * p + i]) / (2 * c), t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
      const cos = 1 / Math.hypot(t, 1), sin = t * cos;
      for (let k = 0; k < p; k++) { const a = A[i * p + k], b = A[j * p + k]; A[i * p + k] = cos * a - sin * b; A[j * p + k] = sin * a + cos * b; }
      for (let k = 0; k < p; k++) { const a = A[k * p + i], b = A[k * p + j]; A[k * p + i] = cos * a - sin * b; A[k * p + j] = sin * a + cos * b; }
    }
  }
  return counted(p).map(i => A[(i - 1) * (p + 1)]).sort((a, b) => b - a);
}

function noise() {
  const { box, controls, seen } = frame("play-noise", "CCA of noise",
    "Two layers that have nothing to do with each other, of p and q neurons, on N samples. Dashed: Wachter's law. Solid: the canonical correlations of a draw, computed here. With few samples a neuron, noise looks similar.");
  const p = slider(controls, "p, neurons of the first", 2, 80, 60, String, () => draw()), q = slider(controls, "q, neurons of the second", 2, 80, 40, String, () => draw());
  const n = slider(controls, "N, samples", 1, 40, 12, v => String(v * 50), () => draw());
  const again = make("button", { type: "button" }, controls, "Draw again");
  let seed = 1;
  again.addEventListener("click", () => { seed += 1; draw(); });
  const holder = make("div", {});
  seen.before(holder);
  function draw() {
    const samples = Math.max(n.value * 50, 50), dx = Math.min(p.value, samples - 2), dy = Math.min(q.value, samples - 2), next = uniform(seed);
    const found = correlations(normals(samples * dx, next), normals(samples * dy, next), samples, dx, dy);
    const law = wachter(samples - 1, dx, dy), ranks = counted(found.length), mean = found.reduce((a, b) => a + b) / found.length;
    holder.replaceChildren();
    const drawn = chart(holder, "Canonical correlations of noise by rank, beside Wachter's law", { x: [1, Math.max(2, found.length)], y: [0, 1], xLabel: "rank", yLabel: "correlation" });
    drawn.line(ranks, law, "law");
    drawn.line(ranks, found, "drawn");
    seen.textContent = `Mean ${mean.toFixed(3)}, expected ${(law.reduce((a, b) => a + b) / law.length).toFixed(3)}; largest ${found[0].toFixed(3)}, edge of the law ${edges(samples - 1, dx, dy)[1].toFixed(3)}.`;
  }
  draw();
}

// ---- Clipping: the first layer's weights on their k leading directions.
function clipping({ spectrum, initial, accuracy, names, ranks, pictures }) {
  const { box, controls, seen } = frame("play-clipping", "Clipping",
    "The first layer of the trained networks keeps k directions of its weights: their spectrum (solid trained, dashed initial), the accuracy that is left, and the images that the layer still sees.");
  const most = accuracy.length, steps = 100, rank = v => Math.max(1, Math.round(most ** (v / steps)));
  const k = slider(controls, "k, directions kept", 0, steps, 40, v => String(rank(v)), () => move());
  const xs = counted(most), holder = make("div", { class: "controls" });
  seen.before(holder);
  const left = chart(holder, "Spectrum of the first layer's weights", { x: [1, most], y: [Math.max(last(spectrum), spectrum[0] / 1e4), spectrum[0]], log: true, far: true, xLabel: "rank", yLabel: "eigenvalue" });
  left.line(xs, spectrum, "drawn"); left.line(counted(initial.length), initial, "law");
  const right = chart(holder, "Accuracy by directions kept", { x: [1, most], y: [0, Math.ceil(Math.max(...accuracy) / 10) * 10], far: true, xLabel: "directions kept", yLabel: "test accuracy (%)" });
  right.line(xs, accuracy, "drawn");
  const bars = [left, right].map(one => make("line", { class: "here", y1: one.top, y2: one.bottom }, one.svg));
  const shown = ["whole", "kept"].map(what => { const image = make("img", { alt: "", width: 96 * names.length, height: 96, style: "image-rendering: pixelated" }); const row = make("p", { class: "small" }, box); row.append(what === "whole" ? "As they are" : "What is left", make("br"), image); return image; });
  shown[0].src = "data:image/png;base64," + pictures[0];
  shown[0].alt = names.join(", ");
  function move() {
    const at = rank(k.value), near = ranks.reduce((best, r, i) => Math.abs(Math.log(r / at)) < Math.abs(Math.log(ranks[best] / at)) ? i : best, 0);
    bars.forEach((bar, i) => { const x = [left, right][i].at(at); bar.setAttribute("x1", x); bar.setAttribute("x2", x); });
    shown[1].src = "data:image/png;base64," + pictures[near + 1];
    shown[1].alt = `the same on ${ranks[near]} directions`;
    seen.textContent = `${at} of ${most} directions leave ${accuracy[at - 1]} % of ${last(accuracy)} %; images on ${ranks[near]}.`;
  }
  move();
}

// ---- Attack: the same digits under every cutoff.
const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
function attack({ epsilons, labels, pixels, step, variants }) {
  const { box, controls, seen } = frame("play-attack", "Attack",
    "Every pixel moves by epsilon along the sign of the gradient, against networks from whose weights directions of low variance were removed (cutoff), and against one without. Below each digit what the network answers; wrong answers are red.");
  const e = slider(controls, "epsilon", 0, epsilons.length - 1, 2, v => epsilons[v].toFixed(1), () => move());
  const table = make("table", {}), sheet = make("div", { class: "sheet", role: "region", tabindex: 0, "aria-label": "Digits under attack" });
  sheet.append(table); seen.before(sheet);
  const named = name => name === "none" ? "no removal" : "cutoff " + name;
  const images = pixels.map(bytes), side = Math.sqrt(images[0].length);
  const rows = variants.map(found => {
    const row = table.insertRow(), head = make("th", { scope: "row" }, row);
    const cells = labels.map((label, i) => { const cell = row.insertCell(), canvas = make("canvas", { width: side, height: side, role: "img", style: "width: 56px; height: 56px; display: block; image-rendering: pixelated" }, cell); return { canvas, said: make("span", { class: "badge" }, cell), signs: bytes(found.signs[i]) }; });
    return { name: found.name, found, head, cells };
  });
  function paint(canvas, image, signs, move) {
    const context = canvas.getContext("2d"), data = context.createImageData(side, side);
    image.forEach((v, i) => { const level = v + move * ((signs[i >> 3] >> (i & 7)) & 1 ? 1 : -1); data.data.set([level, level, level, 255], 4 * i); });
    context.putImageData(data, 0, 0);
  }
  function move() {
    const at = e.value;
    for (const { name, found, head, cells } of rows) {
      head.textContent = `${named(name)}: ${found.accuracy[at]} %`;
      cells.forEach(({ canvas, said, signs }, i) => {
        const answer = found.answers[i][at];
        paint(canvas, images[i], signs, epsilons[at] * step);
        canvas.setAttribute("aria-label", `a ${labels[i]}, answered ${answer}`);
        said.textContent = answer; said.className = "badge " + (answer === labels[i] ? "yes" : "no");
      });
    }
    seen.textContent = `At epsilon ${epsilons[at].toFixed(1)}, right of ${labels.length} digits: ` + rows.map(({ name, found }) => `${named(name)}: ${labels.filter((label, i) => found.answers[i][at] === label).length}`).join("; ") + ".";
  }
  move();
}

// ---- Pruning: nodes grey out in the order of their alignment.
function pruning({ shares, accuracy, layers }) {
  const { box, controls, seen } = frame("play-pruning", "Pruning",
    "Every hidden node of one network, coloured by its alignment with the variance of its input; a share of every layer is dropped, and the accuracy of all networks falls.");
  const share = slider(controls, "share dropped", 0, shares.length - 1, 1, v => `${Math.round(100 * shares[v])} %`, () => move());
  const wrap = make("label", {}, controls, "order"), order = make("select", {}, wrap), WORDS = { high: "high alignment first", low: "low alignment first", random: "at random" };
  for (const name of Object.keys(accuracy)) make("option", { value: name }, order, WORDS[name] || name);
  order.addEventListener("change", () => move());
  const holder = make("div", { class: "controls" });
  seen.before(holder);
  const width = 460, names = Object.keys(layers), svg = make("svg", { viewBox: `0 0 ${width} ${names.length * 80}`, width, height: names.length * 80, role: "img", "aria-label": "Nodes of the hidden layers" }, holder);
  const drawn = chart(holder, "Accuracy by share dropped", { x: [0, last(shares)], y: [0, 100], xLabel: "share dropped", yLabel: "test accuracy (%)" });
  for (const name of Object.keys(accuracy)) drawn.line(shares, accuracy[name], name === "high" ? "drawn" : "law");
  const dot = make("circle", { r: 5, class: "dot" }, drawn.svg), next = uniform(7);
  const nodes = names.map((name, row) => {
    make("text", { x: 0, y: row * 80 + 14 }, svg, `layer ${row + 1}`);
    const scores = layers[name], low = Math.min(...scores), high = Math.max(...scores), by = scores.map((s, i) => i).sort((a, b) => scores[b] - scores[a]);
    const places = new Map(by.map((node, i) => [node, i])), shuffled = new Map(scores.map((s, i) => [i, next()]).sort((a, b) => a[1] - b[1]).map(([node], i) => [node, i]));
    return scores.map((score, i) => {
      const circle = make("circle", { cx: 60 + (i % 25) * 16, cy: row * 80 + 12 + Math.floor(i / 25) * 17, r: 6.5, fill: `hsl(205 80% ${88 - 55 * (score - low) / (high - low || 1)}%)` }, svg);
      return { circle, ranks: { high: places.get(i), low: scores.length - 1 - places.get(i), random: shuffled.get(i) }, of: scores.length };
    });
  }).flat();
  function move() {
    const x = shares[share.value], y = accuracy[order.value][share.value];
    let gone = 0;
    for (const { circle, ranks, of } of nodes) { const dropped = ranks[order.value] < Math.round(x * of); circle.classList.toggle("gone", dropped); gone += dropped; }
    dot.setAttribute("cx", drawn.at(x)); dot.setAttribute("cy", drawn.up(y));
    seen.textContent = `${gone} of ${nodes.length} nodes dropped, ${WORDS[order.value] || order.value}: ${y} % of ${accuracy[order.value][0]} %.`;
  }
  move();
}

// They are made when a reader comes near: a page opens without waiting for them.
function start() {
  noise();
  if (arrays.clipping) clipping(arrays.clipping);
  if (arrays.attack) attack(arrays.attack);
  if (arrays.pruning) pruning(arrays.pruning);
}
new IntersectionObserver((entries, watch) => {
  if (entries.some(entry => entry.isIntersecting)) { watch.disconnect(); start(); }
}, { rootMargin: "800px" }).observe(place);
window.explore = { correlations, edges, wachter, uniform, normals };
