"""Differences and ratios of two groups of networks, or of two measurements of the same networks."""

from math import inf

import numpy as np
from numpy.typing import ArrayLike

from netspectra.statistics.estimates import Estimate, estimate, of_replicates, vector
from netspectra.statistics.scales import Bounds
from netspectra.statistics.spread import Part, replicate_parts


def difference(a: ArrayLike, b: ArrayLike, *, paired: bool, level: float = 0.95) -> Estimate:
    """Mean of a less mean of b over networks.

    Args:
        a: (networks,).
        b: (networks,), the same networks in the same order if paired.
        paired: Whether a[i] and b[i] belong to one network; else the two groups are independent.
        level: Coverage; measured 95 to 99 % for unpaired groups of 3 to 8 of unequal spread.
    """
    a, b = _two(a, b, (-inf, inf), paired=paired)
    if paired:
        return of_replicates(a - b, level=level)
    (mean_a, parts_a), (mean_b, parts_b) = replicate_parts(a), replicate_parts(b)
    parts = [*parts_a, *parts_b] if parts_a and parts_b else []
    return estimate(mean_a - mean_b, parts, min(len(a), len(b)), "Student over two groups", level=level)


def ratio(a: ArrayLike, b: ArrayLike, *, paired: bool, level: float = 0.95) -> Estimate:
    """Mean of a over mean of b, positive quantities, with an interval on the scale of the logarithm.

    log(mean a / mean b) has the error of a_i / mean a - b_i / mean b, to first order.

    Args:
        a: (networks,).
        b: (networks,), the same networks in the same order if paired.
        paired: As in `difference`.
        level: Coverage.

    Raises:
        ValueError: Also for a negative value, or where all of a or of b is zero.
    """
    a, b = _two(a, b, (0, inf), paired=paired)
    if not (a.any() and b.any()):
        raise ValueError("a, b: wanted a positive mean, found nothing but zeros")
    value, a, b = a.mean() / b.mean(), a / a.mean(), b / b.mean()
    errors = [replicate_parts(a - b)[1]] if paired else [replicate_parts(a)[1], replicate_parts(b)[1]]
    parts = [Part(value * part.error, part.freedom) for found in errors for part in found] if all(errors) else []
    return estimate(value, parts, min(len(a), len(b)), "Student of log ratio", scale="log", level=level)


def _two(a: ArrayLike, b: ArrayLike, bounds: Bounds, *, paired: bool) -> tuple[np.ndarray, np.ndarray]:
    a, b = vector("a", a, bounds), vector("b", b, bounds)
    if paired and len(a) != len(b):
        raise ValueError(f"a, b: wanted as many numbers in each when paired, found {len(a)} and {len(b)}")
    return a, b
