"""Active subspaces: the directions of parameter space along which a function changes most, on average.

    C = E[grad f grad f'] = W Lambda W'

(active-subspace document, "Major Activities"; Constantine, Active Subspaces, 2015, eq. 3.1-3.3). The gradients are in
`netspectra.lenses.gradients`; here they are rows, (samples, parameters).
"""

import math
import warnings
from dataclasses import dataclass

import torch

from netspectra.measures import checks
from netspectra.measures.eigenspectra import Spectrum
from netspectra.measures.ranges import within_range
from netspectra.measures.scatter import add_gram, symmetric

RESOLUTION = 1e-12  # of the largest eigenvalue: what is smaller has too few digits left in squared gradients


@dataclass(frozen=True)
class Bands:
    """Lower and upper ends of an interval for every eigenvalue, each (k,)."""

    low: torch.Tensor
    high: torch.Tensor


class GradientCovariance:
    """Streams C = (1/N) sum_j g_j g_j' in float64, so that no more than one chunk of gradients is ever held.

    Args:
        parameters: Length of a gradient.
        device: Where C lives; the CPU for MPS, which has no float64.
    """

    def __init__(self, parameters: int, device: torch.device | str = "cpu") -> None:
        self.count, size = 0, checks.count("parameters", parameters)
        self._lower = torch.zeros(size, size, dtype=torch.float64, device=checks.with_float64(device))

    def update(self, gradients: checks.Array) -> "GradientCovariance":
        """Add gradients (samples, parameters).

        Raises:
            ValueError: Wrong shape, NaN or infinity.
        """
        g = checks.matrix("gradients", gradients, columns=len(self._lower)).to(self._lower)
        add_gram(self._lower, g)
        self.count += len(g)
        return self

    def mean_squares(self) -> torch.Tensor:
        """The diagonal of C, the mean squared derivative by every parameter, (parameters,).

        Raises:
            ValueError: No gradients were added, or squares that float64 cannot hold.
        """
        return checks.squares("gradients", self._lower.diagonal() / self._counted())

    def __iadd__(self, other: "GradientCovariance") -> "GradientCovariance":
        if not isinstance(other, GradientCovariance):
            return NotImplemented
        if len(other._lower) != len(self._lower):
            raise ValueError(
                f"covariance: wanted {len(self._lower)} parameters on both sides, found {len(other._lower)}"
            )
        self.count += other.count
        self._lower += other._lower.to(self._lower.device)
        return self

    def covariance(self) -> torch.Tensor:
        """C, (parameters, parameters).

        Raises:
            ValueError: No gradients were added, or squares that float64 cannot hold.
        """
        return checks.squares("gradients", symmetric(self._lower).div_(self._counted()))

    def _counted(self) -> int:
        if not self.count:
            raise ValueError("covariance: wanted at least one gradient, found none; call update first")
        return self.count


def active_subspace(gradients: checks.Array, *, resolution: float = RESOLUTION) -> Spectrum:
    """Eigendecomposition of C = G'G / N, exact.

    With fewer samples than parameters it works on GG' / N, and C itself is never formed. Both square the singular
    values of G; where the smallest eigenvalue falls below `resolution` times the largest, QR of G and the SVD of R
    take over, which do not.

    Args:
        gradients: G, one gradient a row, (samples, parameters).
        resolution: Smallest ratio of eigenvalues that is trusted to squared gradients.

    Returns:
        All eigenvalues (parameters,), exactly zero beyond the rank min(samples, parameters), and as many eigenvectors
        as that rank, (parameters, rank).

    Raises:
        ValueError: Wrong shape, NaN or infinity, or squares that float64 cannot hold.
    """
    g, size = within_range(checks.matrix("gradients", gradients).double())
    values, vectors = torch.linalg.eigh(_gram(g))
    values, vectors = values.flip(0), vectors.flip(1)
    if not _resolved(values, resolution):
        values, vectors = _by_svd(g)
    elif len(g) < g.shape[1]:
        vectors = (g.T @ vectors).div_((len(g) * values).sqrt())
    return Spectrum(_padded(_squares(values, size), g.shape[1]), vectors)


def active_eigenvalues(gradients: checks.Array, *, resolution: float = RESOLUTION) -> torch.Tensor:
    """The eigenvalues of `active_subspace` alone, (parameters,), in a fifth of the time.

    Args:
        gradients: (samples, parameters).
        resolution: As in `active_subspace`.

    Raises:
        ValueError: As `active_subspace`.
    """
    g, size = within_range(checks.matrix("gradients", gradients).double())
    values = torch.linalg.eigvalsh(_gram(g)).flip(0)
    if not _resolved(values, resolution):
        values = torch.linalg.svdvals(_triangle(g)).square() / len(g)
    return _padded(_squares(values, size), g.shape[1])


def covariance_spectrum(
    covariance: checks.Array, samples: int, *, vectors: bool = True, resolution: float = RESOLUTION
) -> Spectrum:
    """Eigendecomposition of a C that was accumulated, for gradients that are not held.

    Args:
        covariance: C, symmetric, (parameters, parameters).
        samples: Gradients it was made of; eigenvalues beyond that rank are set to exactly zero.
        vectors: Whether the eigenvectors are wanted; without them `Spectrum.vectors` has no columns.
        resolution: As in `active_subspace`.

    Raises:
        ValueError: Not square or symmetric, NaN or infinity, or no samples.

    Warns:
        UserWarning: Eigenvalues within the rank that fall below the resolution.
    """
    c, _ = checks.symmetric("covariance", covariance)
    rank = min(checks.count("samples", samples), len(c))
    if vectors:
        values, columns = torch.linalg.eigh(c)
    else:
        values, columns = torch.linalg.eigvalsh(c), c[:, :0]
    values, columns = values.flip(0)[:rank], columns.flip(1)[:, :rank]
    if not _resolved(values, resolution):
        lost = int((values < resolution * values[0]).sum())
        warnings.warn(
            f"covariance: {lost} of {rank} eigenvalues lie below {resolution:g} of the largest, where C has no digits "
            "left; hold the gradients and use active_subspace, which works on them by QR and SVD",
            UserWarning,
            stacklevel=2,
        )
    return Spectrum(_padded(values.clamp(min=0), len(c)), columns)


def leading_subspace(
    matrix: checks.Array,
    directions: int,
    *,
    of: str = "gradients",
    oversampling: int = 16,
    iterations: int = 8,
    generator: torch.Generator | None = None,
) -> Spectrum:
    """First eigenpairs of C by randomised subspace iteration (Halko, Martinsson and Tropp 2011, algorithms 4.4, 5.3).

    The error falls as (lambda_(k + oversampling + 1) / lambda_k)^iterations.

    Args:
        matrix: Gradients (samples, parameters), or C (parameters, parameters).
        directions: How many, k.
        of: Which of them the matrix is, "gradients" or "covariance".
        oversampling: Further directions that are iterated and dropped.
        iterations: Products with C.
        generator: Source of the first directions.

    Returns:
        Values (k,) and vectors (parameters, k).

    Raises:
        ValueError: More directions than samples or parameters, another `of`, a covariance that is not symmetric, NaN
            or infinity.
    """
    m, size = within_range(checks.matrix("matrix", matrix).double())
    checks.count("directions", directions, most=min(m.shape))
    if of not in ("gradients", "covariance"):
        raise ValueError(f"of: wanted gradients or covariance, found {of!r}")
    if of == "covariance":
        checks.symmetric("matrix", m)
    width = min(directions + oversampling, *m.shape)
    drawn = torch.randn(m.shape[1], width, generator=generator, dtype=torch.float64)
    q = torch.linalg.qr(drawn.to(m.device)).Q
    for _ in range(iterations):
        q = torch.linalg.qr(_times(m, q, of)).Q
    values, turn = torch.linalg.eigh(q.T @ _times(m, q, of))
    values = values.flip(0)[:directions].clamp(min=0)
    values = _squares(values, size) if of == "gradients" else values * size
    return Spectrum(values, (q @ turn.flip(1))[:, :directions])


def bootstrap(
    gradients: checks.Array,
    vectors: checks.Array,
    *,
    resamples: int = 100,
    level: float = 0.95,
    generator: torch.Generator | None = None,
) -> Bands:
    """Percentile intervals of the leading eigenvalues (Constantine 2015, section 3.3), without new decompositions of C.

    A resample weights every gradient by how often it is drawn; its eigenvalues are taken within the span of the
    vectors, from a k x k matrix. What leaves that span is second order, so give more vectors than bands are read.

    Args:
        gradients: (samples, parameters).
        vectors: Orthonormal leading eigenvectors, (parameters, k).
        resamples: How many.
        level: Coverage.
        generator: Source of the resamples.

    Returns:
        An interval for each of the k eigenvalues.

    Raises:
        ValueError: Shapes that do not fit, fewer than two samples or resamples, a level outside (0, 1].
    """
    g, size = within_range(checks.matrix("gradients", gradients, samples=2).double())
    vectors = checks.matrix("vectors", vectors).double()
    if len(vectors) != g.shape[1]:
        raise ValueError(f"vectors: wanted {g.shape[1]} rows, as gradients has columns, found {len(vectors)}")
    checks.count("resamples", resamples, least=2)
    tail = (1 - checks.fraction("level", level)) / 2
    projected = g @ vectors
    draws = _squares(_resampled(projected, resamples, generator), size)
    low, high = draws.quantile(torch.tensor([tail, 1 - tail], dtype=draws.dtype, device=draws.device), dim=0)
    return Bands(low, high)


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


def activity(spectrum: Spectrum, directions: int) -> torch.Tensor:
    """Activity scores of the parameters, sum_(j <= k) lambda_j w_ij^2 (Constantine and Diaz 2017, eq. 3.2).

    With all directions it is the mean squared derivative by each parameter.

    Args:
        spectrum: Of C.
        directions: How many of its directions count.

    Returns:
        Shape (parameters,).

    Raises:
        ValueError: More directions than there are eigenvectors, or none.
    """
    checks.count("directions", directions, most=spectrum.vectors.shape[1])
    return spectrum.vectors[:, :directions].square() @ spectrum.values[:directions]


def _gram(g: torch.Tensor) -> torch.Tensor:
    """Lower triangle of G'G / N or of GG' / N, whichever is smaller; all that a symmetric decomposition reads."""
    smaller = g if len(g) >= g.shape[1] else g.T
    return GradientCovariance(smaller.shape[1], g.device).update(smaller)._lower.div_(len(g))


def _triangle(g: torch.Tensor) -> torch.Tensor:
    return torch.linalg.qr(g if len(g) >= g.shape[1] else g.T, mode="r").R


def _by_svd(g: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    if len(g) >= g.shape[1]:
        _, singular, right = torch.linalg.svd(_triangle(g))
        return singular.square() / len(g), right.T
    q, r = torch.linalg.qr(g.T)
    left, singular, _ = torch.linalg.svd(r)
    return singular.square() / len(g), q @ left


def _squares(values: torch.Tensor, size: float) -> torch.Tensor:
    """Eigenvalues of gradients from those of gradients over `size`."""
    return checks.squares("gradients", values * size * size)


def _orthonormal(name: str, columns: torch.Tensor) -> torch.Tensor:
    q, r = torch.linalg.qr(columns)
    sizes = r.diagonal().abs()
    if float(sizes.min()) <= len(columns) * torch.finfo(r.dtype).eps * float(sizes.max()):
        raise ValueError(f"{name}: wanted columns that span as many dimensions, found some that depend on the others")
    return q


def _resolved(values: torch.Tensor, resolution: float) -> bool:
    return bool(values[0] > 0) and bool(values[-1] >= resolution * values[0])


def _padded(values: torch.Tensor, size: int) -> torch.Tensor:
    return torch.nn.functional.pad(values, (0, size - len(values)))


def _times(m: torch.Tensor, q: torch.Tensor, of: str) -> torch.Tensor:
    return m @ q if of == "covariance" else m.T @ (m @ q) / len(m)


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
