"""Accuracy against the number of directions or neurons that are kept of a layer."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

KINDS = {
    "svcca": ("SVCCA directions", style.COLOUR["trained"], "-"),
    "pca": ("principal directions", style.COLOUR["second"], "-"),
    "strongest": ("strongest neurons", style.COLOUR["third"], "-"),
    "random": ("random neurons", "0.3", (0, (1, 1))),
    "control": ("permuted images", style.COLOUR["noise"], "-"),
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The one figure: a column for each layer, and one for the neurons that carry its directions."""
    layers, carriers = list(settings["counts"]), list(settings["neurons"])
    figure, axes = style.page(2, len(layers) + len(carriers), 4.6, sharey=True, sharex="col")
    for row, split in zip(axes, ("train", "test"), strict=True):
        found = table[table.split == split]
        known = published if split == "train" else {}
        for axis, layer in zip(row, layers, strict=False):
            whole(axis, found[found.layer == layer], known.get(layer, {}))
        for axis, layer in zip(row[len(layers) :], carriers, strict=True):
            carried(axis, found[found.layer == layer], layer, settings, known.get(layer, {}))
        for axis in row:
            style.chance(axis, settings["chance"] / 100)
        row[0].set_ylabel({"train": "accuracy, training images", "test": "accuracy, test images"}[split])
    titles = [f"{layer} ({_width(table, layer)} neurons)" for layer in layers]
    for axis, title in zip(axes[0], [*titles, *(f"{layer}, few neurons" for layer in carriers)], strict=True):
        axis.set_title(title)
    for i, axis in enumerate(axes[1]):
        axis.set_xlabel("k directions, neurons" if i < len(layers) else "k directions")
    axes[0, 0].set_ylim(0, 1.02)
    style.legend_below(axes[0, 0], ncols=4)
    networks = f"{table.replicate.nunique()} convolutional networks, each paired with the next"
    style.footer(figure, f"{settings['images']:,} training images", networks, style.STUDENT)
    return {"svcca_directions": figure}


def whole(axis: Axes, rows: pd.DataFrame, published: dict) -> None:
    """All kinds of projections of one layer, and the layer whole (dashed)."""
    rows = rows.assign(kind=rows.kind.str.replace(r"^random \d+$", "random", regex=True))
    rows = rows.groupby(["kind", "replicate", "x"], as_index=False).value.mean()
    axis.axhline(rows[rows.kind == "full"].value.mean(), color="black", linestyle="--", linewidth=0.8, label="whole")
    for kind, (label, colour, line) in KINDS.items():
        style.band(axis, rows[rows.kind == kind], label=label, color=colour, linestyle=line)
    for kind in ("svcca", "strongest", "random"):
        _published(axis, published.get(kind, []), KINDS[kind][1])
    axis.set_xscale("log")
    ticks = [k for k in (5, 25, 100, 500) if k <= rows[rows.kind != "full"].x.max()]
    axis.set_xticks(ticks, [str(k) for k in ticks])
    axis.minorticks_off()


def carried(axis: Axes, rows: pd.DataFrame, layer: str, settings: dict, published: dict) -> None:
    """The first directions alone, and then only on the neurons that hold most of them, named where the lines end."""
    neurons, most = settings["neurons"][layer], settings["carried_most"]
    fewest, more = neurons[0], neurons[-1]
    looks = {
        "svcca": ("all", "svcca", style.COLOUR["trained"], "center"),
        f"svcca on {more}": (f"{more}", "more", style.COLOUR["changed"], "bottom"),
        f"svcca on {fewest}": (f"{fewest}", "fewest", style.COLOUR["fourth"], "top"),
    }
    for kind, (label, known, colour, side) in looks.items():
        found = rows[(rows.kind == kind) & (rows.x <= most)]
        style.band(axis, found, color=colour, linestyle="-" if kind == "svcca" else "--")
        end = found[found.x == found.x.max()]
        at = end.x.iloc[0], end.value.mean()
        axis.annotate(label, at, (3, 0), textcoords="offset points", va=side, fontsize=6.5, color=colour)
        _published(axis, [point for point in published.get(known, []) if point[0] <= most], colour)
    axis.set_xlim(0, 1.35 * most)


def _width(table: pd.DataFrame, layer: str) -> str:
    return f"{table[(table.kind == 'full') & (table.layer == layer)].x.iloc[0]:,}"


def _published(axis: Axes, points: list, colour: str) -> None:
    if points:
        style.published(axis, *zip(*points, strict=True), of=colour, label="published")
