"use strict";
// The page: filters in the address, search, sorting, tables, copying, downloads, colours.
const all = (where, from = document) => [...from.querySelectorAll(where)];
const one = (where, from = document) => from.querySelector(where);
const held = JSON.parse(one("#settings").textContent);
const say = text => { one("#said").textContent = text; };

// ---- Filters: what is asked for is kept in the address as #?document=...&verdict=...&q=...&at=...
const form = one("#filters"), search = one("#search");
const verdicts = all("[name=verdict]", form);
const marks = all(".marks li"), claims = all(".claim"), figures = all(".shown"), failures = all("tr.about");
const words = new Map([...figures, ...claims].map(e => [e, (e.matches(".shown") ? one("h3", e).textContent + one("figcaption", e).textContent : e.textContent).toLowerCase()]));

function asked() {
  return { document: form.elements.document.value, group: form.elements.group.value,
    verdict: verdicts.filter(box => box.checked).map(box => box.value), q: search.value.trim().toLowerCase() };
}
const narrow = wanted => wanted.document || wanted.group || wanted.q || wanted.verdict.length < verdicts.length;
const fits = (e, wanted) => (!wanted.document || e.dataset.document === wanted.document) && (!wanted.group || e.dataset.group === wanted.group) && wanted.verdict.includes(e.dataset.verdict);

function show() {
  const wanted = asked(), byClaims = wanted.group || wanted.q || wanted.verdict.length < verdicts.length;
  const seen = new Set();
  for (const figure of figures) {
    const named = !wanted.q || words.get(figure).includes(wanted.q);
    let left = 0;
    for (const claim of all(".claim", figure)) {
      claim.hidden = !(fits(claim, wanted) && (named || words.get(claim).includes(wanted.q)));
      if (!claim.hidden) { left += 1; seen.add(claim.id); }
    }
    const bare = wanted.q && named && !wanted.group && wanted.verdict.length === verdicts.length;
    figure.hidden = (wanted.document && figure.dataset.document !== wanted.document) || (byClaims && !left && !bare);
  }
  for (const part of all("section.document")) part.hidden = all(".shown", part).every(figure => figure.hidden);
  for (const mark of marks) mark.hidden = !seen.has("claim-" + mark.dataset.id);
  for (const row of all(".row")) row.hidden = all(".marks li", row).every(mark => mark.hidden);
  for (const row of failures) row.hidden = Boolean(wanted.document && row.dataset.document !== wanted.document) || Boolean(wanted.q && !row.textContent.toLowerCase().includes(wanted.q));
  one("#shown").textContent = narrow(wanted) ? `${seen.size} of ${claims.length} claims and checks shown` : "";
  return wanted;
}

function remember(at) {
  const wanted = asked(), parts = new URLSearchParams();
  for (const key of ["document", "group", "q"]) if (wanted[key]) parts.set(key, wanted[key]);
  if (wanted.verdict.length < verdicts.length) parts.set("verdict", wanted.verdict.join(","));
  if (at && narrow(wanted)) parts.set("at", at);
  const address = String(parts) ? "#?" + parts : at ? "#" + at : location.pathname;
  history.replaceState(null, "", address);
}

function recall() {
  if (!location.hash.startsWith("#?")) return go(decodeURIComponent(location.hash.slice(1)));
  const parts = new URLSearchParams(location.hash.slice(2));
  for (const key of ["document", "group"]) form.elements[key].value = parts.get(key) || "";
  search.value = parts.get("q") || "";
  const kinds = parts.has("verdict") ? parts.get("verdict").split(",") : verdicts.map(box => box.value);
  for (const box of verdicts) box.checked = kinds.includes(box.value);
  show();
  go(parts.get("at"));
}

function clear() { form.reset(); search.value = ""; show(); }

function go(id) {
  const target = id && document.getElementById(id);
  if (!target) return;
  if (target.closest("[hidden]")) clear();
  for (const fold of all("details", document)) if (fold.contains(target)) fold.open = true;
  for (const old of all(".here")) old.classList.remove("here");
  if (target.matches(".claim, .shown")) target.classList.add("here");
  target.scrollIntoView();
  if (target.tabIndex >= -1) target.focus({ preventScroll: true });
}

const changed = () => { show(); remember(); };
form.addEventListener("change", changed);
form.addEventListener("submit", event => event.preventDefault());
form.addEventListener("reset", () => setTimeout(() => { search.value = ""; changed(); }));
search.addEventListener("input", changed);
addEventListener("hashchange", recall);
document.addEventListener("click", event => {
  const link = event.target.closest("a[href^='#']");
  if (!link) return;
  event.preventDefault();
  const id = decodeURIComponent(link.getAttribute("href").slice(1));
  go(id);
  if (narrow(asked())) remember(id); else history.pushState(null, "", "#" + id);
});
addEventListener("popstate", recall);
for (const button of all("[data-only]")) button.addEventListener("click", () => {
  for (const box of verdicts) box.checked = box.value === button.dataset.only;
  form.elements.group.value = "claim";
  changed();
  one("#glance").scrollIntoView();
});

// ---- Tables: sorted by a click on a heading, numbers as numbers.
function sort(heading) {
  const table = heading.closest("table"), at = heading.cellIndex;
  const down = heading.getAttribute("aria-sort") === "ascending";
  for (const other of all("th", table)) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = row => { const text = row.cells[at].textContent.trim(), number = parseFloat(text.replaceAll(",", "")); return [isNaN(number) ? Infinity : number, text]; };
  const rows = [...table.tBodies[0].rows].map(row => [key(row), row]);
  rows.sort(([a], [b]) => (a[0] === b[0] ? a[1].localeCompare(b[1]) : a[0] - b[0]) * (down ? -1 : 1));
  table.tBodies[0].append(...rows.map(([, row]) => row));
}
// On a narrow screen a row becomes a block, and every cell says which column it was.
for (const table of all("table.stack")) {
  const names = all("th", table).map(th => th.textContent);
  for (const row of table.tBodies[0].rows) [...row.cells].forEach((cell, i) => { cell.dataset.label = names[i]; });
}
document.addEventListener("click", event => { const heading = event.target.closest("th"); if (heading) sort(heading); });

// ---- Tables behind figures are built when they are opened.
const csv = name => JSON.parse(document.getElementById("table-" + name).textContent);
function build(fold) {
  if (one("table", fold)) return;
  const [head, ...lines] = csv(fold.dataset.table).split("\n"), names = split(head);
  const box = document.createElement("div"), table = document.createElement("table");
  Object.assign(box, { className: "sheet tall", tabIndex: 0 });
  box.setAttribute("role", "region"); box.setAttribute("aria-label", "Table of " + fold.dataset.table);
  const header = table.createTHead().insertRow();
  for (const name of names) {
    const th = document.createElement("th"), button = document.createElement("button");
    th.scope = "col"; button.type = "button"; button.textContent = name; th.append(button); header.append(th);
  }
  const body = table.createTBody();
  for (const line of lines) { const row = body.insertRow(); for (const cell of split(line)) row.insertCell().textContent = cell; }
  box.append(table); fold.append(box);
}
function split(line) {
  const found = []; let cell = "", quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (c === '"') { if (quoted && line[i + 1] === '"') { cell += c; i++; } else quoted = !quoted; }
    else if (c === "," && !quoted) { found.push(cell); cell = ""; }
    else cell += c;
  }
  return [...found, cell];
}
for (const fold of all("details.table")) fold.addEventListener("toggle", () => { if (fold.open) build(fold); });

// ---- Copying and downloads.
async function copy(text) {
  try { await navigator.clipboard.writeText(text); } catch {
    const area = document.createElement("textarea");
    area.value = text; document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
  }
}
function download(name, type, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type })); link.download = name; link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
document.addEventListener("click", async event => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches(".copy")) {
    const text = button.dataset.text || one("code", button.parentElement).textContent, was = button.textContent;
    await copy(text);
    button.textContent = "Copied"; say("Copied: " + text);
    setTimeout(() => { button.textContent = was; }, 1500);
  }
  if (button.matches(".csv")) download(button.dataset.table + ".csv", "text/csv", csv(button.dataset.table));
  if (button.matches(".svg")) download(button.dataset.name + ".svg", "image/svg+xml", decodeURIComponent(one("img", button.closest(".left")).src.split(",").slice(1).join(",")));
});

// ---- The command for another setting: laid over the scale, which is laid over all else.
for (const change of all("form.change")) {
  const block = held.experiments[change.dataset.experiment], { key, value } = change.elements;
  const write = () => {
    let given;
    try { given = JSON.parse(value.value); value.removeAttribute("aria-invalid"); } catch { value.setAttribute("aria-invalid", "true"); given = value.value; }
    const over = JSON.stringify({ scales: { [held.scale]: { experiments: { [change.dataset.experiment]: { [key.value]: given } } } } });
    one(".command code", change).textContent = `echo '${over.replaceAll("'", "'\\''")}' > changed.yaml && .venv/bin/snakemake --configfile changed.yaml --config scale=${held.scale} -- figures/${held.scale}/${change.dataset.figure}.svg`;
  };
  const start = () => { value.value = JSON.stringify(block[key.value]); write(); };
  key.addEventListener("change", start); value.addEventListener("input", write);
  change.addEventListener("submit", event => event.preventDefault());
  start();
}

// ---- Colours.
const theme = one("#theme"), THEMES = ["", "dark", "light"];
function paint(name) {
  if (name) document.documentElement.dataset.theme = name; else delete document.documentElement.dataset.theme;
  theme.setAttribute("aria-label", "Colours: " + (name || "as the system has them"));
  try { localStorage.setItem("theme", name); } catch { /* a page from disk may keep nothing */ }
}
theme.addEventListener("click", () => paint(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme || "") + 1) % 3]));
try { paint(localStorage.getItem("theme") || ""); } catch { paint(""); }
recall();
