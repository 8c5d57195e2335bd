"""Rows of the one long table that every lens gives."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit
from scipy.stats import binom

from netspectra.statistics.resampling import FEWEST, bootstrap

COLUMNS = ("lens", "layer", "quantity", "x", "value", "low", "high")
NAN = float("nan")
Row = tuple[str, str, str, float, float, float, float]


def row(lens: str, layer: str, quantity: str, value: float, x: float = NAN, low: float = NAN, high: float = NAN) -> Row:
    """One number with its interval, where it has one."""
    return lens, layer, quantity, float(x), float(value), float(low), float(high)


def curve(
    lens: str, layer: str, quantity: str, values: Iterable[float], xs: Iterable[float] | None = None, first: int = 1
) -> list[Row]:
    """One row per point; numbered from `first` where no `xs` are given."""
    values = list(values)
    xs = range(first, first + len(values)) if xs is None else xs
    return [row(lens, layer, quantity, value, x) for x, value in zip(xs, values, strict=True)]


def shares(
    lens: str, layer: str, quantity: str, hits: Sequence[float], count: int, xs: Sequence[float], level: float = 0.95
) -> list[Row]:
    """Shares of `count` samples, with the percentiles of a bootstrap over samples, which are a binomial's."""
    p = np.clip(np.asarray(hits, float) / count, 0, 1)
    low, high = (binom.ppf(q, count, p) / count for q in ((1 - level) / 2, (1 + level) / 2))
    return [row(lens, layer, quantity, *found) for found in zip(p, xs, low, high, strict=True)]


def frame(rows: Iterable[Row]) -> pd.DataFrame:
    """The tidy table of rows."""
    found = pd.DataFrame(list(rows), columns=list(COLUMNS))
    return found.astype(dict.fromkeys(COLUMNS[:3], str) | dict.fromkeys(COLUMNS[3:], float))


def over_networks(tables: Sequence[pd.DataFrame], level: float = 0.95) -> pd.DataFrame:
    """Mean over replicates and its interval: a BCa bootstrap over six networks or more, Student's over fewer.

    What is not there for every network is left out.
    """
    key = ["lens", "layer", "quantity", "x"]
    order = tables[0].drop_duplicates(key).reset_index(drop=True)
    wide = pd.concat([t.drop_duplicates(key).set_index(key).value for t in tables], axis=1, join="inner")
    wide = wide.reindex(pd.MultiIndex.from_frame(order[key])).dropna(how="all")
    found = [_mean(values, level) for values in wide.to_numpy()]
    ends = pd.DataFrame(found, columns=["value", "low", "high"])
    return pd.concat([wide.index.to_frame(index=False), ends], axis=1)[list(COLUMNS)]


def _mean(values: np.ndarray, level: float) -> tuple[float, float, float]:
    values = values[np.isfinite(values)]
    mean = float(values.mean()) if len(values) else NAN
    if len(values) < 2:
        return mean, NAN, NAN
    if len(values) >= FEWEST:
        estimate = bootstrap(np.mean, values, resamples=1000, level=level)
        return (mean, NAN, NAN) if estimate.low is None else (mean, estimate.low, estimate.high)
    half = float(stdtrit(len(values) - 1, (1 + level) / 2) * values.std(ddof=1) / len(values) ** 0.5)
    return mean, mean - half, mean + half
