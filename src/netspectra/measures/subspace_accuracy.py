"""How well a subspace is known: its eigenvalues in resamples, and the angle between two estimates of it."""

import math

import torch

from netspectra.measures import checks
from netspectra.measures.ranges import within_range
from netspectra.measures.subspaces import of_scaled


def bootstrap(
    gradients: checks.Array,
    vectors: checks.Array,
    *,
    resamples: int = 100,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Leading eigenvalues of resamples of the gradients (Constantine 2015, section 3.3), without decomposing C anew.

    They are spread out from those of the sample as those are from the true ones: an interval is made of both, by
    `netspectra.statistics.resampling.bias_corrected_eigenvalues`. A resample weights every gradient by how often it is
    drawn; its eigenvalues are taken within the span of the vectors, from a k x k matrix. What leaves that span is
    second order, so give more vectors than are read.

    Args:
        gradients: (samples, parameters).
        vectors: Orthonormal leading eigenvectors, (parameters, k).
        resamples: How many.
        generator: Source of the resamples.

    Returns:
        Descending, (resamples, k).

    Raises:
        ValueError: Shapes that do not fit, fewer than two samples or resamples.
    """
    g, size = within_range(checks.matrix("gradients", gradients, samples=2).double())
    vectors = checks.matrix("vectors", vectors).double()
    if len(vectors) != g.shape[1]:
        raise ValueError(f"vectors: wanted {g.shape[1]} rows, as gradients has columns, found {len(vectors)}")
    checks.count("resamples", resamples, least=2)
    return of_scaled(_resampled(g @ vectors, resamples, generator), size)


def largest_angle(first: checks.Array, second: checks.Array) -> float:
    """Largest principal angle between two subspaces, in radians; accurate for small angles too.

    sin(angle) = |(I - U U') V|, U and V orthonormal (Bjorck and Golub 1973).

    Args:
        first: Columns that span the one, (parameters, k).
        second: Columns that span the other, (parameters, k).

    Raises:
        ValueError: Different shapes, more columns than rows, columns that depend on each other, NaN or infinity.
    """
    u, v = checks.matrix("first", first).double(), checks.matrix("second", second).double()
    if u.shape != v.shape or u.shape[1] > u.shape[0]:
        raise ValueError(f"first, second: wanted the same (parameters, k), found {tuple(u.shape)} and {tuple(v.shape)}")
    u, v = _orthonormal("first", u), _orthonormal("second", v)
    inside = u.T @ v
    sine = float(torch.linalg.matrix_norm(v - u @ inside, 2))
    cosine = float(torch.linalg.svdvals(inside)[-1])
    return math.atan2(sine, cosine)


def _orthonormal(name: str, columns: torch.Tensor) -> torch.Tensor:
    q, r = torch.linalg.qr(columns)
    sizes = r.diagonal().abs()
    if float(sizes.min()) <= len(columns) * torch.finfo(r.dtype).eps * float(sizes.max()):
        raise ValueError(f"{name}: wanted columns that span as many dimensions, found some that depend on the others")
    return q


def _resampled(projected: torch.Tensor, resamples: int, generator: torch.Generator | None) -> torch.Tensor:
    """Eigenvalues (resamples, k), descending, of the second moments of rows drawn with replacement."""
    n, weighted = len(projected), torch.empty_like(projected)
    values = projected.new_empty(resamples, projected.shape[1])
    for row in values:
        drawn = torch.randint(n, (n,), generator=generator, device=generator.device if generator else projected.device)
        weights = drawn.bincount(minlength=n).to(projected) / n
        torch.mul(projected, weights[:, None], out=weighted)
        row.copy_(torch.linalg.eigvalsh(projected.T @ weighted).flip(0))
    return values
