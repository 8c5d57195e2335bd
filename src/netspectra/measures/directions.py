"""Directions of a layer to project it on: those it shares with another layer (SVCCA), and its principal ones.

A direction is a vector over the samples, as in the SVCCA paper, where neurons are vectors and the layer is their span.
The layer is projected in that space of samples: neuron by neuron, on the span of the first k directions.
"""

from dataclasses import dataclass
from functools import cached_property

import torch

from netspectra.measures import checks
from netspectra.measures.factoring import svd
from netspectra.measures.scatter import Activations, Centred, centre, cross_scatter

SHARES = ("values", "variance")


@dataclass(frozen=True, eq=False)
class Directions:
    """K directions of a layer x, the most important first, float64.

    Attributes:
        mean: Mean of every neuron, (neurons,).
        filters: (neurons, K); (x - mean) filters are the directions, orthonormal vectors over the samples.
        patterns: (K, neurons), how much of each direction every neuron holds: (x - mean)' times the directions.
        correlations: (c,) of the first c <= K directions with those of the other layer; empty for principal directions.
    """

    mean: torch.Tensor
    filters: torch.Tensor
    patterns: torch.Tensor
    correlations: torch.Tensor

    def __len__(self) -> int:
        return len(self.patterns)

    def project(self, x: torch.Tensor, count: int) -> torch.Tensor:
        """Activations (samples, neurons) with every neuron projected on the first `count` directions, its mean kept.

        (x - mean) F_k P_k + mean: on the samples that the directions came from, the orthogonal projection of the
        neurons on their span; on other samples, the same linear map.

        Raises:
            ValueError: Other neurons, or more directions than there are.
        """
        down, up = self.factors(count)
        x = checks.matrix("x", x, columns=len(self.mean))
        mean = self.mean.to(x)
        return (x - mean) @ down.to(x) @ up.to(x) + mean

    def factors(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Filters (neurons, count) and patterns (count, neurons), the two factors of the projection.

        Raises:
            ValueError: `count` outside 0 to K.
        """
        checks.count("count", count, least=0, most=len(self))
        return self.filters[:, :count], self.patterns[:count]

    def loadings(self, count: int) -> torch.Tensor:
        """Length of every neuron's projection on the first `count` directions, (neurons,)."""
        return self.factors(count)[1].norm(dim=0)


@dataclass(frozen=True, eq=False)
class Decomposed(Centred):
    """A layer with the singular values and vectors of its centred activations, found once for all its directions.

    Attributes:
        x: As in `Centred`, like mean, scatter and size.
        rtol: Directions with singular values up to rtol times the largest are dropped.
    """

    rtol: float

    @cached_property
    def singular(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Singular values (r,), descending, and right singular vectors (neurons, r)."""
        values, vectors = torch.linalg.eigh(self.scatter)
        floor = max(self.rtol**2, len(values) * torch.finfo(values.dtype).eps) * values[-1]
        count = max(1, int((values > floor).sum()))
        return values[-count:].flip(0).sqrt(), vectors[:, -count:].flip(1)


def decompose(x: Activations, *, rtol: float = 1e-6, name: str = "x") -> Decomposed:
    """A layer made ready for all that asks for its directions.

    Args:
        x: Activations (samples, neurons), or their moments.
        rtol: Directions with singular values up to rtol times the largest are dropped.
        name: What errors call `x`.

    Raises:
        ValueError: Bad activations.
    """
    if isinstance(x, Decomposed):
        return x
    layer = centre(name, x)
    return Decomposed(layer.x, layer.mean, layer.scatter, rtol, size=layer.size)


def svcca_rank(singular_values: torch.Tensor, share: float = 0.99, *, of: str = "values") -> int:
    """Directions that SVCCA keeps of a layer: the fewest that hold a share of the sum.

    Args:
        singular_values: Of the centred activations, descending, (d,).
        share: In (0, 1].
        of: "values", the sum of singular values, as the SVCCA paper's appendix A says and its code does; or "variance",
            the sum of their squares, as its section 2.1 can be read.

    Raises:
        ValueError: `share` or `of` outside what is allowed, or values that do not descend from above zero.
    """
    values = checks.descending("singular_values", singular_values)
    if of not in SHARES:
        raise ValueError(f"of: wanted one of {', '.join(SHARES)}, found {of!r}")
    if not float(values[0]) > 0 or float(values[-1]) < 0:
        raise ValueError("singular_values: wanted the first above zero and none negative; a constant layer has none")
    held = (values if of == "values" else values.square()).cumsum(0)
    return int((held < checks.fraction("share", share) * held[-1]).sum()) + 1


def principal_directions(x: Activations) -> Directions:
    """All principal directions of a layer, that of the largest variance first.

    Raises:
        ValueError: Bad activations.
    """
    layer = decompose(x)
    values, _ = layer.singular
    return _turned(layer, torch.eye(len(values)).to(values), values.new_empty(0))


def shared_directions(
    x: Activations, y: Activations, *, share: float = 0.99, of: str = "values", filled: bool = False
) -> Directions:
    """SVCCA directions of x against y, that of the largest correlation first.

    Both layers are cut to the principal directions that `svcca_rank` keeps, then CCA aligns them.

    Args:
        x: Activations (samples, neurons), as they are or decomposed, of the layer that is to be projected.
        y: The same samples in another layer, or the logits.
        share: As in `svcca_rank`, of both layers; 1.0 keeps all that they span.
        of: As in `svcca_rank`.
        filled: After the directions shared with y come the principal directions of what they leave of x, until
            everything that x spans is held. Ten logits share ten directions at most.

    Raises:
        ValueError: Bad activations, different numbers of samples, or as `svcca_rank`.
    """
    first, second = decompose(x), decompose(y, name="y")
    checks.same_samples("x", first.x, "y", second.x)
    (x_values, x_vectors), (y_values, y_vectors) = first.singular, second.singular
    kept, y_kept = (svcca_rank(values, share, of=of) for values in (x_values, y_values))
    cross = (x_vectors[:, :kept] / x_values[:kept]).T @ cross_scatter(first, second)
    u, rho, _ = svd(cross @ (y_vectors[:, :y_kept] / y_values[:y_kept]))
    rotation = u.new_zeros(len(x_values), u.shape[1])
    rotation[:kept] = u
    if filled:
        rotation = torch.cat([rotation, _remaining(rotation, x_values)], 1)
    return _turned(first, rotation, rho.clamp(0, 1))


def random_directions(x: Activations, generator: torch.Generator) -> Directions:
    """Directions of the whitened layer in a random orthonormal frame: the control that any span of k would give.

    Raises:
        ValueError: Bad activations.
    """
    layer = decompose(x)
    values, _ = layer.singular
    drawn = torch.randn(len(values), len(values), generator=generator, dtype=torch.float64).to(values)
    return _turned(layer, torch.linalg.qr(drawn).Q, values.new_empty(0))


def only_neurons(x: torch.Tensor, chosen: torch.Tensor, others: torch.Tensor | float) -> torch.Tensor:
    """Activations in which all neurons but the chosen ones are set to a constant.

    Args:
        x: (samples, neurons).
        chosen: Indices of the neurons that stay.
        others: What the rest is set to: 0, or the mean of every neuron, (neurons,).
    """
    kept = torch.zeros(x.shape[1], dtype=torch.bool, device=x.device)
    kept[chosen] = True
    return torch.where(kept, x, torch.as_tensor(others).to(x))


def _remaining(taken: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Principal directions of diag(values) beside the orthonormal columns taken, (r, r - taken)."""
    beside = torch.linalg.qr(taken, mode="complete").Q[:, taken.shape[1] :]
    return beside @ torch.linalg.eigh((beside.T * values.square()) @ beside).eigenvectors.flip(1)


def _turned(layer: Decomposed, rotation: torch.Tensor, correlations: torch.Tensor) -> Directions:
    """Directions of the whitened layer along the orthonormal columns of a rotation (r, K)."""
    values, vectors = layer.singular
    filters, patterns = (vectors / values) @ rotation, (rotation.T * values) @ vectors.T
    return Directions(layer.mean * layer.size, filters / layer.size, patterns * layer.size, correlations)
