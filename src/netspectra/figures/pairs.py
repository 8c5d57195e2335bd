"""Means over pairs of networks, with the jackknife's interval over networks, as pairs share networks."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from netspectra.statistics.spread import Band, pair_band

TINY = 1e-12  # from 0 and 1, where the logit ends


def between(rows: pd.DataFrame, key: str = "replicate") -> Band:
    """Mean and interval of similarities from 0 to 1 by rank `x`, on the scale of the logit.

    Args:
        rows: x, value, and the pair as "first-second" under `key`; ranks that a pair does not reach are left out.
        key: Name of the column of pairs.
    """
    wide = table_of(rows, key)
    numbers = [tuple(map(int, name.split("-"))) for name in wide.index]
    return pair_band(wide.to_numpy().clip(TINY, 1 - TINY), numbers, scale="logit")


def table_of(rows: pd.DataFrame, key: str = "replicate") -> pd.DataFrame:
    """Values by pair and rank, of the ranks that all pairs have."""
    return rows.pivot_table(index=key, columns="x", values="value").dropna(axis=1)


def band(axes: Axes, rows: pd.DataFrame, key: str = "replicate", **look: object) -> None:
    """Mean over pairs against the rank, with its interval."""
    ranks, (mean, low, high) = table_of(rows, key).columns, between(rows, key)
    (drawn,) = axes.plot(ranks, mean, **look)
    known = np.where(np.isnan(low), mean, low), np.where(np.isnan(high), mean, high)
    axes.fill_between(ranks, *known, color=drawn.get_color(), alpha=0.25, linewidth=0)
