"""Spectra of covariances and of weights: eigenvalues, eigenvectors and the effective dimension."""

import warnings
from dataclasses import dataclass

import torch

from netspectra.measures import checks
from netspectra.measures.ranges import largest, within_range


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues (d,) in descending order and eigenvectors (d, d) in columns, float64."""

    values: torch.Tensor
    vectors: torch.Tensor


def eigenspectrum(cov: checks.Array, *, samples: int | None = None) -> Spectrum:
    """Principal components of a covariance: C = V diag(lambda) V' (rainbow document, "Dimensionality").

    Args:
        cov: Symmetric and positive semi-definite up to round-off, (d, d).
        samples: How many samples the covariance was made from, when known.

    Raises:
        ValueError: Not square, symmetric or positive semi-definite, NaN or infinity.

    Warns:
        UserWarning: Fewer samples than d, so that the smallest eigenvalues are zero for want of data.
    """
    cov, rounding = checks.symmetric("cov", cov)
    enough_samples(samples, len(cov))
    cov, size = within_range(cov)
    values, vectors = torch.linalg.eigh((cov + cov.T) / 2)
    if float(values[0]) < -rounding * largest(cov):
        raise ValueError(f"cov: wanted no negative eigenvalue, found {float(values[0]) * size:.3g}")
    return Spectrum(values.flip(0).clamp(min=0) * size, vectors.flip(1))


def weight_spectrum(weight: checks.Array, *, full: bool = True) -> Spectrum:
    """Spectrum of W'W / nodes, the uncentred covariance of the nodes' weights (rainbow document, C = W1'W1 / n1).

    Args:
        weight: (nodes, ...); a convolution's filters count as vectors of C * kh * kw.
        full: Give all d eigenvalues and eigenvectors, those beyond the rank min(nodes, d) being zero; else only the
            first min(nodes, d), which is faster.

    Raises:
        ValueError: Fewer than two dimensions, NaN or infinity.
    """
    weight = checks.finite("weight", weight)
    if weight.ndim < 2:
        raise ValueError(f"weight: wanted (nodes, ...), found shape {tuple(weight.shape)}")
    flat = weight.flatten(1).double()
    _, singular, transposed = torch.linalg.svd(flat, full_matrices=full)
    values = torch.zeros(len(transposed), dtype=torch.float64, device=flat.device)
    values[: len(singular)] = checks.squares("weight", singular.square()) / len(flat)
    return Spectrum(values, transposed.T)


def enough_samples(samples: int | None, d: int) -> None:
    """Warn when a covariance of d neurons cannot have full rank.

    Warns:
        UserWarning: samples < d.
    """
    if samples is not None and samples < d:
        warnings.warn(
            f"covariance of {d} neurons from {samples} samples: rank at most {samples}, "
            f"so {d - samples} directions are undetermined; use at least {d} samples",
            UserWarning,
            stacklevel=3,
        )


def participation_ratio(values: checks.Array) -> float:
    """Effective number of dimensions, (sum lambda)^2 / sum lambda^2: d for equal eigenvalues, 1 for a single one.

    Raises:
        ValueError: Wrong shape, NaN or infinity, all zero, or an eigenvalue below zero by more than round-off.
    """
    values, size = within_range(checks.vector("values", values))
    if not largest(values):
        raise ValueError("values: wanted an eigenvalue above zero, found only zeros")
    if float(values.min()) < -checks.ROUNDING * largest(values):
        raise ValueError(f"values: wanted no negative eigenvalue, found {float(values.min()) * size:.3g}")
    return float(values.sum().square() / values.square().sum())
