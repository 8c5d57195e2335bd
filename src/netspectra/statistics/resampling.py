"""Bootstraps: of any statistic over networks, and of leading eigenvalues, which are biased."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from netspectra.statistics.estimates import Estimate
from netspectra.statistics.scales import within
from netspectra.statistics.spread import Band, student

FEWEST = 6


def bootstrap(
    statistic: Callable[[np.ndarray], float],
    networks: ArrayLike,
    *,
    resamples: int = 4000,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate:
    """Any statistic of networks with a BCa interval (Efron 1987), widened for few networks.

    The ends are the quantiles Phi(z0 + (z0 + z) / (1 - a (z0 + z))) of the resampled statistic; z0 is the share of
    resamples below the estimate as a normal quantile, a = sum d^3 / (6 (sum d^2)^1.5) with d the deviations of the
    jackknife. In place of the normal quantile, z = +- sqrt(R / (R - 1)) t(R - 1) (Hesterberg 2015), which lifts the
    coverage of the mean of six normal numbers from 86 to 92 %, and of ten from 91 to 94 %.

    No bootstrap of fewer than six networks can cover at 95 %: it ends within the least and the greatest of them, which
    hold the median with a chance of 1 - 2^(1 - R). There is no interval then. Use this for medians (covered at 95 to
    98 %) and for many draws, `jackknife` for a smooth statistic of few: BCa covered the standard deviation of six, ten
    and twenty normal numbers at 79, 87 and 90 %, the jackknife on the scale "log" at 92 to 94 %.

    Args:
        statistic: Takes (networks, ...) and gives a number.
        networks: (networks, ...), the first axis is resampled.
        resamples: How many.
        seed: Of the resamples.
        level: Coverage.
    """
    networks = within("networks", networks, (-np.inf, np.inf))
    value, count = float(statistic(networks)), len(networks)
    known = {"level": level, "units": count}
    if count < FEWEST:
        return Estimate(value, method=f"no interval: bootstrap of fewer than {FEWEST} networks", **known)
    rows = np.random.default_rng(seed).integers(0, count, size=(resamples, count))
    resampled = within("statistic", [statistic(networks[chosen]) for chosen in rows], (-np.inf, np.inf))
    without = np.array([statistic(np.delete(networks, k, axis=0)) for k in range(count)])
    low, high = np.quantile(resampled, bca_shares(value, resampled, without, level)).tolist()
    if not low < high:
        return Estimate(value, method="no interval: no spread over resamples", **known)
    # In extreme skewness the interval may leave the estimate out; it is widened to it.
    low, high = min(low, value), max(high, value)
    return Estimate(value, low, high, method="BCa over networks", freedom=count - 1, **known)


def bca_shares(value: float, resampled: np.ndarray, without: np.ndarray, level: float) -> np.ndarray:
    """Which quantiles of the resampled statistic end the interval, (2,); `without` as in `jackknife_part`."""
    count, least = len(without), 0.5 / len(resampled)
    below = ((resampled < value).mean() + (resampled <= value).mean()) / 2
    bias = ndtri(np.clip(below, least, 1 - least))
    d = without.mean() - without
    acceleration = (d**3).sum() / (6 * (d**2).sum() ** 1.5) if d.any() else 0.0
    z = bias + np.array([-1, 1]) * (count / (count - 1)) ** 0.5 * student(count - 1, level)
    return ndtr(bias + z / np.maximum(1 - acceleration * z, 1e-3))


def bias_corrected_eigenvalues(resampled: ArrayLike, estimates: ArrayLike, level: float = 0.95) -> Band:
    """Leading eigenvalues corrected for their bias, with intervals, from a bootstrap of the samples.

    The eigenvalues of a sample covariance are spread out, the first too large (Lawley 1956), and those of a resample
    are spread once more by about as much. In logarithms, l that of an estimate, m and s the mean and the standard
    deviation of the resampled ones,

        corrected = 2 l - m,    half width = z sqrt(2 s^2 + (m - l)^2):

    s^2 for the estimate, s^2 again for the correction taken from the same sample, and the square of the correction, as
    one bootstrap removes only a part of the bias (half of it where eigenvalues lie close). The interval contains both
    the corrected value and the estimate.

    Coverage of the first twenty of 60 eigenvalues that fall exponentially, as 1/rank, or with a gap after ten nearly
    equal ones: 97 to 98 % with ten samples a dimension (at the worst rank 93 %), 93 to 97 % with five (85 %), 89 to
    98 % with two (71 %). Percentiles of the resamples covered 34 to 91 % (0 % before the gap), reflected ones 56 to
    80 %. Where eigenvalues are equal no bootstrap of single ones is consistent (Beran and Srivastava 1985; 15 % here):
    judge their mean.

    Args:
        resampled: Eigenvalues of every resample, descending, (resamples, ranks), positive.
        estimates: Those of the sample, (ranks,).
        level: Coverage, rank by rank.

    Raises:
        ValueError: Shapes that do not fit, fewer than two resamples, or eigenvalues that are not positive.
    """
    resampled, estimates = within("resampled", resampled, (0, np.inf)), within("estimates", estimates, (0, np.inf))
    if resampled.ndim != 2 or len(resampled) < 2 or resampled.shape[1:] != estimates.shape:
        raise ValueError(
            f"resampled: wanted (resamples, ranks) for {estimates.shape} estimates, found {resampled.shape}"
        )
    if not (resampled.all() and estimates.all()):
        raise ValueError("resampled, estimates: wanted positive eigenvalues, found zeros; leave those ranks out")
    logs, estimate = np.log(resampled), np.log(estimates)
    bias = logs.mean(0) - estimate
    half = student(np.inf, level) * np.sqrt(2 * logs.var(0, ddof=1) + bias**2)
    return Band(*(np.exp(estimate - bias + sign * half) for sign in (0, -1, 1)))
