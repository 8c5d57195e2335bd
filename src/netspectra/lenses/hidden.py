"""Hidden layers of trained replicates and their joint moments; shared by the rainbow experiments."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from netspectra.measures.moments import Moments
from netspectra.networks import old_layers as layers
from netspectra.networks.checkpoints import Networks
from netspectra.networks.ensembles import weight_layers


@dataclass(frozen=True)
class Hidden:
    """Hidden layer `number`, from 1: the layer that computes it and the one that it enters."""

    number: int
    layer: str
    next: str


def hidden_layers(network: nn.Sequential) -> list[Hidden]:
    """The hidden layers in order; the classifier is none."""
    names = list(weight_layers(network))
    return [Hidden(i, layer, after) for i, (layer, after) in enumerate(pairwise(names), 1)]


def replicates(networks: Networks, at: float | None = None) -> list[nn.Sequential]:
    """The replicates of a block without variants, channels last, which convolutions of few channels need to be fast."""
    return [network.to(memory_format=torch.channels_last) for network in networks.stack(networks.variants[0], at)]


def joint_moments(
    trained: list[nn.Sequential], batches: Iterable[tuple[torch.Tensor, torch.Tensor]]
) -> dict[int, "JointMoments"]:
    """Moments of every hidden layer over all networks side by side, in one pass; positions of maps are samples."""
    layers_ = hidden_layers(trained[0])
    found: dict[int, JointMoments] = {}
    with torch.no_grad():
        for x, _ in batches:
            seen = [layers.entering(network, x, [h.next for h in layers_]) for network in trained]
            for h in layers_:
                side_by_side = torch.cat([layers.neurons_last(a[h.next]) for a in seen], 1)
                if h.number not in found:
                    found[h.number] = JointMoments(Moments(side_by_side.shape[1]), len(trained))
                found[h.number].moments.update(side_by_side)
    return found


@dataclass(frozen=True)
class JointMoments:
    """Moments of R networks of d neurons side by side; its blocks are all covariances and cross-covariances."""

    moments: Moments
    networks: int

    def blocks(self, centred: bool) -> torch.Tensor:
        """Entry [i, j] is E[phi_i phi_j'], (R, R, d, d), centred or not."""
        whole = self.moments.covariance(centred)
        d = len(whole) // self.networks
        return whole.view(self.networks, d, self.networks, d).transpose(1, 2)
