"""Where a network's layers meet data: which modules a run calls, how often, and what shape flows there."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import torch
from torch import nn

from netspectra.networks.flow import call, first_tensor
from netspectra.networks.layers import out_of_reach, weight_layers
from netspectra.networks.looking import looking
from netspectra.networks.weights import WeightLayer
from netspectra.own.batches import Batch
from netspectra.own.rows import weights_problem

Layers = str | Sequence[str]


@dataclass(frozen=True)
class Spot:
    """A layer with weights, at one call of its module.

    Attributes:
        name: "conv1", "lstm.ih_l0.f", "fc#2" for the second call of a module that is called several times.
        layer: The weights and what they multiply.
        place: Of the module, as `places.read` wants it; what leaves it are the layer's activations.
    """

    name: str
    layer: WeightLayer
    place: str


@dataclass
class Map:
    """What one run of a network met.

    Attributes:
        spots: Layers with weights that were called, in the order of the network.
        absent: {layer: why nothing is known of what flows there}.
        shapes: {place: shape of what left it}.
    """

    spots: list[Spot] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def places(self) -> list[str]:
        """Places where something leaves a layer, each once."""
        return list(dict.fromkeys(spot.place for spot in self.spots if self.shapes[spot.place]))


def chosen(names: Iterable[str], layers: Layers) -> list[str]:
    """The names that one of the patterns matches, in their order.

    Raises:
        ValueError: A pattern that matches none.
    """
    names = list(names)
    patterns = [layers] if isinstance(layers, str) else list(layers)
    for pattern in patterns if names or patterns != ["*"] else ():
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ValueError(f"layers: wanted a pattern that matches one of {', '.join(names)}; found {pattern!r}")
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def met(network: nn.Module, batch: Batch, layers: Layers = "*") -> Map:
    """Run the network once and say which of the chosen layers it calls.

    Raises:
        ValueError: A pattern that matches no layer.
    """
    known, found, reasons = weight_layers(network), Map(), unreadable(network)
    wanted, calls = chosen([*known, *reasons], layers), _calls(network, batch)
    for name in wanted:
        if name in known:
            _add(found, network, known[name], calls)
        else:
            found.absent[name] = reasons[name]
    return found


def unreadable(network: nn.Module) -> dict[str, str]:
    """Modules with weights that are no known matrix or no real numbers, {name: why}."""
    known = weight_layers(network)
    found = {name: why for name, why in out_of_reach(network).items() if name not in known}
    for name, module in network.named_modules():
        weight = getattr(module, "weight", None)
        if callable(weight) or (isinstance(weight, torch.Tensor) and not weight.is_floating_point()):
            found.setdefault(name, weights_problem(weight))
    return {name: why for name, why in found.items() if name not in known}


def _calls(network: nn.Module, batch: Batch) -> dict[int, list[tuple[int, ...]]]:
    """Shape of what left every module, call by call, by the identity of the module."""
    shapes: dict[int, list[tuple[int, ...]]] = defaultdict(list)

    def note(module: nn.Module, inputs: object, output: object) -> None:
        shapes[id(module)].append(_shape(output))

    with looking(network), torch.no_grad(), ExitStack() as stack:
        for module in network.modules():
            stack.callback(module.register_forward_hook(note).remove)
        call(network, batch.inputs)
    return shapes


def _shape(output: object) -> tuple[int, ...]:
    try:
        found = first_tensor(output)
    except ValueError:  # packed or nested: whoever looks there says so
        return ()
    return () if found is None else tuple(found.shape)


def _add(found: Map, network: nn.Module, layer: WeightLayer, calls: dict[int, list[tuple[int, ...]]]) -> None:
    names = [name for name, module in network.named_modules(remove_duplicate=False) if module is layer.module]
    shapes = calls.get(id(layer.module), [])
    if not shapes and not layer.hidden:
        found.absent[layer.name] = "never called on these data"
    elif len(shapes) <= 1 or len(shapes) == len(names):
        found.spots.append(Spot(layer.name, layer, layer.place))
        found.shapes[layer.place] = shapes[names.index(layer.place)] if shapes else ()
    elif layer.place == names[0]:  # under its first name, call by call
        for number, shape in enumerate(shapes, 1):
            place = f"{layer.place}#{number}"
            name = re.sub(f"^{re.escape(layer.place)}", place.replace("\\", r"\\"), layer.name)
            found.spots.append(Spot(name, layer.at_call(number), place))
            found.shapes[place] = shape
