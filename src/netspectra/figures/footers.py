"""What stands below every figure: how much data, how many networks, which interval."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import style

INTERVAL = "95 % interval over networks"


def footer(figure: Figure, *parts: str) -> None:
    """Write the parts in one small line at the lower right of a figure."""
    figure.supxlabel("; ".join(part for part in parts if part), x=0.995, ha="right", fontsize=6, color="0.35")


def images(table: pd.DataFrame, split: str = "training") -> str:
    """How many images the networks were trained or tested on, from the rows of `lenses.learning.size_rows`."""
    (size,) = table[table.quantity == f"{split}_images"].value
    return f"{size:,.0f} {split} images"


def networks(rows: pd.DataFrame) -> str:
    """How many networks rows are about."""
    return f"{rows.replicate.nunique()} networks"


def published(axes: style.Axes, x: float, y: float, label: str = "published") -> None:
    """Mark a value that a document prints."""
    axes.plot([x], [y], "D", color="black", markerfacecolor="none", markersize=6, label=label, zorder=5)
