"""Probes: what is measured on the networks while they train, from what flows in a step that is made anyway."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import nn

from netspectra.measures import alignment as measure
from netspectra.networks.ensembles import Ensemble
from netspectra.networks.layers import weight_layers
from netspectra.networks.places import Reading
from netspectra.networks.weights import WeightLayer

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Probe:
    """A measurement.

    Attributes:
        entering: Places of a network whose input it needs.
        leaving: Places of a network whose output it needs.
        measure: What it finds in the networks and the reading of their step, {name: (R, ...)}.
    """

    entering: Callable[[nn.Module], Iterable[str]]
    leaving: Callable[[nn.Module], Iterable[str]]
    measure: Callable[[Ensemble, Reading], Tensors]


def alignable(network: nn.Module) -> dict[str, WeightLayer]:
    """Layers that `alignment` looks at: linear and convolutional ones whose inputs can be read."""
    found = weight_layers(network).items()
    return {name: layer for name, layer in found if layer.kind in ("linear", "convolution") and not layer.hidden}


def alignment(ensemble: Ensemble, reading: Reading) -> Tensors:
    """Alignment of every node on this minibatch, {layer: (R, nodes)} (alignment document, "Basic Results").

    Positions and tokens count as samples.
    """
    found = {}
    for name, layer in alignable(ensemble.network).items():
        inputs, outputs, weight = reading.entering[name], reading.leaving[name], ensemble.weight(name)
        if layer.kind == "linear":
            found[name] = measure.of_outputs(inputs.flatten(1, -2), outputs.flatten(1, -2), weight)
        else:
            rows = [
                measure.of_convolution(x, z, layer.module, w)
                for x, z, w in zip(inputs.expand(len(ensemble), *inputs.shape[1:]), outputs, weight, strict=True)
            ]
            found[name] = torch.stack(rows).float()
    return found


PROBES = {"alignment": Probe(alignable, alignable, alignment)}


def places(network: nn.Module, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """The places whose input, and those whose output, these probes need."""
    probes = [PROBES[name] for name in names]
    return tuple(list(dict.fromkeys(p for probe in probes for p in side(probe))) for side in _sides(network))


def _sides(network: nn.Module) -> tuple[Callable[[Probe], Iterable[str]], Callable[[Probe], Iterable[str]]]:
    return (lambda probe: probe.entering(network)), (lambda probe: probe.leaving(network))
