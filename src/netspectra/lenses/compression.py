"""Compression of linear layers by directions of what enters them: W x becomes (W P')(P x) (SVCCA notes)."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from netspectra.measures.directions import Directions


@dataclass(frozen=True)
class Size:
    """Weights and multiply-adds per sample of one linear layer, before and after.

    Attributes:
        layer: Its name.
        d: Neurons that enter it.
        nodes: Neurons that leave it.
        rank: Directions kept of what enters it.
    """

    layer: str
    d: int
    nodes: int
    rank: int

    @property
    def before(self) -> int:
        """Weights of W; each takes part in one multiply-add per sample."""
        return self.d * self.nodes

    @property
    def after(self) -> int:
        """Weights of both factors."""
        return self.rank * (self.d + self.nodes)

    @property
    def ratio(self) -> float:
        """After over before; above one from `break_even` on, where the notes' k / n says it never is."""
        return self.after / self.before

    @property
    def break_even(self) -> float:
        """The rank at which nothing is saved, n m / (n + m)."""
        return self.before / (self.d + self.nodes)


class Factored(nn.Module):
    """A linear layer of rank k: first to k directions, then to the nodes."""

    def __init__(self, down: torch.Tensor, up: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        self.down = nn.Linear(down.shape[1], len(down), bias=False)
        self.up = nn.Linear(up.shape[1], len(up))
        with torch.no_grad():
            self.down.weight.copy_(down)
            self.up.weight.copy_(up)
            self.up.bias.copy_(bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the layer gives for the projection of x, (samples, nodes)."""
        return self.up(self.down(x))


def factored(layer: nn.Linear, directions: Directions, rank: int) -> Factored:
    """The layer acting on its input projected on the first `rank` directions, as two smaller layers.

    W ((x - mean) F P + mean) + b = (W P')(F' x) + b + W (mean - P' F' mean): the mean is kept in the bias and costs
    nothing.

    Raises:
        ValueError: Directions of another number of neurons, or fewer of them than `rank`.
    """
    filters, patterns = directions.factors(rank)
    if len(filters) != layer.in_features:
        raise ValueError(f"directions: wanted those of {layer.in_features} neurons, found {len(filters)}")
    weight = layer.weight.detach().double()
    mean, filters, patterns = (t.to(weight) for t in (directions.mean, filters, patterns))
    bias = weight @ (mean - patterns.T @ (filters.T @ mean))
    if layer.bias is not None:
        bias = bias + layer.bias.detach().double()
    found = Factored(filters.T, weight @ patterns.T, bias)
    return found.to(layer.weight)


def compressed(network: nn.Module, layers: Mapping[str, tuple[Directions, int]]) -> nn.Module:
    """A copy of a network with linear layers replaced by two factors each; nothing is trained again.

    Args:
        network: Any module; left as it is.
        layers: {name of a linear layer: (directions of what enters it, how many to keep)}.

    Raises:
        ValueError: No linear layer of that name, or directions that do not fit it.
    """
    found = copy.deepcopy(network)
    for name, (directions, rank) in layers.items():
        parent, _, key = name.rpartition(".")
        setattr(found.get_submodule(parent), key, factored(_linear(network, name), directions, rank))
    return found


def sizes(network: nn.Module, ranks: Mapping[str, int]) -> list[Size]:
    """What each linear layer named in `ranks` costs before and after.

    Raises:
        ValueError: No linear layer of that name.
    """
    layers = {name: _linear(network, name) for name in ranks}
    return [Size(name, layer.in_features, layer.out_features, ranks[name]) for name, layer in layers.items()]


def _linear(network: nn.Module, name: str) -> nn.Linear:
    layer = dict(network.named_modules()).get(name)
    if not isinstance(layer, nn.Linear):
        there = ", ".join(key for key, module in network.named_modules() if isinstance(module, nn.Linear))
        raise ValueError(f"layers: wanted linear layers among {there}, found {name!r}")
    return layer
