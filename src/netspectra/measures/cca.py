"""Canonical correlations of two layers and the similarities built on them.

CCA, SVCCA (arXiv 1706.05806) and PWCCA (arXiv 1806.05759), from whitenings that are computed once per layer. What noise
gives at the same size is in `cca_inference`, convolutional layers are in `dft_cca`; all can be imported from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch

from netspectra.measures import checks
from netspectra.measures.cca_inference import (
    PermutationNull,
    bartlett_rank,
    bartlett_tests,
    null_edge,
    null_edges,
    null_mean,
    ordered,
    permutation_null,
    warn_few_samples,
)
from netspectra.measures.cka import cka
from netspectra.measures.dft_cca import DFTCCA, dft_cca
from netspectra.measures.whitening import (
    Whitened,
    centred_scatter,
    cross_scatter,
    principal,
    single_correlations,
    whiten,
)

__all__ = [
    "CCA",
    "DFTCCA",
    "PWCCA",
    "PermutationNull",
    "Whitened",
    "all_pairs",
    "bartlett_rank",
    "bartlett_tests",
    "cca",
    "cka",
    "correlate",
    "dft_cca",
    "mean_correlation",
    "null_edge",
    "null_edges",
    "null_mean",
    "permutation_null",
    "principal",
    "pwcca",
    "svcca",
    "whiten",
]


@dataclass(frozen=True)
class CCA:
    """Canonical correlations and directions; k is the smaller of the two numerical ranks.

    Attributes:
        correlations: (k,), descending, in [0, 1].
        x_directions: (neurons of x, k); centred x times these are orthonormal columns (whitening included).
        y_directions: (neurons of y, k).
    """

    correlations: torch.Tensor
    x_directions: torch.Tensor
    y_directions: torch.Tensor


@dataclass(frozen=True)
class PWCCA:
    """Projection-weighted CCA.

    Attributes:
        similarity: Sum of weights times correlations.
        weights: (k,), not negative, summing to one.
        correlations: (k,), descending.
    """

    similarity: float
    weights: torch.Tensor
    correlations: torch.Tensor


def cca(x: torch.Tensor, y: torch.Tensor, *, ridge: float = 0.0, rtol: float = 1e-6) -> CCA:
    """Canonical correlation analysis of two layers.

    The correlations are the singular values of Cxx^-1/2 Cxy Cyy^-1/2 on the spanned subspaces (Hotelling 1936).
    Warns when samples are fewer than five times the neurons.

    Args:
        x: Activations, (samples, neurons of x).
        y: Activations of the same samples, (samples, neurons of y).
        ridge: Shrinkage of both covariances in units of their mean variance.
        rtol: Directions with singular values up to rtol times the largest are dropped.

    Raises:
        ValueError: Bad activations, different numbers of samples, `ridge` or `rtol` outside its range.
    """
    first, second = _pair(x, y, ridge, rtol)
    return correlate(first, second)


def correlate(x: Whitened, y: Whitened) -> CCA:
    """CCA of two layers that are whitened already.

    Raises:
        ValueError: Different numbers of samples.
    """
    checks.same_samples("x", x.x, "y", y.x)
    u, rho, vt = torch.linalg.svd(x.cross(y), full_matrices=False)
    return CCA(rho.clamp(0, 1), x.basis @ u, y.basis @ vt.T)


def svcca(x: torch.Tensor, y: torch.Tensor, *, keep: float = 0.99, rtol: float = 1e-6) -> CCA:
    """CCA of the first principal directions of each layer (SVCCA, arXiv 1706.05806, section 2.1).

    The kept directions come from the covariance, never from a decomposition of the activations. The mean of the
    correlations is over the kept directions.

    Args:
        x: Activations, (samples, neurons of x).
        y: Activations of the same samples, (samples, neurons of y).
        keep: Share of variance, a float in (0, 1] of the sum of squared singular values, or a number of directions.
        rtol: Directions with singular values up to rtol times the largest are dropped whatever `keep` says.

    Raises:
        ValueError: Bad activations, different numbers of samples, or `keep` outside its range.
    """
    first, second = principal(x, keep, rtol=rtol, name="x"), principal(y, keep, rtol=rtol, name="y")
    checks.same_samples("x", x, "y", y)
    warn_few_samples(len(x), first.rank, second.rank)
    return correlate(first, second)


def pwcca(
    x: torch.Tensor | Whitened, y: torch.Tensor | Whitened, *, form: str = "paper", epsilon: float = 1e-10
) -> PWCCA:
    """Projection-weighted CCA with weights from x.

    Paper: alpha_i = sum_j |<h_i, x_j>| with the canonical variables h_i = X Cxx^-1/2 u_i and the centred neurons x_j
    (arXiv 1806.05759, section 3). Tutorial: what google/svcca computes, with directions u_i that lack the whitening
    and carry the neurons' means, made orthonormal in order, against uncentred neurons.

    Args:
        x: Activations, (samples, neurons of x), or their whitening.
        y: Activations of the same samples, (samples, neurons of y), or their whitening.
        form: "paper" or "tutorial".
        epsilon: Of the tutorial's form: neurons with a variance below this share of the largest entry are dropped,
            and this much is added to the diagonal.

    Raises:
        ValueError: Bad activations, different numbers of samples, or an unknown form.
    """
    if form not in ("paper", "tutorial"):
        raise ValueError(f"form: wanted 'paper' or 'tutorial', found {form!r}")
    if form == "tutorial":
        return _tutorial(x, y, epsilon)
    first, second = _pair(x, y, 0.0, 1e-6)
    result = correlate(first, second)
    return _weighted(result.correlations, result.x_directions.T @ first.scatter)


def mean_correlation(correlations: torch.Tensor, *, top: int | None = None, mass: float | None = None) -> float:
    """Mean of all correlations, of the first `top`, or of the first that hold a share `mass` of their sum.

    With mass, the correlation that crosses the share is included.

    Raises:
        ValueError: Both given, either outside its range, or correlations not a descending vector in [0, 1].
    """
    rho = ordered(correlations)
    if top is not None and mass is not None:
        raise ValueError(f"top, mass: wanted at most one of them, found top {top} and mass {mass}")
    if top is not None and not 1 <= top <= len(rho):
        raise ValueError(f"top: wanted 1 to {len(rho)} (correlations given), found {top}")
    if mass is not None:
        held = rho.cumsum(0)
        # A share of the last sum itself: at mass 1 the comparison is exact and every correlation counts.
        top = int((held < checks.fraction("mass", mass) * held[-1]).sum()) + 1
    return float(rho[:top].mean())


def all_pairs(layers: Mapping[str, torch.Tensor | Whitened]) -> dict[tuple[str, str], torch.Tensor]:
    """Correlations of every pair of layers; each is whitened once and products of whitened data run in float32.

    Single precision is safe there because whitened data has condition number one: means agree to 1e-8.

    Args:
        layers: Activations (samples, neurons), or whitenings, by name.

    Returns:
        For every pair of names in the given order, the correlations (k,), descending, float64.

    Raises:
        ValueError: Fewer than two layers, bad activations, or different numbers of samples.
    """
    if len(layers) < 2:
        raise ValueError(f"layers: wanted two or more, found {len(layers)}")
    ready = {name: _ready(name, x) for name, x in layers.items()}
    first = next(iter(ready))
    for name, layer in ready.items():
        checks.same_samples(first, ready[first].x, name, layer.x)
    widths = sorted(layer.rank for layer in ready.values())
    warn_few_samples(ready[first].samples, widths[-1], widths[-2])
    return {(a, b): single_correlations(ready[a].single, ready[b].single) for a, b in combinations(ready, 2)}


def _pair(
    x: torch.Tensor | Whitened, y: torch.Tensor | Whitened, ridge: float, rtol: float
) -> tuple[Whitened, Whitened]:
    first, second = _ready("x", x, ridge, rtol), _ready("y", y, ridge, rtol)
    checks.same_samples("x", first.x, "y", second.x)
    warn_few_samples(first.samples, first.neurons, second.neurons)
    return first, second


def _ready(name: str, x: torch.Tensor | Whitened, ridge: float = 0.0, rtol: float = 1e-6) -> Whitened:
    return x if isinstance(x, Whitened) else whiten(x, ridge=ridge, rtol=rtol, name=name)


def _weighted(correlations: torch.Tensor, projections: torch.Tensor) -> PWCCA:
    weights = projections.abs().sum(1)
    weights = weights / weights.sum()
    return PWCCA(float(weights @ correlations), weights, correlations)


def _tutorial(x: torch.Tensor | Whitened, y: torch.Tensor | Whitened, epsilon: float) -> PWCCA:
    (x, x_mean, x_scatter), (y, y_mean, y_scatter) = centred_scatter("x", x), centred_scatter("y", y)
    checks.same_samples("x", x, "y", y)
    warn_few_samples(len(x), x.shape[1], y.shape[1])
    (kept, x_root), (y_kept, y_root) = _inverse_root(x_scatter, epsilon), _inverse_root(y_scatter, epsilon)
    u, rho = _numpy_svd(x_root @ cross_scatter(x, x_mean, y, y_mean)[kept][:, y_kept] @ y_root)
    mean, scatter = x_mean[kept], x_scatter[kept][:, kept]
    offset = mean[: u.shape[1]]
    along = u.T @ scatter
    added = len(x) * offset[:, None]
    factor, failed = torch.linalg.cholesky_ex(along @ u + added * offset)
    if failed:  # Directions too close to dependent for their Gram matrix: decompose the directions themselves.
        raw = x.double()[:, kept]
        projections = torch.linalg.qr((raw - mean) @ u + offset).Q.T @ raw
    else:
        projections = torch.linalg.solve_triangular(factor, along + added * mean, upper=False)
    return _weighted(rho[: len(projections)].clamp(0, 1), projections)


def _numpy_svd(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Left vectors and values by numpy's routine: adding the means makes the tutorial's value depend on their signs."""
    u, values, _ = np.linalg.svd(matrix.cpu().numpy())
    return torch.from_numpy(u[:, : len(values)]).to(matrix), torch.from_numpy(values).to(matrix)


def _inverse_root(scatter: torch.Tensor, epsilon: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Neurons the tutorial's code keeps, and the symmetric inverse square root of their regularised scatter."""
    largest = scatter.abs().max()
    kept = scatter.diagonal() >= epsilon * largest
    scaled = scatter[kept][:, kept] / largest + epsilon * torch.eye(int(kept.sum())).to(scatter)
    values, vectors = torch.linalg.eigh(scaled)
    floor = len(values) * torch.finfo(values.dtype).eps * values[-1]
    root = torch.where(values > floor, values.clamp(min=floor).rsqrt(), 0.0)
    return kept, (vectors * root) @ vectors.T / largest.sqrt()
