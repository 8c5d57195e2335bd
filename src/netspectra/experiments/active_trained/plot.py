"""The active subspace before and after training, and pruning by what it calls important."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import style

STATES = {"initial": "before training", "trained": "after training"}
ORDERS = {
    "activity": "activity",
    "activity_weight": "activity × weight²",
    "magnitude": "size of the weight",
    "random": "random",
    "most_active": "highest activity first",
}
SCORES = {
    "activity": "activity",
    "activity_weight": "activity × weight²",
    "magnitude": "size of the weights",
    "alignment": "alignment",
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """What the first directions hold, accuracy without weights, and rank correlations over nodes."""
    figure, axes = style.page(1, 3, 2.9)
    parts = dict(iter(table.groupby("quantity", sort=False)))
    held, accuracy, correlation = (dict(iter(parts[q].groupby("layer"))) for q in ("held", "accuracy", "correlation"))
    for state, label in STATES.items():
        style.band(axes[0, 0], held[state], label=label)
    axes[0, 0].axhline(
        settings["share"], color="black", linestyle=":", linewidth=1, label=f"{100 * settings['share']:g} %"
    )
    axes[0, 0].set(
        xscale="log", ylim=(0, 1), xlabel="number of directions", ylabel="share of the mean squared gradient"
    )
    for order, label in ORDERS.items():
        style.band(axes[0, 1], accuracy[order], label=label, marker=".")
    axes[0, 1].axhline(settings["chance"], color="black", linestyle=":", linewidth=1)
    axes[0, 1].set(ylim=(0, 100), xlabel="fraction of weights removed", ylabel="test accuracy (%)")
    for i, (score, label) in enumerate(SCORES.items()):
        wide = correlation[score].pivot_table(index="x", columns="replicate", values="value")
        offset = 0.15 * (i - 1.5)
        half = style.half_interval(wide)
        axes[0, 2].errorbar(wide.index + offset, wide.mean(axis=1), half, fmt="o", capsize=2, label=label)
    axes[0, 2].axhline(0, color="black", linewidth=0.8)
    axes[0, 2].set(xlabel="hidden layer", ylabel="rank correlation with the cost\nof removing one node")
    axes[0, 2].set(xticks=sorted(parts["correlation"].x.unique()), ylim=(None, 1))
    axes[0, 0].legend(loc="lower right")
    axes[0, 2].legend(fontsize=6)
    title = "middle: weights with the lowest first, by"
    lines = axes[0, 1].get_legend_handles_labels()
    figure.legend(*lines, loc="outside lower center", ncols=5, fontsize=6, title=title, title_fontsize=6)
    networks = table.replicate.nunique()
    style.footer(
        figure, f"{networks} networks of the alignment document, {settings['samples']:,} images", style.STUDENT
    )
    return {"active_trained": figure}
