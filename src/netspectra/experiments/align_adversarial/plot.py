"""Learning, alignment and accuracy under attack of networks shaped with different cutoffs."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import learning, style

MODES = {"free": "pixels free to leave their range (original)", "clamped": "pixels clamped to their range"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The three figures of the document's last section."""
    names = {variant: variant for variant in table.variant.unique()}
    return {
        "align_adv_performance": learning.performance(table, names),
        "align_adv_by_layer": learning.by_layer(table, names, "cutoff"),
        "align_adv_epsilon": attacked(table[table.quantity == "attacked_accuracy"], names, settings["chance"]),
    }


def attacked(rows: pd.DataFrame, names: dict[str, str], chance: float) -> Figure:
    """Accuracy against epsilon, with pixels free and clamped."""
    modes = rows.layer.unique()
    figure, axes = style.page(1, len(modes), 2.8, sharey=True)
    for axis, mode in zip(axes[0], modes, strict=True):
        for i, (variant, name) in enumerate(names.items()):
            chosen = rows[(rows.layer == mode) & (rows.variant == variant)]
            style.band(axis, chosen, label=name, color=style.COLOURS[i], marker=".")
        style.chance(axis, chance)
        axis.set(title=MODES[mode], xlabel="epsilon (1 = one standard deviation of the pixels)", ylim=(0, 100))
    axes[0, 0].set_ylabel("test accuracy under attack (%)")
    style.legend_below(axes[0, -1], f"cutoff (share of variance); {style.INTERVAL}", title_fontsize=6)
    return figure
