"""Distances of networks of five rates, ablation against generalisation error, and clusters under five measures."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import comparisons, style

JUDGED = {"silhouette": "silhouette", "purity": "purity of nearest", "profile_purity": "purity of profiles"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Matrix and ablation, and measures."""
    return {"pwcca_clusters": clusters(table, published), "pwcca_clusters_measures": by_measure(table)}


def clusters(table: pd.DataFrame, published: dict) -> Figure:
    """Left: the matrix with a strip of colours for the rates. Right: every network, in the same colours."""
    figure, ((left, right),) = style.page(1, 2, 3.4, width_ratios=[1, 1])
    each = table[table.quantity.isin(["area", "error"])].pivot(index=["rate", "first"], columns="quantity")
    each = each["value"].reset_index().sort_values("first")
    rates = sorted(each.rate.unique())
    colours = dict(zip(rates, mpl.colormaps["plasma"](np.linspace(0, 0.9, len(rates))), strict=True))
    matrix(left, table, len(each))
    left.scatter(
        [-1.2] * len(each), range(len(each)), c=[colours[r] for r in each.rate], marker="s", s=14, clip_on=False
    )
    for rate, found in each.groupby("rate"):
        right.plot(found.error, found.area, "o", color=colours[rate], label=f"rate {rate:g}")
    look = {"marker": "D", "markerfacecolor": "none", "color": "black", "linewidth": 0}
    right.plot(published["error"], published["area"], label="published groups", **look)
    right.set(xlabel="generalisation error", ylabel="area under ablation curve / greatest", ylim=(0, 1.05))
    style.legend_below(right, ncols=3)
    return figure


def matrix(axis: Axes, table: pd.DataFrame, count: int) -> None:
    """Distances of all trained networks, in the order of their rates."""
    chosen = (table.quantity == "distance") & (table.measure == "pwcca") & (table.state == "trained")
    rows, grid = table[chosen], np.zeros((count, count))
    first, second = rows["first"].astype(int), rows.second.astype(int)
    grid[first, second] = grid[second, first] = rows.value
    shown = axis.imshow(grid, cmap="Blues_r", vmin=rows.value.min(), interpolation="nearest")
    axis.figure.colorbar(shown, ax=axis, shrink=0.8, label="PWCCA distance")
    axis.set(xlabel="network", ylabel="network, by rate", xticks=[], yticks=[])
    axis.grid(visible=False)


def by_measure(table: pd.DataFrame) -> Figure:
    """How rates show under every measure, beside untrained networks."""
    figure, axes = style.page(1, len(JUDGED), 2.6)
    for axis, (quantity, title) in zip(axes[0], JUDGED.items(), strict=True):
        comparisons.by_measure(axis, table[(table.quantity == quantity) & (table.state != "permuted")])
        axis.set_title(title)
    style.legend_below(axes[0, 0], "bars: 95 % interval over networks", title_fontsize=6)
    return figure
