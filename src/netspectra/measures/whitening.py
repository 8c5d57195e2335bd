"""Rank-revealing whitening of a layer: done once, then shared by every pair, permutation and measure that needs it."""

import math
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral, Real

import torch

from netspectra.measures.scatter import Activations, Centred, centre, chunks, cross_scatter, gram, project

# Above this condition number a covariance is decomposed by eigenvectors, which reveal its rank; below, by Cholesky.
SAFE_CONDITION = 1e4


@dataclass(frozen=True, eq=False)
class Whitened(Centred):
    """A layer with the map that makes its covariance the identity.

    Attributes:
        x: As in `Centred`, like mean, scatter and size.
        basis: (neurons, rank) with basis' (scatter + ridge) basis = I.
        condition: Ratio of the largest to the smallest singular value kept (an upper bound of it).
    """

    basis: torch.Tensor
    condition: float

    @property
    def rank(self) -> int:
        """Number of directions kept."""
        return self.basis.shape[1]

    def estimated_condition(self, steps: int = 10) -> float:
        """What `condition` bounds, from below: by power iteration on the covariance and on its inverse."""
        v = w = torch.randn(self.neurons, generator=torch.Generator().manual_seed(0)).to(self.mean)
        for _ in range(steps):
            v = torch.nn.functional.normalize(self.scatter @ v, dim=0)
            w = torch.nn.functional.normalize(self.basis @ (self.basis.T @ w), dim=0)
        return float((v @ self.scatter @ v * (self.basis.T @ w).square().sum()).sqrt())

    @cached_property
    def scores(self) -> torch.Tensor:
        """The whitened activations, (samples, rank), with orthonormal columns (without ridge)."""
        return project(self, self.basis)

    @cached_property
    def single(self) -> torch.Tensor:
        """The whitened activations in float32: their condition number is one, so their products lose nothing."""
        return project(self, self.basis.float()) if self.condition <= SAFE_CONDITION else self.scores.float()

    def cross(self, other: "Whitened", scatter: torch.Tensor | None = None) -> torch.Tensor:
        """Whitened cross-covariance (rank, rank of `other`), float64; its singular values are the correlations.

        Well-conditioned layers take the product of the raw activations unless few directions are kept: it needs no
        whitened copy of either. `scatter` is that product, where it is known.
        """
        projections = self.neurons * self.rank + other.neurons * other.rank + self.rank * other.rank
        cheaper = scatter is not None or projections > self.neurons * other.neurons
        if cheaper and self.condition * other.condition <= SAFE_CONDITION**2:
            product = cross_scatter(self, other) if scatter is None else scatter
            return self.basis.T @ product @ other.basis
        return self.scores.T @ other.scores


def whiten(x: Activations, *, ridge: float = 0.0, rtol: float = 1e-6, name: str = "x") -> Whitened:
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
        ValueError: Bad activations (see `scatter.centre`), or `ridge` or `rtol` outside its range.
    """
    if not (ridge >= 0 and math.isfinite(ridge)):
        raise ValueError(f"ridge: wanted a finite number, 0 or more, found {ridge}")
    if not 0 <= rtol < 1:
        raise ValueError(f"rtol: wanted a tolerance in [0, 1), found {rtol}")
    layer = centre(name, x)
    scatter = layer.scatter
    if ridge:
        scatter = scatter + ridge * scatter.diagonal().mean() * torch.eye(len(scatter)).to(scatter)
    basis, condition = _basis(scatter, rtol)
    if condition > SAFE_CONDITION and not ridge:
        basis = _refined(layer, basis)
    return Whitened(layer.x, layer.mean, layer.scatter, basis, condition, size=layer.size)


def principal(x: Activations, keep: float, *, rtol: float = 1e-6, name: str = "x") -> Whitened:
    """Whiten a layer on its first principal directions only (the SV of SVCCA).

    Args:
        x: Activations, (samples, neurons), or their whitening, whose covariance is then reused.
        keep: Share of the variance (squared singular values), a float in (0, 1], or a number of directions.
        rtol: Relative tolerance on singular values.
        name: What errors call `x`.

    Raises:
        ValueError: Bad activations, or `keep` outside its range.
    """
    layer = centre(name, x)
    values, vectors = _descending(layer.scatter)
    count = min(_kept(values, keep), _rank(values, rtol))
    values, vectors = values[:count], vectors[:, :count]
    condition = float((values[0] / values[-1]).sqrt())
    return Whitened(layer.x, layer.mean, layer.scatter, vectors * values.rsqrt(), condition, size=layer.size)


def whitened(name: str, x: Activations) -> Whitened:
    """The layer as it is if it is whitened already, else whitened."""
    return x if isinstance(x, Whitened) else whiten(x, name=name)


def single_correlations(x: Whitened, y_single: torch.Tensor) -> torch.Tensor:
    """Correlations (k,), descending, float64, from whitened activations in float32 (see `Whitened.single`).

    From the eigenvalues of the smaller product of the cross-covariance with itself, which are exact to 1e-16 and their
    roots to 1e-8 at worst, as much as the float32 product leaves.
    """
    cross = (x.single.T @ y_single).double()
    squares = torch.linalg.eigvalsh(gram(cross if cross.shape[0] >= cross.shape[1] else cross.T))
    return squares.flip(0).clamp(0, 1).sqrt()


def _kept(values: torch.Tensor, keep: float) -> int:
    if isinstance(keep, bool) or not isinstance(keep, Real):
        raise ValueError(f"keep: wanted a share (float) or a number of directions (int), found {keep!r}")
    if isinstance(keep, Integral):
        if not 1 <= keep <= len(values):
            raise ValueError(f"keep: wanted 1 to {len(values)} directions (neurons), found {keep}")
        return int(keep)
    if not 0 < keep <= 1:
        raise ValueError(f"keep: wanted a share of the variance in (0, 1], found {keep}; for directions pass an int")
    share = values.clamp(min=0).cumsum(0) / values.clamp(min=0).sum()
    return min(int((share < keep).sum()) + 1, len(values))


def _basis(scatter: torch.Tensor, rtol: float) -> tuple[torch.Tensor, float]:
    live = scatter.diagonal() > 0
    if not live.all():
        of_live, condition = _basis(scatter[live][:, live], rtol)
        basis = of_live.new_zeros(len(live), of_live.shape[1])
        basis[live] = of_live
        return basis, condition
    return _by_cholesky(scatter, rtol) or _by_eigenvectors(scatter, rtol)


def _by_cholesky(scatter: torch.Tensor, rtol: float) -> tuple[torch.Tensor, float] | None:
    """R^-1 of scatter = R'R when a bound on its condition number certifies full rank, else None."""
    factor, failed = torch.linalg.cholesky_ex(scatter, upper=True)
    if failed:
        return None
    inverse = torch.linalg.solve_triangular(factor, torch.eye(len(factor)).to(factor), upper=True)
    condition = float((scatter.norm() * gram(inverse.T).norm()).sqrt())
    return (inverse, condition) if condition * max(rtol, 1 / SAFE_CONDITION) < 1 else None


def _by_eigenvectors(scatter: torch.Tensor, rtol: float) -> tuple[torch.Tensor, float]:
    values, vectors = _descending(scatter)
    count = _rank(values, rtol)
    return vectors[:, :count] * values[:count].rsqrt(), float((values[0] / values[count - 1]).sqrt())


def _refined(layer: Centred, basis: torch.Tensor) -> torch.Tensor:
    """The scatter has squared the condition number; orthonormalising the scores once more undoes the loss."""
    inner = sum(gram(chunk @ basis) for chunk in chunks(layer.x, layer.mean))
    factor, failed = torch.linalg.cholesky_ex(inner, upper=True)
    return basis if failed else torch.linalg.solve_triangular(factor, basis, upper=True, left=False)


def _descending(scatter: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    values, vectors = torch.linalg.eigh(scatter)
    return values.flip(0), vectors.flip(1)


def _rank(values: torch.Tensor, rtol: float) -> int:
    """Eigenvalues above tolerance; never below the round-off of forming the scatter."""
    floor = max(rtol**2, len(values) * torch.finfo(values.dtype).eps)
    return max(1, int((values > floor * values[0]).sum()))
