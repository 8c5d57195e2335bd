"""Orthogonal alignment of two representations from their cross-covariance E[x y'].

Centred or not, and on which data, is up to the moments that come in; the rainbow document uses uncentred second
moments over the training set.
"""

import math

import torch

from netspectra.measures import checks
from netspectra.measures.factoring import singular_values, svd


def align(cross: checks.Array, *, rtol: float | None = None) -> torch.Tensor:
    """A = U V' for E[x y'] = U S V': the orthogonal map that makes x A closest to y in the mean square.

    Rainbow document, "A = U V'" (its A maps column vectors and is the transpose of this one). Directions with no
    cross-covariance, as of dead units, are left out: A is orthogonal between the subspaces that the data support and
    zero beside them, where U V' would be arbitrary. With dx != dy its rows or columns are orthonormal.

    Args:
        cross: (dx, dy).
        rtol: Singular values below rtol times the largest count as zero; max(dx, dy) times the precision when None, and
            its root times that in half precision.

    Returns:
        (dx, dy), float64.

    Raises:
        ValueError: Not a matrix, NaN or infinity, or zero throughout.
    """
    cross = checks.matrix("cross", cross)
    u, s, vh = svd(cross.double())
    if not float(s[0]):
        raise ValueError("cross: wanted a cross-covariance that is not zero throughout, found zeros")
    rank = int((s > (_rounding(cross) if rtol is None else rtol) * s[0]).sum())
    return u[:, :rank] @ vh[:rank]


def correlation(
    cross: checks.Array, x_cov: checks.Array, y_cov: checks.Array, *, alignment: checks.Array | None = None
) -> float:
    """Cosine r = tr S / sqrt(tr Cx tr Cy) between aligned representations, S the singular values of E[x y'].

    This is what the rainbow document prints as a share of explained variance; that share is `explained_variance`.

    Args:
        cross: E[x y'], (dx, dy).
        x_cov: E[x x'], (dx, dx).
        y_cov: E[y y'], (dy, dy).
        alignment: A made on other data, (dx, dy): then tr(A' E[x y']) replaces tr S, for held-out estimates.

    Raises:
        ValueError: Shapes that do not fit, NaN or infinity, or a covariance of zeros.
    """
    overlap, x_total, y_total = _traces(cross, x_cov, y_cov, alignment)
    return overlap / (x_total * y_total) ** 0.5


def explained_variance(
    cross: checks.Array,
    x_cov: checks.Array,
    y_cov: checks.Array,
    *,
    alignment: checks.Array | None = None,
    rescale: bool = True,
) -> float:
    """Share of the variance of y that the aligned x explains: 1 - E|y - c A'x|^2 / E|y|^2.

    Args:
        cross: As in `correlation`.
        x_cov: As in `correlation`.
        y_cov: As in `correlation`.
        alignment: As in `correlation`.
        rescale: With the best scale c the share is the square of `correlation` (0 for a negative one); else c = 1.

    Raises:
        ValueError: As `correlation`.
    """
    overlap, x_total, y_total = _traces(cross, x_cov, y_cov, alignment)
    if rescale:
        return max(overlap, 0.0) ** 2 / (x_total * y_total)
    return (2 * overlap - x_total) / y_total


def _rounding(cross: torch.Tensor) -> float:
    """Entries of half precision are off by so much that the worst case would take most directions for noise."""
    precision, longest = torch.finfo(cross.dtype).eps, max(cross.shape)
    return precision * (longest if precision < checks.ROUNDING else math.sqrt(longest))


def _traces(
    cross: checks.Array, x_cov: checks.Array, y_cov: checks.Array, alignment: checks.Array | None
) -> tuple[float, float, float]:
    """Tr S or tr(A' E[x y']), tr Cx and tr Cy, over a common power of two that keeps their products in range."""
    cross = checks.matrix("cross", cross).double()
    x_total, y_total = _total("x_cov", x_cov, cross.shape[0]), _total("y_cov", y_cov, cross.shape[1])
    shift = -(math.frexp(x_total)[1] + math.frexp(y_total)[1]) // 2
    return tuple(math.ldexp(value, shift) for value in (_overlap(cross, alignment), x_total, y_total))


def _total(name: str, cov: checks.Array, d: int) -> float:
    cov = checks.finite(name, cov)
    total = float(cov.double().trace()) if cov.shape == (d, d) else 0.0
    if not total > 0:
        raise ValueError(f"{name}: wanted a ({d}, {d}) covariance above zero, found {tuple(cov.shape)}")
    return total


def _overlap(cross: torch.Tensor, alignment: checks.Array | None) -> float:
    if alignment is None:
        return float(singular_values(cross).sum())
    alignment = checks.matrix("alignment", alignment)
    if alignment.shape != cross.shape:
        raise ValueError(f"alignment: wanted {tuple(cross.shape)}, found {tuple(alignment.shape)}")
    return float((alignment.double() * cross).sum())
