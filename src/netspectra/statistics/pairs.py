"""Pairs of replicates, and intervals over them."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.special import stdtrit

from netspectra.statistics.intervals import Metrics


def pairs(count: int) -> list[tuple[int, int]]:
    """All pairs of networks; the first is the one that is drawn."""
    return list(combinations(range(count), 2))


def add_pairs(metrics: Metrics, name: str, values: Sequence[float] | np.ndarray, networks: int) -> None:
    """Mean over pairs, with the interval of a jackknife over networks: pairs that share one are not independent."""
    values = np.asarray(values, dtype=float)
    mean, half = float(values.mean()), 0.0
    if networks > 2:
        without = [values[[k not in pair for pair in pairs(networks)]].mean() for k in range(networks)]
        error = np.sqrt((networks - 1) / networks * np.sum((without - np.mean(without)) ** 2))
        half = float(stdtrit(networks - 1, 0.975) * error)
    metrics[name], metrics[f"{name}_low"], metrics[f"{name}_high"] = mean, mean - half, mean + half
