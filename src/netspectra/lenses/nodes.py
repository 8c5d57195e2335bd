"""Scores of hidden nodes, by the activation to be silenced."""

import torch
from torch import nn

from netspectra.data.images import Split
from netspectra.lenses.alignment import layer_alignment
from netspectra.networks.layers import weight_layers
from netspectra.networks.places import chain


def hidden(network: nn.Module) -> dict[str, str]:
    """Layers whose nodes can be dropped and the stage that follows each: all with weights but the classifier.

    Raises:
        ValueError: A layer with weights is no stage of a chain, so that nothing is known to follow it.
    """
    names, layers = [name for name, _ in chain(network)], list(weight_layers(network))
    if inner := [layer for layer in layers if layer not in names]:
        raise ValueError(f"network: wanted a chain of layers, found {inner[0]} within a module; name places instead")
    return {layer: names[names.index(layer) + 1] for layer in layers[:-1]}


def node_alignment(network: nn.Module, split: Split) -> dict[str, torch.Tensor]:
    """Alignment of every hidden node over a split, by the activation to be silenced."""
    following = hidden(network)
    found = layer_alignment(network, split.batches(5000), following)
    return {after: found[layer] for layer, after in following.items()}


def node_norm(network: nn.Module) -> dict[str, torch.Tensor]:
    """Length of every hidden node's weights, by the activation to be silenced."""
    weights = weight_layers(network)
    return {after: weights[layer].weight().norm(dim=1) for layer, after in hidden(network).items()}
