"""Hidden layers of trained replicates and their joint moments; shared by the rainbow experiments."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from netspectra.measures.moments import Moments
from netspectra.networks.checkpoints import Networks
from netspectra.networks.layers import chained_layers
from netspectra.networks.layouts import unflattened
from netspectra.networks.looking import looking
from netspectra.networks.places import read
from netspectra.networks.rows import neurons_last


@dataclass(frozen=True)
class Hidden:
    """Hidden layer `number`, from 1: the layer that computes it and the one that it enters."""

    number: int
    layer: str
    next: str


def hidden_layers(network: nn.Module) -> list[Hidden]:
    """The hidden layers of a chain in order; the classifier is none.

    Raises:
        ValueError: A layer lies within a module.
    """
    names = list(chained_layers(network))
    return [Hidden(i, layer, after) for i, (layer, after) in enumerate(pairwise(names), 1)]


def replicates(networks: Networks, at: float | None = None) -> list[nn.Sequential]:
    """The replicates of a block without variants, channels last, which convolutions of few channels need to be fast."""
    return [network.to(memory_format=torch.channels_last) for network in networks.stack(networks.variants[0], at)]


def joint_moments(
    trained: list[nn.Sequential], batches: Iterable[tuple[torch.Tensor, torch.Tensor]], *, mismatched: bool = False
) -> dict[int, "JointMoments"]:
    """Moments of every hidden layer over all networks side by side, in one pass; positions of maps are samples.

    Mismatched, as a control, network i is shown every batch moved on by i samples, so that no two networks see the same
    sample at the same time.
    """
    places = {h.number: unflattened(trained[0], h.next) for h in hidden_layers(trained[0])}
    found: dict[int, JointMoments] = {}
    with looking(*trained), torch.no_grad():
        for x, _ in batches:
            shown = [x.roll(i, 0) if mismatched else x for i in range(len(trained))]
            seen = [
                read(network, own, places.values(), outputs=False).entering
                for network, own in zip(trained, shown, strict=True)
            ]
            for number, place in places.items():
                side_by_side = torch.cat([neurons_last(a[place]) for a in seen], 1)
                if number not in found:
                    found[number] = JointMoments(Moments(side_by_side.shape[1]), len(trained))
                found[number].moments.update(side_by_side)
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
