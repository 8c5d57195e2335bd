"""Distances of networks of several rates, and ablation against generalisation error."""

from collections.abc import Iterable

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from netspectra.figures import comparisons, style


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Left: the matrix with a strip of colours for the rates. Right: every network, in the same colours."""
    figure, ((left, right),) = style.page(1, 2, 3.5, width_ratios=[1.1, 1])
    each = table[table.quantity.isin(["area", "error"])].pivot(index=["rate", "first"], columns="quantity")
    each = each["value"].reset_index().sort_values("first")
    rates = sorted(each.rate.unique())
    colours = dict(zip(rates, mpl.colormaps["plasma"](np.linspace(0, 0.9, len(rates))), strict=True))
    matrix(left, table, len(each))
    strip(left, each.rate, colours)
    for rate, found in each.groupby("rate"):
        right.plot(found.error, found.area, "o", color=colours[rate], label=f"rate {rate:g}")
    style.published(right, published["error"], published["area"], label="published groups")
    right.set(xlabel="generalisation error", ylabel="area under the ablation curve / greatest", ylim=(0, 1.05))
    style.legend_below(right)
    counts = f"{len(each)} networks, {len(each) // len(rates)} of each rate"
    style.footer(figure, comparisons.images(table), counts, "every network is shown")
    return {"pwcca_clusters": figure}


def matrix(axis: Axes, table: pd.DataFrame, count: int) -> None:
    """Distances of all trained networks, in the order of their rates; none of a network from itself."""
    chosen = (table.quantity == "distance") & (table.measure == "pwcca") & (table.state == "trained")
    rows, grid = table[chosen], np.full((count, count), np.nan)
    first, second = rows["first"].astype(int), rows.second.astype(int)
    grid[first, second] = grid[second, first] = rows.value
    shown = axis.imshow(grid, cmap="Blues_r", interpolation="nearest")
    axis.figure.colorbar(shown, ax=axis, shrink=0.8, label="PWCCA distance")
    axis.set(xlabel="network", xticks=[], yticks=[])
    axis.grid(visible=False)


def strip(axis: Axes, rates: Iterable[float], colours: dict) -> None:
    """Colours of the rates beside the matrix, each named where its networks begin and end."""
    rates = np.array(list(rates))
    width = len(rates) / 25
    for rate, colour in colours.items():
        (rows,) = np.nonzero(rates == rate)
        corner = (-0.5 - 1.4 * width, rows[0] - 0.5)
        axis.add_patch(Rectangle(corner, width, len(rows), color=colour, clip_on=False, linewidth=0))
        axis.text(corner[0] - width / 2, rows.mean(), f"{rate:g}", ha="right", va="center", fontsize=7)
    axis.set_ylabel("networks by learning rate", labelpad=38)
