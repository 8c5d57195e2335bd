"""Distances between representations under five measures at once, from one decomposition per layer and one per pair.

PWCCA is the measure of the PWCCA notes; mean CCA, SVCCA, CKA and Procrustes stand beside it, so that what a document
finds under one can be asked of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import torch

from netspectra.measures import checks
from netspectra.measures.cca_inference import warn_few_samples
from netspectra.measures.directions import svcca_rank
from netspectra.measures.factoring import singular_values, svd
from netspectra.measures.scatter import Activations, cross_scatter
from netspectra.measures.whitening import Whitened, principal, whiten

MEASURES = ("pwcca", "mean_cca", "svcca", "cka", "procrustes")


@dataclass(frozen=True, eq=False)
class Representation:
    """A layer with what all its comparisons share.

    Attributes:
        whitened: On all the directions it spans.
        principal: On the directions that SVCCA keeps.
        singular_values: Of the centred activations, descending, (neurons,).
    """

    whitened: Whitened
    principal: Whitened
    singular_values: torch.Tensor

    @property
    def rank(self) -> int:
        """Directions that it spans, to be stated with every mean over them."""
        return self.whitened.rank


@dataclass(frozen=True)
class Comparison:
    """Distances of two representations, each 0 for equal ones and at most 1.

    Attributes:
        pwcca: The mean of the two directions below.
        pwcca_first: Weighted by the first representation, as the notes define it.
        pwcca_second: Weighted by the second.
        mean_cca: One minus the mean canonical correlation over all directions.
        svcca: The same over the directions that hold the share of the singular values.
        cka: One minus linear CKA.
        procrustes: One minus the cosine after the best rotation and scale.
    """

    pwcca: float
    pwcca_first: float
    pwcca_second: float
    mean_cca: float
    svcca: float
    cka: float
    procrustes: float


def represent(
    x: Activations, *, share: float = 0.99, of: str = "values", rtol: float = 1e-6, name: str = "x"
) -> Representation:
    """Decompose a layer once for all its comparisons.

    Args:
        x: Activations, (samples, neurons).
        share: Of SVCCA, see `directions.svcca_rank`.
        of: Of SVCCA, see `directions.svcca_rank`.
        rtol: Directions with singular values up to rtol times the largest are noise of the arithmetic.
        name: What errors call `x`.

    Raises:
        ValueError: Bad activations, or `share` or `of` outside what is allowed.
    """
    whitened = whiten(x, rtol=rtol, name=name)
    values = torch.linalg.eigvalsh(whitened.scatter).clamp(min=0).flip(0).sqrt()
    kept = principal(whitened, svcca_rank(values, share, of=of), rtol=rtol)
    return Representation(whitened, kept, values)


def compare(x: Representation, y: Representation) -> Comparison:
    """All distances of two representations of the same samples.

    Raises:
        ValueError: Different numbers of samples.
    """
    checks.same_samples("x", x.whitened.x, "y", y.whitened.x)
    warn_few_samples(x.whitened.samples, x.rank, y.rank)
    product = cross_scatter(x.whitened, y.whitened)
    u, rho, vh = svd(x.whitened.cross(y.whitened, product))
    rho = rho.clamp(0, 1)
    directed = [1 - float(_weights(side.whitened, turned) @ rho) for side, turned in ((x, u), (y, vh.T))]
    kept = singular_values(x.principal.cross(y.principal, product)).clamp(0, 1)
    nuclear = float(singular_values(product).sum())
    return Comparison(
        pwcca=sum(directed) / 2,
        pwcca_first=directed[0],
        pwcca_second=directed[1],
        mean_cca=1 - float(rho.mean()),
        svcca=1 - float(kept.mean()),
        cka=1 - float(product.square().sum() / (_square(x) * _square(y)) ** 0.5),
        procrustes=1 - nuclear / (_total(x) * _total(y)) ** 0.5,
    )


def distance_matrices(layers: Sequence[Representation]) -> dict[str, torch.Tensor]:
    """Distances of every pair of representations.

    Args:
        layers: Two or more, of the same samples.

    Returns:
        {measure: (R, R), symmetric with zero diagonal} and "pwcca_directed", whose entry [i, j] weights by i; float64.

    Raises:
        ValueError: Fewer than two, or different numbers of samples.
    """
    if len(layers) < 2:
        raise ValueError(f"layers: wanted two or more, found {len(layers)}")
    found = {name: torch.zeros(len(layers), len(layers), dtype=torch.float64) for name in MEASURES}
    directed = torch.zeros_like(found["pwcca"])
    for i, j in combinations(range(len(layers)), 2):
        pair = compare(layers[i], layers[j])
        for name, matrix in found.items():
            matrix[i, j] = matrix[j, i] = getattr(pair, name)
        directed[i, j], directed[j, i] = pair.pwcca_first, pair.pwcca_second
    return found | {"pwcca_directed": directed}


def random_neurons(x: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """A random subset of `count` neurons (samples, count), so that layers of different widths compare as equals.

    Raises:
        ValueError: More than there are, or none.
    """
    checks.count("count", count, most=x.shape[1])
    return x[:, torch.randperm(x.shape[1], generator=generator)[:count].sort().values.to(x.device)]


def _weights(layer: Whitened, turned: torch.Tensor) -> torch.Tensor:
    """alpha_i = sum_j |<h_i, x_j>| of the centred neurons, normalised (PWCCA paper, section 3)."""
    weights = ((layer.basis @ turned).T @ layer.scatter).abs().sum(1)
    return weights / weights.sum()


def _square(x: Representation) -> float:
    return float(x.whitened.scatter.square().sum())


def _total(x: Representation) -> float:
    return float(x.whitened.scatter.trace())
