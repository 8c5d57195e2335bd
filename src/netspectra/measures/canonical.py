"""Canonical correlations of two layers: CCA and SVCCA (arXiv 1706.05806), from whitenings computed once per layer.

Where rows share inputs, `groups` says which belong together (see `dependence`); results carry how many samples they are
worth.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import torch

from netspectra.measures import checks
from netspectra.measures.cca_inference import ordered, warn_few_samples
from netspectra.measures.dependence import Groups, effective, effective_samples, rows_of_inputs
from netspectra.measures.factoring import singular_values, svd
from netspectra.measures.scatter import Activations, centre_pair
from netspectra.measures.whitening import Whitened, principal, single_correlations, whiten, whitened

# Up to this condition number, products in float32 leave five digits of every correlation and six of the mean.
SINGLE_CONDITION = 60


@dataclass(frozen=True, eq=False)
class CCA:
    """Canonical correlations, and directions once asked for; k is the smaller of the two numerical ranks.

    Attributes:
        cross: Whitened cross-covariance, (rank of x, rank of y), float64.
        x_basis: Map (neurons of x, rank of x) that whitens x.
        y_basis: Map (neurons of y, rank of y) that whitens y.
        samples: Number of independent samples that the rows are worth, for `bartlett_rank` and `null_edge`: all of
            them, unless `groups` says which share an input.
    """

    cross: torch.Tensor
    x_basis: torch.Tensor
    y_basis: torch.Tensor
    samples: float

    @cached_property
    def correlations(self) -> torch.Tensor:
        """Singular values of `cross`: (k,), descending, in [0, 1]."""
        return singular_values(self.cross).clamp(0, 1)

    @property
    def x_directions(self) -> torch.Tensor:
        """(neurons of x, k); centred x times these are orthonormal columns (whitening included)."""
        return self.x_basis @ self.rotations[0]

    @property
    def y_directions(self) -> torch.Tensor:
        """(neurons of y, k)."""
        return self.y_basis @ self.rotations[1]

    @cached_property
    def rotations(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Singular vectors of `cross`, in columns: (rank of x, k) and (rank of y, k)."""
        u, _, vt = svd(self.cross)
        return u, vt.T


def cca(
    x: Activations,
    y: Activations,
    *,
    ridge: float = 0.0,
    rtol: float = 1e-6,
    single: bool = False,
    groups: Groups = None,
) -> CCA:
    """Canonical correlation analysis of two layers.

    The correlations are the singular values of Cxx^-1/2 Cxy Cyy^-1/2 on the spanned subspaces (Hotelling 1936).
    Warns when samples, or what they are worth, are fewer than five times the neurons.

    Args:
        x: Activations, (samples, neurons of x), or their whitening, which is then used as it is.
        y: Activations of the same samples, (samples, neurons of y), or their whitening.
        ridge: Shrinkage of both covariances in units of their mean variance.
        rtol: Directions with singular values up to rtol times the largest are dropped.
        single: Multiply chunks of samples in float32 and add them up in float64, which halves the time of the products:
            means hold to 1e-6, each correlation to 1e-5. Layers whose condition number turns out above 60 are done
            again in float64.
        groups: Which rows share an input: how many follow each other, or the input of every row, (samples,). They
            change no correlation, but `CCA.samples`.

    Raises:
        ValueError: Bad activations, different numbers of samples, `ridge`, `rtol` or `groups` outside their range.
    """
    *ready, cross = whitened_pair(x, y, ridge, rtol, torch.float32 if single else torch.float64)
    if single and max(layer.estimated_condition() for layer in ready) > SINGLE_CONDITION:
        *ready, cross = whitened_pair(x, y, ridge, rtol)
    found = correlate(*ready, cross, groups=groups)
    warn_few_samples(ready[0].samples, ready[0].neurons, ready[1].neurons, found.samples)
    return found


def correlate(x: Activations, y: Activations, cross: torch.Tensor | None = None, *, groups: Groups = None) -> CCA:
    """CCA of two layers that are whitened already, and whose `cross_scatter` may be known; warns of nothing.

    Raises:
        ValueError: Different numbers of samples, or bad groups.
    """
    x, y = whitened("x", x), whitened("y", y)
    checks.same_samples("x", x.x, "y", y.x)
    rows = rows_of_inputs(groups, x.samples)
    found = CCA(x.cross(y, cross), _of_given(x), _of_given(y), float(x.samples))
    return found if groups is None else replace(found, samples=effective(x, y, *found.rotations, rows))


def svcca(x: Activations, y: Activations, *, keep: float = 0.99, rtol: float = 1e-6, groups: Groups = None) -> CCA:
    """CCA of the first principal directions of each layer (SVCCA, arXiv 1706.05806, section 2.1).

    The kept directions come from the covariance, never from a decomposition of the activations. The mean of the
    correlations is over the kept directions.

    Args:
        x: Activations, (samples, neurons of x), or their whitening, whose covariance is then reused.
        y: Activations of the same samples, (samples, neurons of y), or their whitening.
        keep: Share of variance, a float in (0, 1] of the sum of squared singular values, or a number of directions.
        rtol: Directions with singular values up to rtol times the largest are dropped whatever `keep` says.
        groups: As in `cca`.

    Raises:
        ValueError: Bad activations, different numbers of samples, `keep` or `groups` outside their range.
    """
    first, second = principal(x, keep, rtol=rtol, name="x"), principal(y, keep, rtol=rtol, name="y")
    found = correlate(first, second, groups=groups)
    warn_few_samples(first.samples, first.rank, second.rank, found.samples)
    return found


def mean_correlation(correlations: checks.Array, *, top: int | None = None, mass: float | None = None) -> float:
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


def all_pairs(layers: Mapping[str, Activations], *, groups: Groups = None) -> dict[tuple[str, str], torch.Tensor]:
    """Correlations of every pair of layers; each is whitened once and products of whitened data run in float32.

    Single precision is safe there because whitened data has condition number one: means agree to 1e-8. Warns as `cca`
    does, of the two layers of highest rank; what the rows of a pair are worth is told by `effective_samples`.

    Args:
        layers: Activations (samples, neurons), or whitenings, by name.
        groups: As in `cca`.

    Returns:
        For every pair of names in the given order, the correlations (k,), descending, float64.

    Raises:
        ValueError: Fewer than two layers, bad activations, different numbers of samples, or bad groups.
    """
    if len(layers) < 2:
        raise ValueError(f"layers: wanted two or more, found {len(layers)}")
    ready = {name: whitened(name, x) for name, x in layers.items()}
    first = next(iter(ready))
    for name, layer in ready.items():
        checks.same_samples(first, ready[first].x, name, layer.x)
    widest, next_widest = sorted(ready.values(), key=lambda layer: -layer.rank)[:2]
    worth = effective_samples(widest, next_widest, groups=groups)
    warn_few_samples(widest.samples, widest.rank, next_widest.rank, worth)
    return {(a, b): single_correlations(ready[a], ready[b].single) for a, b in combinations(ready, 2)}


def whitened_pair(
    x: Activations, y: Activations, ridge: float, rtol: float, dtype: torch.dtype = torch.float64
) -> tuple[Whitened, Whitened, torch.Tensor]:
    """Both layers whitened, and the product of their centred activations; see `scatter.centre_pair`."""
    *layers, cross = centre_pair(x, y, dtype)
    ready = [layer if isinstance(layer, Whitened) else whiten(layer, ridge=ridge, rtol=rtol) for layer in layers]
    return *ready, cross


def _of_given(x: Whitened) -> torch.Tensor:
    """The whitening map for the activations as they were given."""
    return x.basis if x.size == 1 else x.basis / x.size
