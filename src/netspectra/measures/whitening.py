"""Rank-revealing whitening of a layer: done once, then shared by every pair, permutation and measure that needs it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch

from netspectra.measures import checks

# Above this condition number a covariance is decomposed by eigenvectors, which reveal its rank; below, by Cholesky.
SAFE_CONDITION = 1e4
# A spread this many times the round-off of the largest value is no spread at all.
CONSTANT_ULPS = 16
# Numbers in a block of centred samples: small enough to stay in the cache and to need no fresh memory.
BLOCK = 1 << 20


@dataclass(frozen=True, eq=False)
class Whitened:
    """A layer with the map that makes its covariance the identity.

    Attributes:
        x: Activations as given, (samples, neurons); never copied.
        mean: Mean of every neuron, (neurons,), float64.
        scatter: centred' centred, (neurons, neurons), float64.
        basis: (neurons, rank) with basis' (scatter + ridge) basis = I.
        condition: Ratio of the largest to the smallest singular value kept (an upper bound of it).
    """

    x: torch.Tensor
    mean: torch.Tensor
    scatter: torch.Tensor
    basis: torch.Tensor
    condition: float

    @property
    def samples(self) -> int:
        """Number of samples."""
        return self.x.shape[0]

    @property
    def neurons(self) -> int:
        """Number of neurons, dead ones included."""
        return self.x.shape[1]

    @property
    def rank(self) -> int:
        """Number of directions kept."""
        return self.basis.shape[1]

    @cached_property
    def scores(self) -> torch.Tensor:
        """The whitened activations, (samples, rank), with orthonormal columns (without ridge)."""
        return _project(self.x, self.mean, self.basis)

    @cached_property
    def single(self) -> torch.Tensor:
        """The whitened activations in float32: their condition number is one, so their products lose nothing."""
        if self.condition <= SAFE_CONDITION:
            return _project(self.x, self.mean, self.basis.float())
        return self.scores.float()

    def cross(self, other: "Whitened") -> torch.Tensor:
        """Whitened cross-covariance (rank, rank of `other`), float64; its singular values are the correlations.

        Well-conditioned layers take the product of the raw activations unless few directions are kept: it needs no
        whitened copy of either.
        """
        whitened_work = self.neurons * self.rank + other.neurons * other.rank + self.rank * other.rank
        safe = self.condition * other.condition <= SAFE_CONDITION**2
        if safe and whitened_work > self.neurons * other.neurons:
            return self.basis.T @ cross_scatter(self.x, self.mean, other.x, other.mean) @ other.basis
        return self.scores.T @ other.scores


def centred_scatter(name: str, x: torch.Tensor | Whitened) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The activations without their graph, their mean, and centred' centred, both float64; known of a whitened layer.

    Raises:
        ValueError: Not a finite floating matrix of two samples or more, or every neuron constant.
    """
    if isinstance(x, Whitened):
        return x.x, x.mean, x.scatter
    x = checks.matrix(name, x, rows=2).detach()
    mean = sum(part.sum(0, dtype=torch.float64) for part in x.split(_rows(x))) / len(x)
    scatter = mean.new_zeros(x.shape[1], x.shape[1])
    for block in _blocks(x, mean, _rows(x)):
        scatter += _gram(block)
    spread = float((scatter.diagonal().max() / len(x)).sqrt())
    if spread <= CONSTANT_ULPS * torch.finfo(torch.float64).eps * float(mean.abs().max()):
        raise ValueError(
            f"{name}: wanted activations that vary over samples, found all {x.shape[1]} neurons constant; "
            "a dead or constant layer has no correlations, leave it out"
        )
    return x, mean, scatter


def square_norms(x: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
    """Squared norms of the centred samples, (samples,), float64."""
    return torch.cat([block.square().sum(1) for block in _blocks(x, mean, _rows(x))])


def cross_scatter(x: torch.Tensor, x_mean: torch.Tensor, y: torch.Tensor, y_mean: torch.Tensor) -> torch.Tensor:
    """Product of the centred activations of two layers, (neurons of x, neurons of y), float64."""
    rows = min(_rows(x), _rows(y))
    total = x_mean.new_zeros(x.shape[1], y.shape[1])
    for a, b in zip(_blocks(x, x_mean, rows), _blocks(y, y_mean, rows), strict=True):
        total.addmm_(a.T, b)
    return total


def single_correlations(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Correlations (k,), descending, float64, of whitened activations in float32 (see `Whitened.single`).

    From the eigenvalues of the smaller product of the cross-covariance with itself, which are exact to 1e-16 and their
    roots to 1e-8 at worst, as much as the float32 product leaves.
    """
    cross = (x.T @ y).double()
    squares = torch.linalg.eigvalsh(_gram(cross if x.shape[1] >= y.shape[1] else cross.T))
    return squares.flip(0).clamp(0, 1).sqrt()


def _rows(x: torch.Tensor) -> int:
    return max(1, BLOCK // x.shape[1])


def _blocks(
    x: torch.Tensor, mean: torch.Tensor, rows: int, dtype: torch.dtype = torch.float64
) -> Iterator[torch.Tensor]:
    """Centred samples, some rows at a time; every block overwrites the last."""
    buffer = torch.empty(min(rows, len(x)), x.shape[1], dtype=dtype, device=x.device)
    for part in x.split(rows):
        yield torch.sub(part, mean, out=buffer[: len(part)])


def _gram(block: torch.Tensor) -> torch.Tensor:
    if block.device.type == "cpu":  # numpy sees that both factors are the same and computes half of the product.
        array = block.numpy()
        return torch.from_numpy(array.T @ array)
    return block.T @ block


def _project(x: torch.Tensor, mean: torch.Tensor, basis: torch.Tensor) -> torch.Tensor:
    """Centred samples times the basis, in the precision of the basis."""
    scores = basis.new_empty(len(x), basis.shape[1])
    for block, rows in zip(_blocks(x, mean, _rows(x), basis.dtype), scores.split(_rows(x)), strict=True):
        torch.mm(block, basis, out=rows)
    return scores


def whiten(x: torch.Tensor, *, ridge: float = 0.0, rtol: float = 1e-6, name: str = "x") -> Whitened:
    """Whiten a layer, dropping the directions it does not span.

    Directions are dropped whose singular value is at most `rtol` times the largest, so dead and duplicated neurons
    cost nothing and the scale of the data is immaterial. With `ridge`, ridge * tr(C) / neurons is added to the
    diagonal of the covariance C first.

    Args:
        x: Activations, (samples, neurons).
        ridge: Shrinkage in units of the mean variance, 0 or more.
        rtol: Relative tolerance on singular values, in [0, 1).
        name: What errors call `x`.

    Raises:
        ValueError: Bad activations (see `centred_scatter`), or `ridge` or `rtol` outside its range.
    """
    if not (ridge >= 0 and math.isfinite(ridge)):
        raise ValueError(f"ridge: wanted a finite number, 0 or more, found {ridge}")
    if not 0 <= rtol < 1:
        raise ValueError(f"rtol: wanted a tolerance in [0, 1), found {rtol}")
    x, mean, scatter = centred_scatter(name, x)
    shrunk = scatter + ridge * scatter.diagonal().mean() * torch.eye(len(scatter)).to(scatter) if ridge else scatter
    live = shrunk.diagonal() > 0
    found, condition = _by_cholesky(shrunk[live][:, live], rtol) or _by_eigenvectors(shrunk[live][:, live], rtol)
    basis = found.new_zeros(len(live), found.shape[1])
    basis[live] = found
    if condition > SAFE_CONDITION and not ridge:
        basis = _refined(x, mean, basis)
    return Whitened(x, mean, scatter, basis, condition)


def principal(x: torch.Tensor, keep: float, *, rtol: float = 1e-6, name: str = "x") -> Whitened:
    """Whiten a layer on its first principal directions only (the SV of SVCCA).

    Args:
        x: Activations, (samples, neurons).
        keep: Share of the variance (squared singular values), a float in (0, 1], or a number of directions.
        rtol: Relative tolerance on singular values.
        name: What errors call `x`.

    Raises:
        ValueError: Bad activations, or `keep` outside its range.
    """
    x, mean, scatter = centred_scatter(name, x)
    values, vectors = _descending(scatter)
    count = min(_kept(values, keep), _rank(values, rtol))
    values, vectors = values[:count], vectors[:, :count]
    return Whitened(x, mean, scatter, vectors * values.rsqrt(), float((values[0] / values[-1]).sqrt()))


def _kept(values: torch.Tensor, keep: float) -> int:
    if isinstance(keep, bool) or not isinstance(keep, int | float):
        raise ValueError(f"keep: wanted a share (float) or a number of directions (int), found {keep!r}")
    if isinstance(keep, int):
        if not 1 <= keep <= len(values):
            raise ValueError(f"keep: wanted 1 to {len(values)} directions (neurons), found {keep}")
        return keep
    if not 0 < keep <= 1:
        raise ValueError(f"keep: wanted a share of the variance in (0, 1], found {keep}; for directions pass an int")
    share = values.clamp(min=0).cumsum(0) / values.clamp(min=0).sum()
    return min(int((share < keep).sum()) + 1, len(values))


def _by_cholesky(scatter: torch.Tensor, rtol: float) -> tuple[torch.Tensor, float] | None:
    """R^-1 of scatter = R'R when a bound on its condition number certifies full rank, else None."""
    factor, failed = torch.linalg.cholesky_ex(scatter, upper=True)
    if failed:
        return None
    inverse = torch.linalg.solve_triangular(factor, torch.eye(len(factor)).to(factor), upper=True)
    condition = float(factor.norm() * inverse.norm())
    return (inverse, condition) if condition * max(rtol, 1 / SAFE_CONDITION) < 1 else None


def _by_eigenvectors(scatter: torch.Tensor, rtol: float) -> tuple[torch.Tensor, float]:
    values, vectors = _descending(scatter)
    count = _rank(values, rtol)
    return vectors[:, :count] * values[:count].rsqrt(), float((values[0] / values[count - 1]).sqrt())


def _refined(x: torch.Tensor, mean: torch.Tensor, basis: torch.Tensor) -> torch.Tensor:
    """The scatter has squared the condition number; orthonormalising the scores once more undoes the loss."""
    gram = sum(_gram(block @ basis) for block in _blocks(x, mean, _rows(x)))
    factor, failed = torch.linalg.cholesky_ex(gram, upper=True)
    return basis if failed else torch.linalg.solve_triangular(factor, basis, upper=True, left=False)


def _descending(scatter: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    values, vectors = torch.linalg.eigh(scatter)
    return values.flip(0), vectors.flip(1)


def _rank(values: torch.Tensor, rtol: float) -> int:
    """Eigenvalues above tolerance; never below the round-off of forming the scatter."""
    floor = max(rtol**2, len(values) * torch.finfo(values.dtype).eps)
    return max(1, int((values > floor * values[0]).sum()))
