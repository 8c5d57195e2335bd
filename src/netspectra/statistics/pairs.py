"""Pairs of replicates, and intervals over them."""

from collections.abc import Callable
from itertools import combinations

import numpy as np

from netspectra.statistics.estimates import Estimate, jackknife
from netspectra.statistics.scales import Scale


def pairs(count: int) -> list[tuple[int, int]]:
    """All pairs of networks; the first is the one that is drawn."""
    return list(combinations(range(count), 2))


def of_all_pairs(
    statistic: Callable[[np.ndarray], float], values: np.ndarray, networks: int, scale: Scale = "identity"
) -> Estimate:
    """A statistic of all pairs together, with a jackknife over networks.

    Groups of as many networks that have nothing to do with one another may stand side by side: one of each is left out
    at a time.

    Args:
        statistic: Takes (..., pairs) and gives a number, for the pairs of one network less as well.
        values: (..., pairs), in the order of `pairs(networks)`.
        networks: How many there are; fewer than three give no interval.
        scale: As in `estimates.of_replicates`.
    """
    chosen = np.array(pairs(networks))
    return jackknife(
        lambda kept: statistic(values[..., np.isin(chosen, kept).all(1)]), np.arange(networks), scale=scale
    )


def ratio_of_pairs(far: np.ndarray, near: np.ndarray, networks: int) -> Estimate:
    """Mean of some distances over the mean of others, each over all pairs of `networks`, on the scale of logarithms."""
    return of_all_pairs(lambda both: both[0].mean() / both[1].mean(), np.stack([far, near]), networks, "log")
