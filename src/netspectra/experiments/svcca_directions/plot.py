"""Accuracy against the number of directions or neurons that are kept of a layer."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

KINDS = {
    "svcca": ("SVCCA directions", style.COLOURS[0], "-"),
    "pca": ("principal directions", style.COLOURS[2], "-"),
    "strongest": ("strongest neurons", style.COLOURS[3], "-"),
    "random": ("random neurons", style.COLOURS[4], "-"),
    "control": ("permuted images", "grey", "-"),
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The one figure: a column for each layer, and one for the neurons that carry its directions."""
    layers, carriers = list(settings["counts"]), list(settings["neurons"])
    figure, axes = style.page(2, len(layers) + len(carriers), 5.4, sharey=True, sharex="col")
    for row, split in zip(axes, ("train", "test"), strict=True):
        found = table[table.split == split]
        for axis, layer in zip(row, layers, strict=False):
            whole(axis, found[found.layer == layer], published.get(layer, {}))
        for axis, layer in zip(row[len(layers) :], carriers, strict=True):
            carried(axis, found[found.layer == layer], settings["neurons"][layer], published.get(layer, {}))
        for i, axis in enumerate(row):
            label = "guessing" if i < len(layers) else None
            axis.axhline(settings["chance"] / 100, color="grey", linestyle=":", linewidth=1, label=label)
        row[0].set_ylabel({"train": "accuracy, training images", "test": "accuracy, test images"}[split])
    for axis, layer in zip(axes[0], layers, strict=False):
        axis.set_title(layer)
    for axis, layer in zip(axes[0, len(layers) :], carriers, strict=True):
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), handlelength=1.5, title=layer)
    for axis in axes[1]:
        axis.set_xlabel("directions k")
    axes[0, 0].set_ylim(0, 1.02)
    _legend(figure, axes[0, [0, -1]])
    return {"svcca_directions": figure}


def whole(axis: Axes, rows: pd.DataFrame, published: dict) -> None:
    """All kinds of projections of one layer, and the layer whole (dashed)."""
    rows = rows.assign(kind=rows.kind.str.replace(r"^random \d+$", "random", regex=True))
    rows = rows.groupby(["kind", "replicate", "x"], as_index=False).value.mean()
    axis.axhline(rows[rows.kind == "full"].value.mean(), color="black", linestyle="--", linewidth=0.8, label="whole")
    for kind, (label, colour, line) in KINDS.items():
        style.band(axis, rows[rows.kind == kind], label=label, color=colour, linestyle=line)
    for kind in ("svcca", "strongest", "random"):
        _diamonds(axis, published.get(kind, []), KINDS[kind][1])
    axis.set_xscale("log")
    ticks = [k for k in (5, 25, 100, 500) if k <= rows[rows.kind != "full"].x.max()]
    axis.set_xticks(ticks, [str(k) for k in ticks])
    axis.minorticks_off()


def carried(axis: Axes, rows: pd.DataFrame, neurons: list[int], published: dict) -> None:
    """The first directions alone, and then only on the neurons that hold most of them."""
    rows = rows[rows.x <= 50]
    looks = [("svcca", "SVCCA directions", "-"), *((f"svcca on {m}", f"{m} neurons", "--") for m in neurons[::-1])]
    for i, (kind, label, line) in enumerate(looks):
        colour = style.COLOURS[(0, 1, 5, 3)[i]]
        style.band(axis, rows[rows.kind == kind], label=label, color=colour, linestyle=line)
    for kind, colour in (("svcca", style.COLOURS[0]), ("more", style.COLOURS[1]), ("fewest", style.COLOURS[5])):
        _diamonds(axis, [point for point in published.get(kind, []) if point[0] <= 50], colour)


def _diamonds(axis: Axes, points: list, colour: str) -> None:
    """Published values; the edge has the colour of what they are values of."""
    if points:
        axis.plot(*zip(*points, strict=True), "D", markerfacecolor="none", markeredgecolor="black", markersize=4)
        axis.plot(*zip(*points, strict=True), ".", color=colour, markersize=3)


def _legend(figure: Figure, axes: list[Axes]) -> None:
    handles, labels = axes[0].get_legend_handles_labels()
    shown = axes[0].plot([], [], "D", markerfacecolor="none", markeredgecolor="black", label="published")
    figure.legend([*handles, *shown], [*labels, "published"], loc="outside lower center", ncols=4)
