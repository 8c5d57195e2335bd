"""How much data and how many networks a figure shows, for the line below it."""

import pandas as pd


def images(table: pd.DataFrame, split: str = "training") -> str:
    """How many images the networks were trained or tested on, from the rows of `lenses.learning.size_rows`."""
    (size,) = table[table.quantity == f"{split}_images"].value
    return f"{size:,.0f} {split} images"


def networks(rows: pd.DataFrame) -> str:
    """How many networks rows are about."""
    return f"{rows.replicate.nunique()} networks"
