"""Accuracy of networks drawn from covariances: layer by layer, and against their width."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import style
from netspectra.figures.style import NAMES

CONDITIONS = {
    "trained": "trained",
    "layer 1 alone": "layer 1\ndrawn",
    "layer 2 alone": "layer 2\ndrawn",
    "all layers": "both\ndrawn",
    "average covariance": "average\ncovariance",
    "isotropic": "isotropic\ncontrol",
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Conditions side by side, and the widths."""
    return {
        "rainbow_generation": conditions(table, settings["chance"]),
        "rainbow_generation_width": widths(table, settings["chance"]),
    }


def conditions(table: pd.DataFrame, chance: float) -> Figure:
    """Every drawn network as a dot; mean and interval over the trained networks they were drawn from."""
    figure, axes = style.page(1, table.network.nunique(), 3.0, sharey=True)
    for axis, (network, rows) in zip(axes[0], table.groupby("network", sort=False), strict=True):
        found = {label: rows[rows.condition == condition] for condition, label in CONDITIONS.items()}
        for i, chosen in enumerate(found.values()):
            spread = np.linspace(-0.2, 0.2, len(chosen)) if len(chosen) > 1 else [0]
            axis.plot(i + spread, chosen.value, ".", color="black", alpha=0.3, markersize=3, linewidth=0)
        means = {label: chosen.groupby("replicate").value.mean().to_numpy() for label, chosen in found.items()}
        style.bars(axis, means, [style.COLOURS[0], *[style.COLOURS[1]] * (len(means) - 2), style.COLOURS[6]])
        axis.tick_params(axis="x", labelsize=7)
        axis.set_title(NAMES[network])
        style.chance(axis, chance)
    axes[0, 0].set(ylabel="test accuracy (%)", ylim=(0, 1.08 * table.value.max()))
    style.legend_below(axes[0, 0], "dots: networks; bars: 95 % interval over trained networks", title_fontsize=6)
    return figure


def widths(table: pd.DataFrame, chance: float) -> Figure:
    """Accuracy of drawn networks against their width, under that of the trained ones."""
    figure, axes = style.page(1, table.network.nunique(), 2.5, sharey=True)
    for axis, (network, rows) in zip(axes[0], table.groupby("network", sort=False), strict=True):
        drawn = rows[rows.condition == "width"]
        style.band(axis, drawn.groupby(["x", "replicate"], as_index=False).value.mean(), marker=".", label="drawn")
        trained = rows[rows.condition == "trained"].value.mean()
        axis.axhline(trained, color="black", linewidth=0.8, label="trained, at width 1")
        axis.set_xscale("log", base=2)
        axis.set_xticks(sorted(drawn.x.unique()), [f"{x:g}" for x in sorted(drawn.x.unique())])
        axis.set(title=NAMES[network], xlabel="nodes per hidden layer / those of the trained network")
        style.chance(axis, chance)
    axes[0, 0].set(ylabel="test accuracy (%)", ylim=(0, 1.08 * table.value.max()))
    style.legend_below(axes[0, 0], style.INTERVAL, title_fontsize=6)
    return figure
