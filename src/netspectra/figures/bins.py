"""Means over neighbouring ranks, for logarithmic axes on which single ones crowd."""

import pandas as pd


def neighbours(rows: pd.DataFrame, wider: float) -> pd.DataFrame:
    """Means over ranks `x` of about the same size, of every network.

    Args:
        rows: x, replicate, value.
        wider: From one mean to the next, ranks grow by this factor; the first stand alone.
    """
    last = rows.x.max()
    edges = sorted({round(wider**k) for k in range(1000) if wider**k <= last})
    bins = pd.cut(rows.x, [*(edge - 0.5 for edge in edges), last + 0.5], labels=False)
    means = rows.assign(bin=bins).groupby(["bin", "replicate"]).agg(x=("x", "mean"), value=("value", "mean"))
    return means.reset_index()
