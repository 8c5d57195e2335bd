"""Which lenses apply to which layer, and why others do not."""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import nn

from netspectra.networks.layers import weight_layers
from netspectra.networks.weights import WeightLayer
from netspectra.own.curves import PRUNED
from netspectra.own.rows import weights_problem
from netspectra.own.spots import chosen, unreadable

LENSES = ("alignment", "spectra", "clipping", "pruning", "attack", "similarity", "rainbow", "active_subspace")
BY_LAYER = ("alignment", "spectra", "clipping", "pruning", "similarity")
LOOKUP = "a lookup multiplies no vector by its weights"


def layer_table(network: nn.Module) -> pd.DataFrame:
    """Layer, kind, nodes, d, lenses (separated by spaces) and why ("lens: reason; ...") of every layer."""
    found = [_described(layer) for layer in weight_layers(network).values()]
    others = unreadable(network).items()
    found += [(name, type(network.get_submodule(name)).__name__, 0, 0, "", why) for name, why in others]
    return pd.DataFrame(found, columns=["layer", "kind", "nodes", "d", "lenses", "why"])


def reasons(layer: WeightLayer) -> dict[str, str]:
    """Why lenses that look at single layers do not apply to this one, {lens: reason}."""
    if problem := weights_problem(getattr(layer.module, layer.parameter, None)):
        return {"alignment": problem, "clipping": problem, "pruning": problem}
    found = {}
    if layer.hidden:
        found["alignment"] = layer.hidden
    if layer.kind == "embedding":
        found["clipping"] = LOOKUP
    elif layer.parameter not in layer.module._parameters:
        found["clipping"] = "its weights are computed; remove the parametrization first"
    if layer.kind not in PRUNED or layer.hidden:
        found["pruning"] = (
            layer.hidden or f"only nodes of linear layers and convolutions are silenced, and it is {layer.kind}"
        )
    return found


def clippable(network: nn.Module, layers: str | Sequence[str]) -> list[WeightLayer]:
    """The chosen layers whose weights can be clipped."""
    known = weight_layers(network)
    return [known[name] for name in chosen(known, layers) if "clipping" not in reasons(known[name])]


def numbers_of(layer: WeightLayer) -> torch.Tensor | None:
    """The weights (nodes, d), or None where they cannot be read."""
    return None if weights_problem(getattr(layer.module, layer.parameter, None)) else layer.weight()


def _described(layer: WeightLayer) -> tuple:
    weight, why = numbers_of(layer), reasons(layer)
    nodes, d = (0, 0) if weight is None else weight.shape
    applies = [lens for lens in BY_LAYER if lens not in why]
    return (
        layer.name,
        layer.kind,
        nodes,
        d,
        " ".join(applies),
        "; ".join(f"{lens}: {text}" for lens, text in why.items()),
    )
