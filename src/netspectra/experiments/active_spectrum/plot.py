"""Spectrum, eigenvectors, layers and sample size of the active subspace under a prior of the parameters."""

from itertools import accumulate, pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

RANKS = {"median": "median over all eigenvalues", "first": "eigenvalue 1"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The document's two figures, the layers, and its third finding."""
    parts = dict(iter(table.groupby("quantity", sort=False)))
    return {
        "active_eigenvalues": eigenvalues(parts, settings, published),
        "active_eigenvectors": eigenvectors(parts, settings),
        "active_layers": layers(parts, settings),
        "active_sample_size": sample_size(parts, settings),
    }


def eigenvalues(parts: dict[str, pd.DataFrame], settings: dict, published: dict) -> Figure:
    """All eigenvalues on a linear and a logarithmic axis, and the leading ones with their bootstrap interval."""
    figure, axes = style.page(1, 3, 2.9)
    rows, truth, shown = parts["eigenvalue"], parts["truth"], settings["bootstrap"]["shown"]
    for axis in axes[0]:
        spread(axis, rows, settings)
        axis.plot(truth.x, truth.value, color=style.COLOURS[1], label="without sampling error")
        read_off(axis, rows, settings["gap"], published)
        axis.set(xlabel="index of the eigenvalue")
    low, high = (parts[f"eigenvalue_{end}"].head(shown) for end in ("low", "high"))
    label = "bootstrap of the first set, 95 %"
    axes[0, 2].fill_between(low.x, low.value, high.value, color=style.COLOURS[2], alpha=0.4, linewidth=0, label=label)
    axes[0, 2].axvline(
        settings["gap"] + 0.5, color="black", linestyle=":", linewidth=1, label=f"after {settings['gap']} eigenvalues"
    )
    axes[0, 2].set(xlim=(0.9, shown), ylim=(low.value.min() / 2, 2 * high.value.max()), xscale="log", yscale="log")
    axes[0, 0].set(ylabel="eigenvalue of C", title="linear", ylim=(0, None))
    axes[0, 1].set(yscale="log", title="logarithmic")
    axes[0, 2].set(title="the leading ones")
    figure.legend(*axes[0, 2].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def spread(axis: Axes, rows: pd.DataFrame, settings: dict) -> None:
    """Mean and least to greatest over the independent sets."""
    wide = rows.pivot_table(index="x", columns="replicate", values="value")
    label = f"{settings['samples']:,} samples, {wide.shape[1]} sets: mean, range"
    axis.plot(wide.index, wide.mean(axis=1), color=style.COLOURS[0], label=label)
    axis.fill_between(wide.index, wide.min(axis=1), wide.max(axis=1), color=style.COLOURS[0], alpha=0.3, linewidth=0)


def read_off(axis: Axes, rows: pd.DataFrame, gap: int, published: dict) -> None:
    """Values read off the published picture, scaled to ours at the last eigenvalue before the gap."""
    found = pd.Series(published["eigenvalue"], published["index"], dtype=float)
    if gap in found:
        ours = rows[rows.x == gap].value.mean()
        label = f"the document's, scaled to ours at {gap}"
        axis.plot(found.index, found * ours / found[gap], "x", color="black", markersize=3, label=label)


def eigenvectors(parts: dict[str, pd.DataFrame], settings: dict) -> Figure:
    """log10 of the coefficients of all eigenvectors with the layers marked, and a corner of them entry by entry."""
    figure, axes = style.page(1, 2, 3.6, width_ratios=[1.35, 1])
    bottom = parts["coefficient"].value.quantile(0.005)
    for axis, quantity, cell in zip(axes[0], ("coefficient", "corner"), (settings["cell"], 1), strict=True):
        wide = parts[quantity].pivot_table(index="y", columns="x", values="value")
        extent = (0.5, 0.5 + cell * wide.shape[1], 0.5 + cell * wide.shape[0], 0.5)
        image = axis.imshow(wide, aspect="auto", extent=extent, vmin=bottom, vmax=-0.5, interpolation="nearest")
        axis.set(xlabel="index of the eigenvector")
        axis.grid(visible=False)
    widths = settings["setting"]["widths"]
    edges = list(accumulate((nodes * (d + 1) for d, nodes in pairwise(widths)), initial=0))
    mark(axes[0, 0], edges, [f"layer {i}" for i in range(1, len(edges))])
    mark(axes[0, 1], [0, widths[1], edges[1], settings["corner"]], ["biases 1", "weights 1", "layer 2"])
    axes[0, 0].set(
        ylabel="index of the parameter",
        title=f"all of them, root mean square of {settings['cell']} × {settings['cell']}",
    )
    axes[0, 1].set(title=f"the first {settings['corner']}, one by one")
    figure.colorbar(image, ax=axes[0, 1], label="log10 of the coefficient's size", extend="both")
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
    """Errors of eigenvalues and of leading subspaces against samples over parameters."""
    figure, axes = style.page(1, 2, 3.0)
    errors, sines, zeros = parts["error"], parts["sine"], parts["zeros"]
    for i, layer in enumerate(errors.layer.unique()):
        label = RANKS.get(layer, f"eigenvalue {layer}")
        style.band(axes[0, 0], errors[errors.layer == layer], label=label, color=style.COLOURS[i], marker=".")
    grid = np.linspace(0, zeros.x.max(), 200)
    axes[0, 0].plot(
        grid, np.maximum(0, 1 - grid), color="black", linestyle=":", linewidth=1, label="share of zeros, 1 − N/P"
    )
    axes[0, 0].plot(zeros.x, zeros.value, "x", color="black", markersize=3, label="as found")
    axes[0, 0].set(ylabel="relative error of the eigenvalue", ylim=(0, 1.5))
    for i, k in enumerate(sines.layer.unique()):
        name = "eigenvector 1" if k == "first1" else f"first {k.removeprefix('first')} eigenvectors"
        style.band(axes[0, 1], sines[sines.layer == k], label=name, color=style.COLOURS[i], marker=".")
    axes[0, 1].set(ylabel="sine of the largest angle between two sets", ylim=(0, 1))
    for axis in axes[0]:
        axis.axvline(1, color="black", linewidth=0.8, alpha=0.5)
        axis.set(xlabel="samples N over parameters P", xlim=(0, None))
        style.legend_above(axis, fontsize=6)
    return figure
