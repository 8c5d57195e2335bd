"""Distances between networks: lines with bands, and the names of the measures."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

MEASURES = {"pwcca": "PWCCA", "mean_cca": "mean CCA", "svcca": "SVCCA", "cka": "CKA", "procrustes": "Procrustes"}


def line(axes: Axes, x: Sequence[float], rows: pd.DataFrame, **look: object) -> None:
    """Values of rows in their order, with a band from `low` to `high` where there is one."""
    (drawn,) = axes.plot(x, rows.value, **look)
    axes.fill_between(x, rows.low, rows.high, color=drawn.get_color(), alpha=0.2, linewidth=0)


def images(table: pd.DataFrame) -> str:
    """How many images the networks learned from and how many they were tested on, from rows of quantity `images`."""
    sizes = table[table.quantity == "images"].set_index("split").value
    return f"{sizes['train']:,.0f} images, {sizes['test']:,.0f} to test"
