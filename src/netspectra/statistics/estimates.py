"""A number with its interval, and how to get one from networks and from pairs of networks.

Coverages that docstrings state for 95 % intervals were measured by simulation, with 1,000 to 20,000 repetitions.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from math import inf

import numpy as np
from numpy.typing import ArrayLike

from netspectra.statistics.scales import Bounds, Scale, bounds_of, from_scale, slope, to_scale, within
from netspectra.statistics.spread import (
    Part,
    jackknife_part,
    limits,
    pair_parts,
    pooled_freedom,
    replicate_parts,
    student,
)


@dataclass(frozen=True)
class Estimate:
    """A number and its interval.

    Attributes:
        value: The estimate.
        low: Lower end of the interval; None where there is none.
        high: Upper end; None where `low` is.
        level: Coverage of the interval.
        units: Number of networks (or other units of replication) that it rests on.
        method: How the interval was made, or why there is none.
        exact: The value has no error: a closed form, or a count of what was set.
        bounds: Bounds of the quantity, which name the scale of the interval (see `scales`).
        freedom: Degrees of freedom of its Student quantile.
        floor: Standard error that stays however many networks are added, such as the spread of a single draw.
    """

    value: float
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    units: int = 1
    method: str = "none"
    exact: bool = False
    bounds: Bounds = (-inf, inf)
    freedom: float = inf
    floor: float = 0.0

    def __post_init__(self) -> None:
        if not np.isfinite(self.value):
            raise ValueError(f"value: wanted a finite number, found {self.value}")
        if (self.low is None) != (self.high is None) or (self.exact and self.low is not None):
            raise ValueError(f"low, high: wanted both, or neither for exact, found {self.low} and {self.high}")
        if self.low is not None and not (self.low <= self.value <= self.high and self.low < self.high):
            found = f"{self.low} and {self.high} about {self.value}"
            raise ValueError(f"low, high: wanted two ends about the value, or exact=True, found {found}")

    @property
    def scale(self) -> Bounds:
        """Bounds that name the scale of the interval; none for a value that lies on one of them."""
        return self.bounds if self.bounds[0] < self.value < self.bounds[1] else (-inf, inf)

    @property
    def arms(self) -> tuple[float, float] | None:
        """Standard errors on the scale towards the low and towards the high end; None without an interval."""
        if self.low is None:
            return None
        low, value, high = (float(to_scale(x, self.scale)) for x in (self.low, self.value, self.high))
        quantile = student(self.freedom, self.level)
        return (value - low) / quantile, (high - value) / quantile

    @property
    def error(self) -> float | None:
        """Standard error of the value itself; None without an interval."""
        return None if self.low is None else float(sum(self.arms) / 2 / slope(self.value, self.scale))

    def at(self, level: float) -> "Estimate":
        """The same estimate with an interval of another level, by Student's quantiles."""
        if self.low is None:
            return replace(self, level=level)
        centre, quantile = to_scale(self.value, self.scale), student(self.freedom, level)
        ends = from_scale(centre + quantile * np.multiply(self.arms, (-1, 1)), self.scale)
        low, high = np.clip(ends, *self.bounds).tolist()
        return replace(self, low=low, high=high, level=level)

    def as_metric(self) -> dict:
        """For JSON: mean, low and high, then what else is not the default; infinite bounds are None."""
        kept = {"mean": self.value, "low": self.low, "high": self.high}
        for name, value in asdict(self).items():
            if name not in ("value", *kept) and value != getattr(Estimate, name):
                kept[name] = [None if abs(b) == inf else b for b in value] if name == "bounds" else value
        return kept

    @classmethod
    def from_metric(cls, metric: Mapping) -> "Estimate":
        """What `as_metric` wrote."""
        found = dict(metric, value=metric["mean"])
        low, high = found.get("bounds", (None, None))
        found["bounds"] = (-inf if low is None else low, inf if high is None else high)
        return cls(**{name: value for name, value in found.items() if name != "mean"})


def exactly(value: float) -> Estimate:
    """A number without error, such as a closed form."""
    return Estimate(float(value), method="exact", exact=True)


def of_replicates(values: ArrayLike, scale: Scale = "identity", level: float = 0.95) -> Estimate:
    """Mean over networks with Student's interval (Student 1908), on a scale as described in `spread`.

    Replicates that are all alike show no spread. Where the quantity has two bounds a and b, the chance q of that value
    is at least (1 - level)^(1/R), and the mean lies between q x + (1 - q) a and q x + (1 - q) b, whatever the
    distribution; elsewhere there is no interval. One network has none either.

    Coverage with 2 to 10 networks: 95 % for normal numbers, and for skew ones such as Beta(30, 1) and half-normal on
    their scale 93 to 95 %, where Student's plain interval had 88 to 93 % and reached over the bound.

    Args:
        values: One number a network, (networks,).
        scale: "identity", "log" (positive), "logit", "percent", "fisher_z" (-1 to 1), or two bounds.
        level: Coverage.

    Raises:
        ValueError: Not one number a network, NaN, infinity, or a value outside the scale.
    """
    values = vector("values", values, bounds_of(scale))
    if len(values) > 1 and np.ptp(values) <= 4 * np.finfo(float).eps * abs(values).max():
        return _of_identical(values, bounds_of(scale), level)
    value, parts = replicate_parts(values)
    return estimate(value, parts, len(values), "Student over networks", scale=scale, level=level)


def of_pairs(
    values: ArrayLike, pairs: ArrayLike, *, across: bool = False, scale: Scale = "identity", level: float = 0.95
) -> Estimate:
    """Mean over pairs of networks, with a jackknife over networks, as pairs that share one are not independent.

    With values m + a_i + a_j this is Student's interval of the a_i, exact from three networks on (measured 95 % with
    3, 4, 5 and 8). What belongs to a pair alone counts at least twice (Efron and Stein 1981): the interval widens, to a
    coverage of 99 % when nothing else varies. Differences |x_i - x_j| were covered at 94 to 99 % on the scale "log", at
    91 to 95 % without. An interval that takes pairs as independent covers at 59 % with five networks.

    Args:
        values: One number a pair, (pairs,).
        pairs: The two networks of each pair, (pairs, 2).
        across: The first network is of one group and the second of another; each group needs three networks. Measured
            coverage 95 to 99 %.
        scale: As in `of_replicates`.
        level: Coverage.

    Raises:
        ValueError: As `of_replicates`, or pairs that do not fit the values.
    """
    values = vector("values", values, bounds_of(scale))
    value, parts = pair_parts(values, pairs, across=across)
    groups = np.asarray(pairs).T if across else [np.asarray(pairs)]
    units = min(len(np.unique(group)) for group in groups)
    return estimate(value, parts, units, "jackknife over networks", scale=scale, level=level)


def jackknife(
    statistic: Callable[[np.ndarray], float], networks: ArrayLike, scale: Scale = "identity", level: float = 0.95
) -> Estimate:
    """A smooth statistic of all networks together, with Student's interval of the jackknife (Tukey 1958).

    For few networks it is a better choice than a bootstrap: on the scale "log" the standard deviation of five normal
    numbers was covered at 94 %, by BCa at 68 %. Not for medians and other quantiles, where it is inconsistent (75 %).

    Args:
        statistic: Takes (networks, ...) and gives a number, for one network less as well.
        networks: (networks, ...).
        scale: As in `of_replicates`.
        level: Coverage.
    """
    networks = within("networks", networks, (-inf, inf))
    (value,) = within("statistic", [statistic(networks)], bounds_of(scale))
    count = len(networks)
    without = [statistic(np.delete(networks, k, axis=0)) for k in range(count)] if count > 2 else []
    parts = [jackknife_part(np.array(without))] if without else []
    return estimate(value, parts, count, "jackknife over networks", scale=scale, level=level)


def estimate(
    value: ArrayLike,
    parts: list[Part],
    units: int,
    method: str,
    *,
    scale: Scale = "identity",
    level: float = 0.95,
    floor: float = 0.0,
) -> Estimate:
    """A value with the interval that the parts of its error give it; without one where they give none."""
    bounds = bounds_of(scale)
    low, high = limits(value, parts, bounds, level)
    if np.isnan(low) or np.isnan(high):
        return Estimate(float(value), level=level, units=units, method=f"no interval: {method}", bounds=bounds)
    found = {"level": level, "units": units, "method": method, "bounds": bounds, "floor": float(floor)}
    return Estimate(float(value), float(low), float(high), freedom=pooled_freedom(parts), **found)


def _of_identical(values: np.ndarray, bounds: Bounds, level: float) -> Estimate:
    value, count = float(values.mean()), len(values)
    if not np.isfinite(bounds).all():
        return Estimate(value, level=level, units=count, method="no interval: no spread over networks", bounds=bounds)
    chance = (1 - level) ** (1 / count)
    low, high = (chance * value + (1 - chance) * bound for bound in bounds)
    return Estimate(value, low, high, level, count, "identical over networks", bounds=bounds, freedom=count - 1)


def vector(name: str, values: ArrayLike, bounds: Bounds) -> np.ndarray:
    """One number each, as float64.

    Raises:
        ValueError: More than one axis, and as in `within`.
    """
    found = within(name, values, bounds)
    if found.ndim != 1:
        raise ValueError(f"{name}: wanted one number each, found shape {found.shape}")
    return found
