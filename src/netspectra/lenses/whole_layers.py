"""Whole layers of trained networks with the whitenings that all comparisons of them share."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn

from netspectra.data.images import Split
from netspectra.measures.whitening import Whitened, principal, whiten
from netspectra.networks.layouts import unflattened
from netspectra.networks.looking import looking
from netspectra.networks.places import read


@dataclass(frozen=True, eq=False)
class Layer:
    """Activations (samples, neurons) of one network with what every pair reuses."""

    x: torch.Tensor
    keep: int

    @cached_property
    def whitened(self) -> Whitened:
        """Whitened on all the directions it spans."""
        return whiten(self.x)

    @cached_property
    def principal(self) -> Whitened:
        """Whitened on its first principal directions."""
        return principal(self.x, self.keep)

    def permuted(self, generator: torch.Generator) -> "Layer":
        """The same layer with its samples in random order: its spectrum without any relation to the others."""
        return Layer(self.x[torch.randperm(len(self.x), generator=generator)], self.keep)


def activations(trained: Iterable[nn.Module], split: Split, settings: dict) -> list[Layer]:
    """What enters the named place of every network, over the whole split; as maps where they are flattened for it."""
    return [Layer(_entering(network, split, settings), settings["top"]) for network in trained]


def _entering(network: nn.Module, split: Split, settings: dict) -> torch.Tensor:
    place = unflattened(network, settings["entering"])
    with looking(network), torch.no_grad():
        seen = [read(network, x, [place], outputs=False).entering[place] for x, _ in split.batches(settings["batch"])]
    return torch.cat(seen).cpu().double()


def singular_values(layer: Layer) -> torch.Tensor:
    """Descending, from the eigenvalues of the scatter."""
    return torch.linalg.eigvalsh(layer.whitened.scatter).clamp(min=0).flip(0).sqrt()
