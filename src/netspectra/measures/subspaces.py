"""Active subspaces: the directions of parameter space along which a function changes most, on average.

    C = E[grad f grad f'] = W Lambda W'

(active-subspace document, "Major Activities"; Constantine, Active Subspaces, 2015, eq. 3.1-3.3). The gradients are in
`netspectra.lenses.gradients`; here they are rows, (samples, parameters).
"""

import warnings

import torch

from netspectra.measures import checks
from netspectra.measures.eigenspectra import Spectrum
from netspectra.measures.gradient_covariance import GradientCovariance
from netspectra.measures.ranges import within_range

RESOLUTION = 1e-12  # of the largest eigenvalue: what is smaller has too few digits left in squared gradients


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
    return Spectrum(_padded(of_scaled(values, size), g.shape[1]), vectors)


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
    return _padded(of_scaled(values, size), g.shape[1])


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
    values = of_scaled(values, size) if of == "gradients" else values * size
    return Spectrum(values, (q @ turn.flip(1))[:, :directions])


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


def of_scaled(values: torch.Tensor, size: float) -> torch.Tensor:
    """Eigenvalues of gradients from those of gradients over `size`."""
    return checks.squares("gradients", values * size * size)


def _resolved(values: torch.Tensor, resolution: float) -> bool:
    return bool(values[0] > 0) and bool(values[-1] >= resolution * values[0])


def _padded(values: torch.Tensor, size: int) -> torch.Tensor:
    return torch.nn.functional.pad(values, (0, size - len(values)))


def _times(m: torch.Tensor, q: torch.Tensor, of: str) -> torch.Tensor:
    return m @ q if of == "covariance" else m.T @ (m @ q) / len(m)
