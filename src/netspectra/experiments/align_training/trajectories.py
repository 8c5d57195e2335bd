"""Trajectories of alignment: when a curve rises, how high it goes, and how far it falls, without picking its noise.

A curve is (measurements,) of one layer of one network. Greatest and least values of a noisy curve are found by its
noise as well; here one half of the measurements, every other one, says where they are, and the other half how high.
A curve without a trend then falls by nothing on average.
"""

from itertools import combinations

import numpy as np
from scipy.stats import spearmanr


def moving_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Means over up to `window` neighbours about every value, fewer at the ends; (measurements,)."""
    half = window // 2
    return np.array([values[max(0, i - half) : i + half + 1].mean() for i in range(len(values))])


def first_peak(a: np.ndarray, at: np.ndarray, window: int, ahead: int) -> int:
    """Index of the first value that none before it and none of the next `ahead` minibatches exceeds, once smoothed."""
    smooth = moving_mean(a, window)
    highest = np.maximum.accumulate(smooth)
    for i, value in enumerate(smooth):
        if i and value >= highest[i] and value >= smooth[i : np.searchsorted(at, at[i] + ahead, "right")].max():
            return i
    return int(smooth.argmax())


def peak(a: np.ndarray, at: np.ndarray, window: int, ahead: int) -> float:
    """Height of the first peak, found on one half of the measurements and read on the other, both ways."""
    return float(np.mean([high for high, _ in _extremes(a, at, window, ahead)]))


def trough_over_peak(a: np.ndarray, at: np.ndarray, window: int, ahead: int) -> float:
    """Lowest height after the first peak over that of the peak; 1 on average for a curve that does not fall."""
    return float(np.mean([low / high for high, low in _extremes(a, at, window, ahead)]))


def half_rise(a: np.ndarray, at: np.ndarray, height: float) -> float:
    """Minibatch after which a curve stays above the half of its rise from the first value to a height."""
    level = (a[0] + height) / 2
    below = int(np.flatnonzero(a < level)[-1])
    if below == len(a) - 1:
        return float(at[-1])
    share = (level - a[below]) / (a[below + 1] - a[below])
    return float(at[below] + share * (at[below + 1] - at[below]))


def without_trend(a: np.ndarray, height: float, generator: np.random.Generator) -> np.ndarray:
    """The same curve with all that follows nine tenths of a height in random order: a rise, then noise alone."""
    start = int((a >= 0.9 * height).argmax())
    return np.concatenate([a[:start], generator.permutation(a[start:])])


def least_rank_correlation(curves: list[np.ndarray], ends: list[int]) -> float:
    """Least Spearman correlation of two curves, each pair up to the earlier of their ends."""
    pairs = combinations(range(len(curves)), 2)
    return min(float(spearmanr(curves[i][:n], curves[j][:n])[0]) for i, j in pairs for n in [min(ends[i], ends[j]) + 1])


def in_windows(a: np.ndarray, at: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Means of a curve between edges of minibatches, (edges - 1,); every window needs a measurement."""
    places = np.digitize(at, edges) - 1
    return np.array([a[places == k].mean() for k in range(len(edges) - 1)])


def width_exponents(layers: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Exponent p of alignment = c / width^p over the layers, for every measurement of (layers, measurements)."""
    x = np.log(1 / widths) - np.log(1 / widths).mean()
    return x @ np.log(layers) / (x @ x)


def over_training(values: np.ndarray, at: np.ndarray) -> float:
    """Mean over minibatches of what was measured at some of them."""
    return float(np.trapezoid(values, at) / (at[-1] - at[0]))


def _extremes(a: np.ndarray, at: np.ndarray, window: int, ahead: int) -> list[tuple[float, float]]:
    """Height of the first peak and of the lowest point after it, from either half of the measurements."""
    count = len(a) // 2
    halves = [(a[i : 2 * count : 2], at[i : 2 * count : 2]) for i in (0, 1)]
    return [_read(*halves[i], halves[1 - i][0], window, ahead) for i in (0, 1)]


def _read(finding: np.ndarray, at: np.ndarray, reading: np.ndarray, window: int, ahead: int) -> tuple[float, float]:
    top = first_peak(finding, at, window, ahead)
    low = top + int(moving_mean(finding, window)[top:].argmin())
    smooth = moving_mean(reading, window)
    return float(smooth[top]), float(smooth[low])
