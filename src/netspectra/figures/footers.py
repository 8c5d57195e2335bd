"""What stands below every figure: how much data, how many networks, which interval."""

import pandas as pd
from matplotlib.axes import Axes

INTERVAL = "95 % interval over networks"


def images(table: pd.DataFrame, split: str = "training") -> str:
    """How many images the networks were trained or tested on, from the rows of `lenses.learning.size_rows`."""
    (size,) = table[table.quantity == f"{split}_images"].value
    return f"{size:,.0f} {split} images"


def networks(rows: pd.DataFrame) -> str:
    """How many networks rows are about."""
    return f"{rows.replicate.nunique()} networks"


def published(axes: Axes, x: float, y: float, label: str = "published") -> None:
    """Mark a value that a document prints."""
    axes.plot([x], [y], "D", color="black", markerfacecolor="none", markersize=6, label=label, zorder=5)
