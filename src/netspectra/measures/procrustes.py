"""Orthogonal alignment of two representations from their cross-covariance E[x y'].

Centred or not, and on which data, is up to the moments that come in; the rainbow document uses uncentred second
moments over the training set.
"""

import torch

from netspectra.measures import checks


def align(cross: torch.Tensor, *, rtol: float | None = None) -> torch.Tensor:
    """A = U V' for E[x y'] = U S V': the orthogonal map that makes x A closest to y in the mean square.

    Rainbow document, "A = U V'" (its A maps column vectors and is the transpose of this one). Directions with no
    cross-covariance, as of dead units, are left out: A is orthogonal between the subspaces that the data support and
    zero beside them, where U V' would be arbitrary. With dx != dy its rows or columns are orthonormal.

    Args:
        cross: (dx, dy).
        rtol: Singular values below rtol times the largest count as zero; max(dx, dy) times the precision when None.

    Returns:
        (dx, dy), float64.

    Raises:
        ValueError: Not a matrix, NaN or infinity, or zero throughout.
    """
    u, s, vh = torch.linalg.svd(checks.matrix("cross", cross).double(), full_matrices=False)
    if not float(s[0]):
        raise ValueError("cross: wanted a cross-covariance that is not zero throughout, found zeros")
    rtol = max(cross.shape) * torch.finfo(cross.dtype).eps if rtol is None else rtol
    rank = int((s > rtol * s[0]).sum())
    return u[:, :rank] @ vh[:rank]


def correlation(
    cross: torch.Tensor, x_cov: torch.Tensor, y_cov: torch.Tensor, *, alignment: torch.Tensor | None = None
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
    cross: torch.Tensor,
    x_cov: torch.Tensor,
    y_cov: torch.Tensor,
    *,
    alignment: torch.Tensor | None = None,
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


def _traces(
    cross: torch.Tensor, x_cov: torch.Tensor, y_cov: torch.Tensor, alignment: torch.Tensor | None
) -> tuple[float, float, float]:
    cross = checks.matrix("cross", cross).double()
    totals = []
    for name, cov, d in (("x_cov", x_cov, cross.shape[0]), ("y_cov", y_cov, cross.shape[1])):
        total = float(checks.finite(name, cov).double().trace()) if cov.shape == (d, d) else 0.0
        if not total > 0:
            raise ValueError(f"{name}: wanted a ({d}, {d}) covariance above zero, found {tuple(cov.shape)}")
        totals.append(total)
    if alignment is None:
        return float(torch.linalg.svdvals(cross).sum()), totals[0], totals[1]
    if alignment.shape != cross.shape:
        raise ValueError(f"alignment: wanted {tuple(cross.shape)}, found {tuple(alignment.shape)}")
    return float((checks.matrix("alignment", alignment).double() * cross).sum()), totals[0], totals[1]
