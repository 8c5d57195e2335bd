"""Spectra of covariances: eigenvalues and effective dimension; the random-matrix null and power laws stand beside."""

import warnings
from dataclasses import dataclass

import torch

from netspectra.measures import checks
from netspectra.measures.power_laws import PowerLaw, density_power_law, power_law
from netspectra.measures.random_matrices import (
    bulk_variance,
    marchenko_pastur_density,
    marchenko_pastur_edges,
    marchenko_pastur_spectrum,
)

__all__ = [
    "PowerLaw",
    "Spectrum",
    "bulk_variance",
    "density_power_law",
    "eigenspectrum",
    "enough_samples",
    "marchenko_pastur_density",
    "marchenko_pastur_edges",
    "marchenko_pastur_spectrum",
    "participation_ratio",
    "power_law",
    "weight_spectrum",
]


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues (d,) in descending order and eigenvectors (d, d) in columns, float64."""

    values: torch.Tensor
    vectors: torch.Tensor


def eigenspectrum(cov: torch.Tensor, *, samples: int | None = None) -> Spectrum:
    """Principal components of a covariance: C = V diag(lambda) V' (rainbow document, "Dimensionality").

    Args:
        cov: Symmetric and positive semi-definite up to round-off, (d, d).
        samples: How many samples the covariance was made from, when known.

    Raises:
        ValueError: Not square, symmetric or positive semi-definite, NaN or infinity.

    Warns:
        UserWarning: Fewer samples than d, so that the smallest eigenvalues are zero for want of data.
    """
    cov = checks.matrix("cov", cov, columns=cov.shape[0]).double()
    enough_samples(samples, len(cov))
    scale = float(cov.abs().max())
    skew = float((cov - cov.T).abs().max())
    if skew > 1e-5 * scale:
        raise ValueError(
            f"cov: wanted a symmetric matrix, found differences of {skew:.3g} at a largest entry of {scale:.3g}"
        )
    values, vectors = torch.linalg.eigh((cov + cov.T) / 2)
    if float(values[0]) < -1e-5 * scale:
        raise ValueError(f"cov: wanted no negative eigenvalue, found {float(values[0]):.3g}")
    return Spectrum(values.flip(0).clamp(min=0), vectors.flip(1))


def weight_spectrum(weight: torch.Tensor, *, full: bool = True) -> Spectrum:
    """Spectrum of W'W / nodes, the uncentred covariance of the nodes' weights (rainbow document, C = W1'W1 / n1).

    Args:
        weight: (nodes, ...); a convolution's filters count as vectors of C * kh * kw.
        full: Give all d eigenvalues and eigenvectors, those beyond the rank min(nodes, d) being zero; else only the
            first min(nodes, d), which is faster.

    Raises:
        ValueError: Fewer than two dimensions, NaN or infinity.
    """
    checks.finite("weight", weight)
    if weight.ndim < 2:
        raise ValueError(f"weight: wanted (nodes, ...), found shape {tuple(weight.shape)}")
    flat = weight.detach().flatten(1).double()
    _, singular, transposed = torch.linalg.svd(flat, full_matrices=full)
    values = torch.zeros(len(transposed), dtype=torch.float64, device=flat.device)
    values[: len(singular)] = singular.square() / len(flat)
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


def participation_ratio(values: torch.Tensor) -> float:
    """Effective number of dimensions, (sum lambda)^2 / sum lambda^2: d for equal eigenvalues, 1 for a single one.

    Raises:
        ValueError: Wrong shape, NaN or infinity, or all zero.
    """
    values = checks.vector("values", values)
    if not float(values.abs().max()):
        raise ValueError("values: wanted an eigenvalue above zero, found only zeros")
    return float(values.sum().square() / values.square().sum())
