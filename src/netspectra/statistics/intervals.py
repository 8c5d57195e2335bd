"""Intervals over networks, the units of replication."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from netspectra.statistics.estimates import Estimate

Replicates = Sequence[float] | np.ndarray  # or a tensor, on any device


class Metrics(dict):
    """Flat numbers by name, with 95 % intervals over replicates."""

    def add(self, name: str, replicates: Replicates) -> None:
        """Add the mean over replicates as `name` and its interval as `name_low` and `name_high`."""
        self[name], self[f"{name}_low"], self[f"{name}_high"] = interval(replicates)

    def put(self, name: str, found: Estimate) -> None:
        """Add an estimate as `name`, and its interval, if it has one, as `name_low` and `name_high`."""
        self[name] = found.value
        if found.low is not None:
            self[f"{name}_low"], self[f"{name}_high"] = found.low, found.high

    def number(self, name: str, value: float) -> None:
        """Add one number that has no replicates."""
        self[name] = float(value)


def interval(replicates: Replicates, level: float = 0.95) -> tuple[float, float, float]:
    """Mean over replicates and the limits of its Student interval; the mean alone three times for one replicate."""
    values = replicates.cpu() if hasattr(replicates, "cpu") else replicates
    values = np.asarray(values, np.float64).ravel()
    mean = float(values.mean())
    if len(values) < 2:
        return mean, mean, mean
    half = float(stdtrit(len(values) - 1, (1 + level) / 2) * values.std(ddof=1) / math.sqrt(len(values)))
    return mean, mean - half, mean + half
