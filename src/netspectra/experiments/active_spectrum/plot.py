"""Spectrum, eigenvectors, layers and sample size of the active subspace under a prior of the parameters."""

from itertools import accumulate, pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style


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
        style.footer(figure, f"{sets}{', the first shown' if name == 'active_eigenvectors' else ''}", reading(settings))
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
    figure, (axes,) = style.page(1, 2, 2.9)
    rows, truth, shown, gap = parts["eigenvalue"], parts["truth"], settings["bootstrap"]["shown"], settings["gap"]
    ours = float(np.exp(np.log(rows[rows.x == gap].value).mean()))
    low, high = (parts[f"eigenvalue_{end}"] for end in ("low", "high"))
    label = "95 % interval of the first set, bias-corrected bootstrap"
    axes[0].fill_between(
        low.x, low.value / ours, high.value / ours, color=style.COLOUR["untrained"], alpha=0.4, linewidth=0, label=label
    )
    for axis in axes:
        for i, (_, one) in enumerate(rows.groupby("replicate")):
            axis.plot(
                one.x,
                one.value / ours,
                color=style.COLOUR["trained"],
                linewidth=0.6,
                label=None if i else "sets, each shown",
            )
        axis.plot(truth.x, truth.value / ours, "--", color="grey", label="without sampling error")
        axis.set(xlabel="index of the eigenvalue")
    read = pd.Series(published["eigenvalue"], published["index"], dtype=float)
    scale = ""
    if gap in read:
        for axis in axes:
            style.published(axis, read.index, read / read[gap], label="published, over its own")
        scale = f"; ours is {ours:.3g}, the published one {read[gap]:g}: a factor of {ours / read[gap]:.3g}"
    axes[0].set(xlim=(0, shown), ylim=(0, None), ylabel=f"eigenvalue over the {gap}th", title="the leading ones")
    axes[1].set(yscale="log", title="all of them")
    figure.suptitle(f"over the {gap}th eigenvalue{scale}", fontsize=8)
    style.legend_below(axes[0], ncols=2)
    return figure


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
    figure, axes = style.page(1, 3, 2.7, width_ratios=[1, 1, 1.3])
    titles = {
        "sensitivity": "mean squared derivative by a parameter",
        "leading": f"mean squared coefficient in the\nfirst {settings['directions']} eigenvectors",
    }
    for axis, (quantity, title) in zip(axes[0], titles.items(), strict=False):
        rows = parts[quantity]
        rows = rows.assign(x=rows.layer.str.extract(r"(\d+)", expand=False).astype(int))
        for colour, kind in zip(style.COLOURS, ("weight", "bias"), strict=False):
            wide = rows[rows.layer.str.endswith(kind)].pivot_table(index="x", columns="replicate", values="value")
            label = {"weight": "weights", "bias": "biases"}[kind]
            axis.errorbar(
                wide.index, wide.mean(axis=1), style.half_interval(wide), fmt="o-", capsize=2, color=colour, label=label
            )
        axis.set(yscale="log", title=title, xlabel="layer", xticks=sorted(rows.x.unique()))
    axes[0, 0].legend(title="95 % interval over sets", title_fontsize=6)
    shares = parts["share"].pivot_table(index="x", columns="layer", values="value")
    axes[0, 2].stackplot(
        shares.index, shares.to_numpy().T, labels=[f"layer {name[2:]}" for name in shares], colors=style.COLOURS
    )
    axes[0, 2].set(xscale="log", xlim=(shares.index[0], shares.index[-1]), xlabel="index of the eigenvector")
    axes[0, 2].set(ylim=(0, 1), title="share of the layers in an eigenvector's\nsquared length")
    axes[0, 2].legend(loc="lower left", frameon=True, framealpha=0.8)
    return figure


def sample_size(parts: dict[str, pd.DataFrame], settings: dict) -> Figure:
    """Eigenvalues over the true ones, share of zeros and angles of subspaces, against samples over parameters."""
    figure, (axes,) = style.page(1, 3, 2.9)
    ratios, zeros = parts["ratio"], parts["zeros"]
    for i, layer in enumerate(ratios.layer.unique()):
        label = "eigenvalue 1" if layer == "first" else f"eigenvalue {layer}"
        of_one = ratios[(ratios.layer == layer) & (ratios.value > 0)]
        singles(axes[0], of_one, style.COLOURS[i], label)
    axes[0].axhline(1, color="grey", linestyle="--", linewidth=0.8)
    axes[0].set(yscale="log", ylabel="eigenvalue over the true one")
    grid = np.linspace(0, zeros.x.max(), 200)
    axes[1].plot(grid, np.maximum(0, 1 - grid), "--", color="grey", linewidth=1, label="1 − N/P")
    axes[1].plot(zeros.x, zeros.value, ".", color=style.COLOUR["trained"], label="as found")
    axes[1].set(ylabel="share of eigenvalues that are zero", ylim=(-0.02, 1))
    for i, k in enumerate(parts["sine"].layer.unique()):
        name = "eigenvector 1" if k == "first1" else f"first {k.removeprefix('first')}"
        singles(axes[2], parts["sine"][parts["sine"].layer == k], style.COLOURS[i], name)
    axes[2].set(ylabel="sine of the largest angle\nbetween two sets", ylim=(0, 1.02))
    for axis in axes:
        axis.axvline(1, color="black", linewidth=0.8)
        axis.annotate(" N ≥ P →", (1, 0.02), xycoords=("data", "axes fraction"), fontsize=6)
        axis.set(xlabel="samples N over parameters P", xlim=(0, None))
        style.legend_above(axis, fontsize=6)
    return figure


def singles(axis: Axes, rows: pd.DataFrame, colour: str, label: str) -> None:
    """Every set as a thin line with dots."""
    for i, (_, one) in enumerate(rows.groupby("replicate")):
        axis.plot(one.x, one.value, ".-", color=colour, linewidth=0.7, markersize=3, label=None if i else label)
