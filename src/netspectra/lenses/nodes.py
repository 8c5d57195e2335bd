"""Scores of hidden nodes, by the activation to be silenced."""

import torch
from torch import nn

from netspectra.data.images import Split
from netspectra.measures.alignment import alignment
from netspectra.networks.ensembles import Ensemble, input_of, weight_layers


def hidden(network: nn.Sequential) -> dict[str, str]:
    """Layers whose nodes can be dropped and the activation that follows each: all with weights but the classifier."""
    names = [name for name, _ in network.named_children()]
    return {layer: names[names.index(layer) + 1] for layer in list(weight_layers(network))[:-1]}


def node_alignment(network: nn.Sequential, split: Split) -> dict[str, torch.Tensor]:
    """Alignment of every hidden node over a split, by the activation to be silenced."""
    stack, layers = Ensemble.of(network), hidden(network)
    sources = {layer: input_of(network, layer) for layer in layers}
    kept = [stack(x, sources.values())[1] for x, _ in split.batches(5000)]
    return {
        after: alignment(torch.cat([k[sources[layer]][0].flatten(1) for k in kept]), stack.weight(layer)[0])
        for layer, after in layers.items()
    }


def node_norm(network: nn.Sequential) -> dict[str, torch.Tensor]:
    """Length of every hidden node's weights, by the activation to be silenced."""
    weights = weight_layers(network)
    return {after: weights[layer].weight.flatten(1).norm(dim=1) for layer, after in hidden(network).items()}
