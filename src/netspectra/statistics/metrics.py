"""Metrics as files hold them: {name: {mean, low, high}}, and a bare number where there is no interval.

Analyses give them flat, `name` with `name_low` and `name_high` beside it. An interval of no width is none: the spread
of one network is not known, and that of equal ones is no zero.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netspectra.statistics import dictionaries
from netspectra.statistics.estimates import Estimate
from netspectra.statistics.scales import NAMED, Bounds, to_scale

Metric = float | dict[str, float]
ENDS = ("low", "high")
DIGITS = 6
SKEW = 1e-3  # of an interval that counts as symmetric, as its ends are rounded


def nest(flat: Mapping[str, float]) -> dict[str, Metric]:
    """Flat metrics as files hold them, in the order of their names, rounded to six digits.

    Raises:
        ValueError: A number is NaN or infinite, a mean lies outside its interval, or a name says two things.
    """
    if bad := [name for name, value in flat.items() if not math.isfinite(value)]:
        raise ValueError(f"metrics: wanted finite numbers, found {flat[bad[0]]} for {bad[0]}")
    with_ends = {name for name in flat if all(f"{name}_{end}" in flat for end in ENDS)}
    ends = {f"{name}_{end}" for name in with_ends for end in ENDS}
    if both := sorted(ends & with_ends):
        raise ValueError(f"metrics: found {both[0]} as the end of an interval and with one of its own; rename it")
    names = sorted(flat.keys() - ends)
    return {name: _nested(flat, name) if name in with_ends else _round(flat[name]) for name in names}


def read(path: Path | str) -> dict[str, Metric]:
    """The metrics in a file.

    Raises:
        DataError: It is missing, or holds something else.
    """
    return parse(dictionaries.read(path), str(path))


def parse(text: str, where: str) -> dict[str, Metric]:
    """Metrics from the text of their file; errors as in `read`."""
    return dictionaries.parse(text, where, _checked)


def estimate_of(metric: Metric, units: int | None = None, *, exact: bool = False) -> Estimate:
    """A metric as an estimate that can be judged.

    The file says no more than three numbers. The scale is the one on which the interval is symmetric, and the degrees
    of freedom are those of Student's interval over the networks.

    Args:
        metric: As files hold it.
        units: Number of networks; None where it rests on none, and the normal distribution is taken.
        exact: A value without an interval has no error.
    """
    kept = {"units": units or 1}
    if not isinstance(metric, dict):
        return Estimate(float(metric), exact=exact, **kept)
    value, low, high = metric["mean"], metric["low"], metric["high"]
    freedom = math.inf if units is None else max(units - 1, 1)
    return Estimate(value, low, high, method="file", bounds=scale_of(value, low, high), freedom=freedom, **kept)


def scale_of(value: float, low: float, high: float) -> Bounds:
    """Bounds that name the scale on which an interval is symmetric; the plain one where it is on none."""
    plain = NAMED["identity"]
    rounding = 4 * 10**-DIGITS * max(abs(low), abs(high)) / (high - low)
    for bounds in NAMED.values():
        if bounds[0] < low and high < bounds[1] and _skew(value, low, high, bounds) <= max(SKEW, rounding):
            return bounds
    return plain


def _skew(value: float, low: float, high: float, bounds: Bounds) -> float:
    a, centre, b = (float(to_scale(x, bounds)) for x in (low, value, high))
    return abs(a + b - 2 * centre) / (b - a) if b > a else math.inf


def _nested(flat: Mapping[str, float], name: str) -> Metric:
    value, (low, high) = flat[name], (flat[f"{name}_{end}"] for end in ENDS)
    if not low <= value <= high:
        raise ValueError(f"metrics: wanted {name} within its interval, found {value} and {low} to {high}")
    mean, low, high = map(_round, (value, low, high))
    return {"mean": mean, "low": low, "high": high} if low < high else mean


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _checked(name: str, metric: Any) -> Metric:
    numbers = list(metric.values()) if isinstance(metric, dict) else [metric]
    if not all(isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in numbers):
        raise ValueError(f"{name}: wanted numbers, found {metric}")
    if isinstance(metric, dict) and not (metric.keys() == {"mean", *ENDS} and _in_order(**metric)):
        raise ValueError(f"{name}: wanted mean, low and high in order, found {metric}")
    return metric


def _in_order(mean: float, low: float, high: float) -> bool:
    return low <= mean <= high and low < high
