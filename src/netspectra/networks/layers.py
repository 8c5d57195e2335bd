"""The layers of a network that have weights, by name, and what of it a lens cannot look at, with the reason.

Layers stand in the order in which the network holds them, which is the order of running in a Sequential.
"""

import re
from collections.abc import Iterator

from torch import nn

from netspectra.networks.layouts import CONVOLUTIONS
from netspectra.networks.places import computes
from netspectra.networks.taps import joined
from netspectra.networks.weights import WeightLayer

RECURRENT = {nn.LSTM: "ifgo", nn.GRU: "rzn", nn.RNN: " "}
CELLS = {nn.LSTMCell: "ifgo", nn.GRUCell: "rzn", nn.RNNCell: " "}
VECTORS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.PReLU)
FUSED = "is used inside one fused call, where no hook sees it"


def weight_layers(network: nn.Module) -> dict[str, WeightLayer]:
    """The layers with weights by name; a module that has two names is listed under both."""
    return {layer.name: layer for place, module in _modules(network) for layer in _layers(module, place)}


def weight_layer(network: nn.Module, name: str) -> WeightLayer:
    """The layer of that name; "fc#2" and "cell#2.ih.f" are those in the second call of their modules.

    Raises:
        ValueError: No such layer, or none whose weights are known; says why.
    """
    found = weight_layers(network)
    key, number = re.sub(r"#\d+", "", name, count=1), re.search(r"#(\d+)", name)
    if name in found or key in found:
        return found[name] if name in found else found[key].at_call(int(number[1]))
    if name in (reasons := out_of_reach(network)):
        raise ValueError(f"layer: wanted one whose weights are a matrix, found {name!r}: {reasons[name]}")
    raise ValueError(f"layer: wanted one with weights ({', '.join(found) or 'there is none'}), found {name!r}")


def out_of_reach(network: nn.Module) -> dict[str, str]:
    """What a lens cannot look at, by name, with the reason.

    Modules with weights that are no known matrix, and layers whose weights are known but not what they multiply.
    """
    unknown = {place: reason for place, module in _modules(network) if (reason := _unknown(module, place))}
    return unknown | {name: layer.hidden for name, layer in weight_layers(network).items() if layer.hidden}


def _modules(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """All modules by name, without those that a fused module holds for their weights alone."""
    fused: set[str] = set()
    for name, module in network.named_modules(remove_duplicate=False):
        if isinstance(module, nn.MultiheadAttention):
            fused.add(joined(name, "out_proj"))
        if name not in fused:
            yield name, module


def _layers(module: nn.Module, place: str) -> Iterator[WeightLayer]:
    if _uninitialised(module):
        return
    for kinds, kind in (((nn.Linear,), "linear"), (CONVOLUTIONS, "convolution"), ((nn.Embedding,), "embedding")):
        if computes(module, *kinds):
            yield WeightLayer(place, kind, module, place, entering=(place,))
    if computes(module, *RECURRENT):
        yield from _recurrent(module, place)
    if computes(module, *CELLS):
        yield from _gates(module, place, "weight_ih", entering=(place,))
        yield from _gates(module, place, "weight_hh", entering=(f"{place}@hx", place))
    if computes(module, nn.MultiheadAttention):
        yield from _attention(module, place)


def _recurrent(module: nn.RNNBase, place: str) -> Iterator[WeightLayer]:
    directions = ("", "_reverse") if module.bidirectional else ("",)
    for layer, direction in ((layer, direction) for layer in range(module.num_layers) for direction in directions):
        end, last = f"l{layer}{direction}", layer == module.num_layers - 1
        above = {"hidden": f"what enters layer {layer} {FUSED}"} if layer else {"entering": (place,)}
        state = {"entering": (f"{place}@hx",), "leaving": (place,)} if last else {"hidden": f"its state {FUSED}"}
        yield from _gates(module, place, f"weight_ih_{end}", **above)
        yield from _gates(module, place, f"weight_hh_{end}", **state)
        if module.proj_size:
            name, hidden = joined(place, f"hr_{end}"), f"the state before its projection {FUSED}"
            yield WeightLayer(name, "recurrent", module, place, f"weight_hr_{end}", hidden=hidden)


def _gates(module: nn.Module, place: str, parameter: str, **sources: object) -> Iterator[WeightLayer]:
    part = joined(place, parameter.removeprefix("weight_"))
    for i, gate in enumerate(next(gates for kind, gates in (RECURRENT | CELLS).items() if isinstance(module, kind))):
        name = part if gate == " " else f"{part}.{gate}"
        nodes = slice(i * module.hidden_size, (i + 1) * module.hidden_size)
        yield WeightLayer(name, "recurrent", module, place, parameter, nodes, **sources)


def _attention(module: nn.MultiheadAttention, place: str) -> Iterator[WeightLayer]:
    width = module.embed_dim
    for i, (part, argument) in enumerate((("q", "query"), ("k", "key"), ("v", "value"))):
        where = f"{part}_proj_weight", None
        if module.in_proj_weight is not None:
            where = "in_proj_weight", slice(i * width, (i + 1) * width)
        yield WeightLayer(joined(place, part), "attention", module, place, *where, entering=(f"{place}@{argument}",))
    out = joined(place, "out_proj")
    yield WeightLayer(out, "linear", module.out_proj, out, hidden=f"what the heads give {FUSED}")


def _unknown(module: nn.Module, place: str) -> str:
    """Why the weights of a module are no known matrix; "" where they are, or it has none."""
    if _uninitialised(module):
        return "its weights are not there before the network has run once"
    matrices = [key for key, p in module.named_parameters(recurse=False) if p.ndim > 1]
    if not matrices or isinstance(module, VECTORS) or any(True for _ in _layers(module, place)):
        return ""
    return f"how {type(module).__name__} uses its {', '.join(matrices)} is not known"


def _uninitialised(module: nn.Module) -> bool:
    return any(isinstance(p, nn.parameter.UninitializedParameter) for p in module.parameters(recurse=False))
