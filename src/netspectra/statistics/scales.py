"""Scales on which an interval is symmetric, chosen so that its ends stay within the bounds of the quantity.

A scale is named by the bounds (a, b) of the quantity x:

    neither bound      g(x) = x
    a alone            g(x) = log(x - a)
    b alone            g(x) = -log(b - x)
    both               g(x) = log((x - a) / (b - x))

(0, 1) is the logit and (-1, 1) twice Fisher's z (Fisher 1921); a factor changes no interval.
"""

from math import inf

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

Bounds = tuple[float, float]
Scale = str | Bounds

NAMED: dict[str, Bounds] = {
    "identity": (-inf, inf),
    "log": (0, inf),
    "logit": (0, 1),
    "percent": (0, 100),
    "fisher_z": (-1, 1),
}


def bounds_of(scale: Scale) -> Bounds:
    """Bounds of a scale that is given by name or by its bounds.

    Raises:
        ValueError: Unknown name, or bounds that are not two numbers in ascending order.
    """
    if isinstance(scale, str):
        if scale not in NAMED:
            raise ValueError(f"scale: wanted one of {', '.join(NAMED)} or two bounds, found {scale!r}")
        return NAMED[scale]
    if len(scale) != 2 or not scale[0] < scale[1]:
        raise ValueError(f"scale: wanted two bounds in ascending order, found {scale!r}")
    return float(scale[0]), float(scale[1])


def to_scale(x: ArrayLike, bounds: Bounds) -> np.ndarray:
    """g(x), of the shape of x; infinite at a bound and beyond it."""
    a, b = bounds
    x = np.clip(np.asarray(x, np.float64), a, b)
    if a == -inf and b == inf:
        return x
    with np.errstate(divide="ignore"):
        return (0 if a == -inf else np.log(x - a)) - (0 if b == inf else np.log(b - x))


def from_scale(y: ArrayLike, bounds: Bounds) -> np.ndarray:
    """The x with g(x) = y, within the bounds."""
    (a, b), y = bounds, np.asarray(y, np.float64)
    if a == -inf and b == inf:
        return y
    with np.errstate(over="ignore"):
        if b == inf:
            return a + np.exp(y)
        return b - np.exp(-y) if a == -inf else a + (b - a) * expit(y)


def slope(x: ArrayLike, bounds: Bounds) -> np.ndarray:
    """g'(x), by which a standard error is multiplied when it is taken to the scale; infinite at a bound."""
    (a, b), x = bounds, np.asarray(x, np.float64)
    if a == -inf and b == inf:
        return np.ones_like(x)
    with np.errstate(divide="ignore"):
        return (0 if a == -inf else 1 / (x - a)) + (0 if b == inf else 1 / (b - x))


def within(name: str, values: ArrayLike, bounds: Bounds) -> np.ndarray:
    """The values as float64.

    Raises:
        ValueError: No value, NaN, infinity, or a value outside the bounds; names the argument.
    """
    found = np.asarray(values, np.float64)
    if not found.size or not np.isfinite(found).all():
        raise ValueError(f"{name}: wanted finite numbers, found {found.size} of which {_bad(found)} are not")
    if found.min() < bounds[0] or found.max() > bounds[1]:
        raise ValueError(f"{name}: wanted {bounds[0]} to {bounds[1]}, found {found.min()} to {found.max()}")
    return found


def _bad(found: np.ndarray) -> int:
    return int((~np.isfinite(found)).sum())
