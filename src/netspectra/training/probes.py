"""Probes: what is measured on the networks while they train, from the activations that the step already has."""

from collections.abc import Iterable

import torch
from torch import nn

from netspectra.measures import alignment as measure
from netspectra.networks.ensembles import Ensemble, input_of, weight_layers


def wanted(network: nn.Sequential) -> Iterable[str]:
    """Activations that the probes read: what enters and what leaves every layer with weights."""
    layers = weight_layers(network)
    return {name for layer in layers for name in (layer, input_of(network, layer))}


def alignment(stack: Ensemble, kept: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Alignment of every node on this minibatch, {layer: (R, nodes)} (alignment document, "Basic Results")."""
    found = {}
    for name, layer in weight_layers(stack.network).items():
        inputs, outputs, weight = kept[input_of(stack.network, name)], kept[name], stack.weight(name)
        if isinstance(layer, nn.Linear):
            found[name] = measure.of_outputs(inputs.flatten(2), outputs, weight)
        else:
            rows = [
                measure.of_convolution(x, z, layer, w)
                for x, z, w in zip(inputs.expand(len(stack), *inputs.shape[1:]), outputs, weight, strict=True)
            ]
            found[name] = torch.stack(rows).float()
    return found


PROBES = {"alignment": alignment}
