"""Whether looking at a network changes what it gives, and whether lenses that change nothing give it itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from torch import nn

from netspectra.errors import NetspectraError
from netspectra.lenses.pruning import evaluate_masked
from netspectra.measures.eigenspectra import weight_spectrum
from netspectra.networks.flow import call, first_tensor, logits
from netspectra.networks.looking import looking
from netspectra.networks.places import read
from netspectra.own import curves
from netspectra.own.applying import clippable
from netspectra.own.attacking import attack
from netspectra.own.batches import Batch, Source
from netspectra.own.spots import Map
from netspectra.own.tasks import Task

if TYPE_CHECKING:
    from netspectra.own.wrapped import Wrapped

TOLERANCE = 1e-4  # of the largest output
REMEDY = "report it with the kind of the layer; until then leave it out with layers=[...]"
Found = tuple[str, str, float]


def check(net: "Wrapped", source: Source) -> pd.DataFrame:
    """All comparisons; see `Wrapped.check`.

    Raises:
        NetspectraError: Something differs.
    """
    found = list(_outputs(net, source))
    task = Task(net.model, source)
    if not task.problem:
        found += _curves(net, task, net.met(source))
    return pd.DataFrame(found, columns=["check", "layer", "difference"])


def outputs_of(network: nn.Module, batch: Batch) -> torch.Tensor:
    """First tensor that the network returns, in the mode it is in."""
    with torch.no_grad():
        return _tensor(call(network, batch.inputs)).detach().clone()


def mode_difference(network: nn.Module, batch: Batch) -> float:
    """How far outputs in the network's own mode are from those in evaluation mode, over their largest value."""
    training = [module for module in network.modules() if module.training]
    with looking(network):
        wanted = outputs_of(network, batch)
    with looking(network):
        for module in training:
            module.training = True
        found = outputs_of(network, batch)
    return _apart(found, wanted)


def _outputs(net: "Wrapped", source: Source) -> Iterator[Found]:
    batch = next(iter(source))
    with looking(net.model), torch.no_grad():
        wanted = outputs_of(net.model, batch)
        again = outputs_of(net.model, batch)
        seen = read(net.model, batch.inputs, leaving=net.met(source).places).outputs
    if not bool(torch.isfinite(wanted).all()):
        raise NetspectraError("outputs: NaN or infinity in what the network returns", "look for the first layer that "
                              "gives NaN: netspectra.lens(model, loader, lenses=['spectra']).skipped")  # fmt: skip
    yield _same(
        "runs twice", "", again, wanted, "the network draws random numbers in evaluation mode; seed or remove them"
    )
    yield _same("is looked at", "", _tensor(seen), wanted, REMEDY)


def _tensor(outputs: Any) -> torch.Tensor:
    found = first_tensor(outputs)
    return logits(outputs) if found is None else found


def _curves(net: "Wrapped", task: Task, found: Map) -> Iterator[Found]:
    accuracy = task.accuracy()
    places, _ = curves.prunable(net.model, found)
    if places:
        whole = {place: torch.ones(1, len(spot.layer.weight())) for place, spot in places.items()}
        with task.running():
            pruned = evaluate_masked(net.model, task.batches(), whole)
        yield _equal("nothing pruned", "", float(pruned.accuracy), accuracy)
    for layer in clippable(net.model, "*"):
        rank = min(layer.weight().shape)
        clipped = curves.clipping_rows(task, layer, [weight_spectrum(layer.weight(), full=False).vectors.shape[1]])
        yield _equal(f"full rank {rank}", layer.name, clipped[0][4], accuracy)
    if first_tensor(next(iter(task.source)).inputs).is_floating_point() and task.kept is None:
        attacked = attack(task, [0.0, 1e-30])
        yield _equal("epsilon 0", "", float(attacked.right[:, 0].double().mean()), accuracy)


def _equal(what: str, layer: str, found: float, wanted: float, allowed: float = 0.01) -> Found:
    if abs(found - wanted) > allowed:
        where = f" in layer {layer}" if layer else ""
        raise NetspectraError(f"{what}{where}: wanted the model's accuracy {wanted:.4f}, found {found:.4f}", REMEDY)
    return what, layer, abs(found - wanted)


def _same(what: str, layer: str, found: torch.Tensor, wanted: torch.Tensor, remedy: str) -> Found:
    if (apart := _apart(found, wanted)) > TOLERANCE:
        raise NetspectraError(f"{what}: wanted the outputs of the model, found others, by {apart:.2g}", remedy)
    return what, layer, apart


def _apart(found: torch.Tensor, wanted: torch.Tensor) -> float:
    if found.shape != wanted.shape:
        return float("inf")
    scale = float(wanted.double().abs().max()) or 1.0
    return float((found.double() - wanted.double()).abs().max()) / scale
