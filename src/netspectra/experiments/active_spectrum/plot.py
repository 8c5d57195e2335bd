"""Spectrum, eigenvectors, layers and sample size of the active subspace under a prior of the parameters."""

from itertools import accumulate, pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import labels, style

HOW = {
    "active_eigenvalues": ", each shown",
    "active_eigenvectors": ", the first shown",
    "active_layers": ", 95 % Student intervals over sets",
    "active_sample_size": ", each shown",
}
ZERO = 1e-8  # of the true eigenvalue: what is less is zero but for round-off


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The document's two figures, the layers, and its third finding."""
    parts = dict(iter(table.groupby("quantity", sort=False)))
    figures = {
        "active_eigenvalues": eigenvalues(parts, settings, published),
        "active_eigenvectors": eigenvectors(parts, settings),
        "active_layers": layers(parts, settings),
        "active_sample_size": sample_size(parts, settings),
    }
    sets = f"{settings['replicates']} sets of {settings['samples']:,} gradients"
    for name, figure in figures.items():
        style.footer(figure, f"{sets}{HOW[name]}", reading(settings))
    return figures


def reading(settings: dict) -> str:
    """What stands open in the document, as it is read."""
    setting = settings["setting"]
    on = {"grid": "loss on the whole grid", "point": "loss on one random point"}[setting["loss_on"]]
    start, end = setting["range"]
    units = f"{setting['activation']}, {setting['output']} output"
    return f"{units}, {on} of {setting['points']}, x from {start:.3g} to {end:.3g}"


def eigenvalues(parts: dict[str, pd.DataFrame], settings: dict, published: dict) -> Figure:
    """The leading eigenvalues on a linear axis with their interval, and all of them on a logarithmic one."""
    figure, (axes,) = style.page(1, 2, 3.0)
    rows, shown, gap = parts["eigenvalue"], settings["bootstrap"]["shown"], settings["gap"]
    ours = float(np.exp(np.log(rows[rows.x == gap].value).mean()))
    interval(axes[0], parts, ours)
    for axis in axes:
        spectra(axis, rows, parts["truth"], ours)
    read = pd.Series(published["eigenvalue"], published["index"], dtype=float)
    scale = ""
    if gap in read:
        for axis in axes:
            style.published(axis, read.index, read / read[gap], label="published, over its own")
        scale = f"; ours is {ours:.3g}, the published one {read[gap]:g}: a factor of {ours / read[gap]:.3g}"
    labels.ranks(axes[0], shown)
    labels.ranks(axes[1], rows.x.max())
    axes[0].set(ylim=(0, None), ylabel=f"eigenvalue over the {gap}th", title="the leading ones")
    axes[1].set(yscale="log", title="all of them")
    labels.plain(axes[1].yaxis)
    figure.suptitle(f"over the {gap}th eigenvalue{scale}", fontsize=8)
    style.legend_below(axes[0], ncols=2)
    return figure


def interval(axes: Axes, parts: dict[str, pd.DataFrame], unit: float) -> None:
    """The interval of the leading eigenvalues of the first set."""
    low, high = (parts[f"eigenvalue_{end}"] for end in ("low", "high"))
    look = {"color": style.COLOUR["trained"], "alpha": 0.2, "linewidth": 0}
    label = "95 % interval of the first set, bias-corrected bootstrap"
    axes.fill_between(low.x, low.value / unit, high.value / unit, label=label, **look)


def spectra(axes: Axes, rows: pd.DataFrame, truth: pd.DataFrame, unit: float) -> None:
    """Every set as a line, the first darker, and the limit of many gradients."""
    for i, (_, one) in enumerate(rows.groupby("replicate")):
        label = {0: "first set", 1: "other sets"}.get(i)
        colour = style.COLOUR["trained" if i == 0 else "untrained"]
        axes.plot(
            one.x, one.value / unit, color=colour, linewidth=1 if i == 0 else 0.6, label=label, zorder=3 - (i > 0)
        )
    look = {"color": style.COLOUR["theory"], "linestyle": "--", "linewidth": 1}
    axes.plot(truth.x, truth.value / unit, label="without sampling error", **look)
    axes.set_xlabel("index of the eigenvalue")


def eigenvectors(parts: dict[str, pd.DataFrame], settings: dict) -> Figure:
    """log10 of the coefficients of all eigenvectors with the layers marked, and two corners of them entry by entry."""
    figure, axes = style.page(1, 2, 4.0, width_ratios=[1.35, 1])
    grid = axes[0, 1].get_subplotspec().subgridspec(2, 1)
    axes[0, 1].remove()
    top, bottom = (figure.add_subplot(place) for place in grid)
    widths, corner = settings["setting"]["widths"], settings["corner"]
    edges = list(accumulate((nodes * (d + 1) for d, nodes in pairwise(widths)), initial=0))
    least, first = parts["coefficient"].value.quantile(0.005), edges[-1] - corner
    panels = ((axes[0, 0], "coefficient", settings["cell"], 0), (top, "corner", 1, 0), (bottom, "bottom", 1, first))
    for axis, quantity, cell, start in panels:
        wide = parts[quantity].pivot_table(index="y", columns="x", values="value")
        extent = (0.5, 0.5 + cell * wide.shape[1], start + 0.5 + cell * wide.shape[0], start + 0.5)
        image = axis.imshow(wide, aspect="auto", extent=extent, vmin=least, vmax=-0.5, interpolation="nearest")
        axis.grid(visible=False)
    mark(axes[0, 0], edges, [f"layer {i}" for i in range(1, len(edges))])
    mark(top, [0, widths[1], edges[1], corner], ["biases 1", "weights 1", "layer 2"])
    mark(bottom, [first, edges[-2], edges[-1]], [f"layer {len(edges) - 2}", f"layer {len(edges) - 1}"])
    cell = settings["cell"]
    axes[0, 0].set(ylabel="index of the parameter", xlabel="index of the eigenvector")
    axes[0, 0].set_title(f"all of them, root mean square of {cell} × {cell}")
    top.set_title(f"the first {corner} parameters, one by one")
    bottom.set(title=f"the last {corner} parameters", xlabel="index of the eigenvector")
    figure.colorbar(image, ax=[top, bottom], label="log10 of the coefficient's size", extend="both")
    return figure


def mark(axis: Axes, edges: list[int], names: list[str]) -> None:
    """Lines and ticks between groups of parameters, and their names at the right."""
    for edge in edges[1:-1]:
        axis.axhline(edge + 0.5, color="white", linewidth=0.6)
    for (start, stop), name in zip(pairwise(edges), names, strict=True):
        place = (1.01, (start + stop) / 2)
        axis.annotate(name, place, xycoords=("axes fraction", "data"), va="center", fontsize=6, annotation_clip=False)
    axis.set_yticks(edges[1:-1])


def layers(parts: dict[str, pd.DataFrame], settings: dict) -> Figure:
    """How strongly the loss and the leading eigenvectors depend on the parameters of every layer."""
    figure, axes = style.page(1, 3, 2.9, width_ratios=[1, 1, 1.3])
    titles = {
        "sensitivity": "mean squared derivative\nby a parameter",
        "leading": f"mean squared coefficient in the\nfirst {settings['directions']} eigenvectors",
    }
    for axis, (quantity, title) in zip(axes[0], titles.items(), strict=False):
        by_layer(axis, parts[quantity])
        axis.set(yscale="log", title=title, xlabel="layer")
        labels.plain(axis.yaxis)
    shares = parts["share"].pivot_table(index="x", columns="layer", values="value")
    names = [f"layer {name[2:]}" for name in shares]
    axes[0, 2].stackplot(shares.index, shares.to_numpy().T, labels=names, colors=style.shades(len(names)))
    axes[0, 2].set(xscale="log", xlim=(shares.index[0], shares.index[-1]), xlabel="index of the eigenvector")
    labels.plain(axes[0, 2].xaxis)
    axes[0, 2].set(ylim=(0, 1), title="share of the layers in an\neigenvector's squared length")
    style.legend_of(axes[0, [0, 2]], ncols=4)
    return figure


def by_layer(axes: Axes, rows: pd.DataFrame) -> None:
    """Weights and biases of every layer: geometric means over sets, with the interval of the logarithm."""
    rows = rows.assign(x=rows.layer.str.extract(r"(\d+)", expand=False).astype(int))
    for kind, label, colour in (("weight", "weights", "trained"), ("bias", "biases", "second")):
        own = rows[rows.layer.str.endswith(kind)]
        style.log_band(axes, own, color=style.COLOUR[colour], label=label, marker="o")
    axes.set_xticks(sorted(rows.x.unique()))


def sample_size(parts: dict[str, pd.DataFrame], settings: dict) -> Figure:
    """Errors of eigenvalues, share of zeros and angles of subspaces, against samples over parameters."""
    figure, (axes,) = style.page(1, 3, 3.2, width_ratios=[1.25, 0.9, 1])
    ratios, zeros, sines = parts["ratio"], parts["zeros"], parts["sine"]
    errors(axes[0], ratios[ratios.value > ZERO])
    grid = np.linspace(0, zeros.x.max(), 200)
    axes[1].plot(grid, np.maximum(0, 1 - grid), "--", color=style.COLOUR["theory"], linewidth=1)
    labels.named(axes[1], 0.3, 0.7, "1 − N/P", style.COLOUR["theory"], xytext=(6, 4))
    axes[1].plot(zeros.x, zeros.value, "o", color=style.COLOUR["trained"])
    axes[1].set(title="zeros", ylabel="share of eigenvalues that are zero", ylim=(-0.03, 1.1))
    shades = style.shades(sines.layer.nunique())
    ends = sines[sines.x == sines.x.max()].groupby("layer", sort=False).value.median()
    at = dict(zip(ends.index, labels.apart(ends, 0.05), strict=True))
    for shade, (k, own) in zip(shades, sines.groupby("layer", sort=False), strict=True):
        singles(axes[2], own, shade, "the first" if k == "first1" else f"first {k.removeprefix('first')}", at[k])
    axes[2].set(title="subspaces", ylabel="sine of the largest angle\nbetween two sets", ylim=(0, 1.1))
    for axis in axes:
        axis.axvline(1, color="black", linewidth=0.8)
        axis.set(xlabel="samples N over parameters P", xlim=(0, 1.45 * zeros.x.max() if axis is not axes[1] else None))
        axis.set_xticks(range(1 + int(np.ceil(zeros.x.max()))))
    labels.named(axes[1], 1, 1.03, "the document:\nN ≥ P", "black")
    return figure


def errors(axes: Axes, ratios: pd.DataFrame) -> None:
    """Logarithmic errors of eigenvalues with their sign: above 1 too large, below too small."""
    names = {"first": "the first", **{layer: f"the {layer[:-1]} P-th" for layer in ratios.layer.unique()[1:]}}
    for shade, (layer, own) in zip(style.shades(len(names)), ratios.groupby("layer", sort=False), strict=True):
        singles(axes, own, shade, names[layer])
    axes.axhline(1, color=style.COLOUR["theory"], linestyle="--", linewidth=0.8)
    axes.set(yscale="log", ylabel="eigenvalue over the true one", title="error: above 1 too large, below too small")
    labels.plain(axes.yaxis)


def singles(axis: Axes, rows: pd.DataFrame, colour: np.ndarray, label: str, at: float | None = None) -> None:
    """Every set as a thin line with dots, all named where they end."""
    for _, one in rows.groupby("replicate"):
        axis.plot(one.x, one.value, ".-", color=colour, linewidth=0.7, markersize=3)
    if len(rows):
        end = rows[rows.x == rows.x.max()]
        labels.named(axis, end.x.iloc[0], end.value.median() if at is None else at, label, colour)
