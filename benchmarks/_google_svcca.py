"""What the peers of the CCA family compute, written anew in numpy: google/svcca is in no registry.

Arrays are theirs, (neurons, samples). Only arithmetic is kept: the steps in their order, with the same routines and the
same intermediate results, so that times compare; messages, dictionaries of results and options are left out.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np


class Solved(NamedTuple):
    """Correlations, left directions in whitened coordinates, and the neurons that were kept on both sides."""

    correlations: np.ndarray
    directions: np.ndarray
    kept_x: np.ndarray
    kept_y: np.ndarray


def cca(x: np.ndarray, y: np.ndarray, epsilon: float = 0.0) -> Solved:
    """One joint covariance, scaled by its largest entries; pseudo-inverses, their roots, a full decomposition."""
    n = len(x)
    joint = np.cov(x, y)
    xx, xy, yy = joint[:n, :n], joint[:n, n:], joint[n:, n:]
    largest_x, largest_y = np.abs(xx).max(), np.abs(yy).max()
    return solve(xx / largest_x, xy / np.sqrt(largest_x * largest_y), yy / largest_y, epsilon)


def solve(xx: np.ndarray, xy: np.ndarray, yy: np.ndarray, epsilon: float) -> Solved:
    kept_x, kept_y = (np.abs(np.diagonal(c)) >= epsilon for c in (xx, yy))
    left, right = (inverse_root(c[k][:, k], epsilon) for c, k in ((xx, kept_x), (yy, kept_y)))
    u, rho, _ = np.linalg.svd(left @ (xy[kept_x][:, kept_y] @ right))
    return Solved(np.abs(rho), u.T, kept_x, kept_y)


def inverse_root(covariance: np.ndarray, epsilon: float) -> np.ndarray:
    inverse = np.linalg.pinv(covariance + epsilon * np.eye(len(covariance)))
    values, vectors = np.linalg.eigh(inverse)
    return vectors @ np.diag(np.sqrt(values)) @ vectors.conj().T


def pwcca(x: np.ndarray, y: np.ndarray, epsilon: float = 0.0) -> float:
    """Directions without whitening and with the means added back, a QR of their samples, weights of raw neurons."""
    found = cca(x, y, epsilon)
    kept = x[found.kept_x]
    mean = kept.mean(1, keepdims=True)
    q, _ = np.linalg.qr((found.directions @ (kept - mean) + mean).T)
    weights = np.abs(q.T @ kept.T).sum(1)[: len(found.correlations)]
    return float(found.correlations @ weights / weights.sum())


def principal(x: np.ndarray, count: int) -> np.ndarray:
    """First principal scores, from a decomposition of all activations, as the tutorial takes them."""
    _, s, v = np.linalg.svd(x - x.mean(1, keepdims=True), full_matrices=False)
    return (s[:count] * np.eye(count)) @ v[:count]


def svcca(x: np.ndarray, y: np.ndarray, count: int) -> np.ndarray:
    return cca(principal(x, count), principal(y, count), 1e-10).correlations


def pairs(layers: list[np.ndarray]) -> np.ndarray:
    """Every pair from the start, in order."""
    return np.stack([cca(a, b).correlations for a, b in combinations(layers, 2)])


def permuted(x: np.ndarray, y: np.ndarray, orders: list[np.ndarray]) -> np.ndarray:
    """Every permutation from the start."""
    return np.stack([cca(x, y[:, order]).correlations for order in orders])


def sampled_maps(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Maps (samples, channels, height, width) with positions as samples."""
    x, y = (maps.transpose(1, 0, 2, 3).reshape(maps.shape[1], -1) for maps in (x, y))
    return cca(x, y).correlations


def by_frequency(x: np.ndarray, y: np.ndarray) -> float:
    """The loop of its DFT module over all frequencies, with what keeps it from running repaired."""
    fx, fy = (np.fft.fft2(maps, axes=(2, 3)) for maps in (x, y))
    height, width = x.shape[2:]
    return float(np.mean([
        cca(fx[:, :, i, j].T, fy[:, :, i, j].T).correlations.mean() for i in range(height) for j in range(width)
    ]))  # fmt: skip
