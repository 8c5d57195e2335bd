"""Whole layers of trained networks with the whitenings that all comparisons of them share."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn

from netspectra.data.images import Split
from netspectra.measures import cca
from netspectra.networks import old_layers as layers


@dataclass(frozen=True, eq=False)
class Layer:
    """Activations (samples, neurons) of one network with what every pair reuses."""

    x: torch.Tensor
    keep: int

    @cached_property
    def whitened(self) -> cca.Whitened:
        """Whitened on all the directions it spans."""
        return cca.whiten(self.x)

    @cached_property
    def principal(self) -> cca.Whitened:
        """Whitened on its first principal directions."""
        return cca.principal(self.x, self.keep)

    def permuted(self, generator: torch.Generator) -> "Layer":
        """The same layer with its samples in random order: its spectrum without any relation to the others."""
        return Layer(self.x[torch.randperm(len(self.x), generator=generator)], self.keep)


def activations(trained: Iterable[nn.Sequential], split: Split, settings: dict) -> list[Layer]:
    """What enters the named layer of every network, over the whole split."""
    found = []
    with torch.no_grad():
        for network in trained:
            seen = [layers.entering(network, x, [settings["entering"]]) for x, _ in split.batches(settings["batch"])]
            found.append(Layer(torch.cat([s[settings["entering"]] for s in seen]).cpu().double(), settings["top"]))
    return found


def singular_values(layer: Layer) -> torch.Tensor:
    """Descending, from the eigenvalues of the scatter."""
    return torch.linalg.eigvalsh(layer.whitened.scatter).clamp(min=0).flip(0).sqrt()
