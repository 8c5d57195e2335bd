"""Probes: what is measured on the networks while they train, from what flows in a step that is made anyway."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import torch
from torch import nn

from netspectra.measures import alignment
from netspectra.networks.ensembles import Ensemble
from netspectra.networks.layers import weight_layers
from netspectra.networks.places import Reading

Tensors = dict[str, torch.Tensor]


class Probe(Protocol):
    """A measurement on networks of one architecture, made with the network that gives it.

    Attributes:
        entering: Places whose input it needs.
        leaving: Places whose output it needs.
    """

    entering: Sequence[str]
    leaving: Sequence[str]

    def measure(self, ensemble: Ensemble, reading: Reading) -> Tensors:
        """What it finds in the networks and the reading of their step, {name: (R, ...)}."""
        ...


class Alignment:
    """Alignment of every node on the minibatch, {layer: (R, nodes)} (alignment document, "Basic Results").

    Looks at linear layers and convolutions whose inputs can be read; positions and tokens count as samples.
    """

    def __init__(self, network: nn.Module) -> None:
        known = weight_layers(network).items()
        self.layers = {n: layer for n, layer in known if layer.kind in ("linear", "convolution") and not layer.hidden}
        self.entering = self.leaving = list(self.layers)

    def measure(self, ensemble: Ensemble, reading: Reading) -> Tensors:
        """As of `Probe`."""
        found = {}
        for name, layer in self.layers.items():
            inputs, outputs, weight = reading.entering[name], reading.leaving[name], ensemble.weight(name)
            if layer.kind == "linear":
                found[name] = alignment.of_outputs(inputs.flatten(1, -2), outputs.flatten(1, -2), weight)
            else:
                each = zip(inputs.expand(len(ensemble), *inputs.shape[1:]), outputs, weight, strict=True)
                rows = [alignment.of_convolution(x, z, layer.module, w) for x, z, w in each]
                found[name] = torch.stack(rows).float()
        return found


PROBES: dict[str, Callable[[nn.Module], Probe]] = {"alignment": Alignment}


def probe(name: str, network: nn.Module) -> Probe:
    """The probe of that name for a network.

    Raises:
        ValueError: There is none.
    """
    if name not in PROBES:
        raise ValueError(f"probes.name: wanted one of {', '.join(PROBES)}, found {name!r}")
    return PROBES[name](network)


def places(probes: Iterable[Probe]) -> tuple[list[str], list[str]]:
    """The places whose input, and those whose output, these probes need."""
    probes = list(probes)
    entering = dict.fromkeys(place for probe in probes for place in probe.entering)
    return list(entering), list(dict.fromkeys(place for probe in probes for place in probe.leaving))
