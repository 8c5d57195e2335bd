"""The active subspace before and after training, and pruning by what it calls important."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import labels, style

STATES = {"initial": ("before training", "untrained"), "trained": ("after training", "trained")}
SHOWN = {"initial": 0.5, "trained": 0.8}  # share at which a line is named
SCORES = {
    "activity": ("activity", style.COLOUR["trained"]),
    "activity_weight": ("activity × weight²", style.COLOUR["second"]),
    "magnitude": ("size of the weights", style.COLOUR["third"]),
    "alignment": ("alignment", style.COLOUR["fourth"]),
}
ORDERS = {
    **{score: SCORES[score] for score in ("activity", "activity_weight", "magnitude")},
    "most_active": ("highest activity first", style.COLOUR["changed"]),
    "random": ("random", style.COLOUR["noise"]),
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """What the first directions hold, accuracy without weights, and rank correlations over nodes."""
    figure, axes = style.page(1, 3, 3.0)
    parts = dict(iter(table.groupby("quantity", sort=False)))
    held, accuracy, correlation = (dict(iter(parts[q].groupby("layer"))) for q in ("held", "accuracy", "correlation"))
    share(axes[0, 0], held, settings["share"])
    for order, (label, colour) in ORDERS.items():
        style.band(axes[0, 1], accuracy[order], label=label, color=colour, marker=".")
    style.chance(axes[0, 1], settings["chance"])
    axes[0, 1].set(ylim=(0, 100), xlabel="fraction of weights removed", ylabel="test accuracy (%)")
    axes[0, 1].set_title("weights of the lowest first, by")
    for i, (score, look) in enumerate(SCORES.items()):
        correlations(axes[0, 2], correlation[score], 0.15 * (i - 1.5), *look)
    axes[0, 2].axhline(0, color="black", linewidth=0.8)
    axes[0, 2].set(xlabel="hidden layer", ylabel="rank correlation with the cost\nof removing one node")
    axes[0, 2].set(xticks=sorted(parts["correlation"].x.unique()), ylim=(None, 1), title="nodes, by")
    style.legend_of(axes[0, 1:], ncols=4)
    networks = f"{table.replicate.nunique()} networks of the alignment document, {settings['samples']:,} images"
    style.footer(figure, networks, style.STUDENT)
    return {"active_trained": figure}


def share(axes: Axes, held: dict[str, pd.DataFrame], wanted: float) -> None:
    """How much of the gradient the first directions hold, named at the lines."""
    for state, (label, name) in STATES.items():
        style.band(axes, held[state], color=style.COLOUR[name])
        mean = held[state].groupby("x").value.mean()
        at = (mean - SHOWN[state]).abs().idxmin()
        side = {"xytext": (6, -5)} if state == "initial" else {"xytext": (-6, 0), "ha": "right"}
        labels.named(axes, at, mean[at], label, style.COLOUR[name], **side)
    axes.axhline(wanted, color="black", linewidth=0.6)
    axes.set(xscale="log", ylim=(0, 1), xlabel="number of directions", ylabel="share of the mean squared gradient")
    labels.plain(axes.xaxis)
    labels.named(axes, 1, wanted, f"{100 * wanted:g} %", "black", xytext=(0, 5))


def correlations(axes: Axes, rows: pd.DataFrame, shift: float, label: str, colour: str) -> None:
    """Means over networks with their interval, every network as a dot beside it."""
    wide = rows.pivot_table(index="x", columns="replicate", values="value")
    half = style.half_interval(wide)
    axes.errorbar(wide.index + shift, wide.mean(axis=1), half, fmt="o", capsize=2, color=colour, label=label)
    axes.plot(wide.index + shift + 0.05, wide, ".", color=colour, markersize=2, alpha=0.6)
