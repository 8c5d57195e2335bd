"""Accuracy of a network with what leaves one place replaced, for many replacements from one run of what comes before."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import nn

from netspectra.networks import places
from netspectra.networks.flow import Change, logits
from netspectra.networks.looking import looking

Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]


def accuracy_of_versions(
    network: nn.Module, place: str, versions: Sequence[Change], batches: Batches
) -> torch.Tensor:
    """Accuracy in [0, 1] of every version of a network, (versions,), float64.

    Where the network is a chain, the stages up to the place run once for all versions; else it runs whole for each.

    Args:
        network: Classifier of any kind.
        place: Name of the module whose output is replaced.
        versions: Functions of what leaves the place; each gives what goes on instead.
        batches: Pairs (inputs, labels).

    Raises:
        ValueError: No such place, no versions or no samples.
    """
    if not versions:
        raise ValueError("versions: wanted at least one, found none")
    hits, samples = torch.zeros(len(versions), dtype=torch.float64), 0
    with looking(network), torch.no_grad():
        for x, y in batches:
            for k, outputs in enumerate(_outputs(network, place, versions, x)):
                hits[k] += int((logits(outputs).argmax(-1) == y).sum())
            samples += len(y)
    if not samples:
        raise ValueError("batches: wanted at least one sample, found none")
    return hits / samples


def leaving(network: nn.Module, wanted: Iterable[str], inputs: Iterable[torch.Tensor]) -> dict[str, torch.Tensor]:
    """What leaves the places over all inputs, in evaluation mode, {place: (samples, ...)}, on the CPU.

    Args:
        network: Any module.
        wanted: Places.
        inputs: Batches of inputs.

    Raises:
        ValueError: No such place, or no inputs.
    """
    names, parts = list(wanted), []
    with looking(network), torch.no_grad():
        for x in inputs:
            seen = places.read(network, x, leaving=names, outputs=False).leaving
            parts.append({name: t.cpu() for name, t in seen.items()})
    if not parts:
        raise ValueError("inputs: wanted at least one batch, found none")
    return {name: torch.cat([part[name] for part in parts]) for name in names}


def flat(change: Change) -> Change:
    """A change of activations (samples, neurons) as one of feature maps (samples, C, H, W), whose neurons are all."""

    def changed(x: torch.Tensor) -> torch.Tensor:
        return change(x.flatten(1)).view_as(x)

    return changed


def _outputs(
    network: nn.Module, place: str, versions: Sequence[Change], x: torch.Tensor
) -> Iterable[object]:
    stages = places.chain(network)
    last = max((i for i, (name, _) in enumerate(stages) if name == place or name.startswith(f"{place}.")), default=None)
    if last is None:
        for version in versions:
            yield places.read(network, x, replace_leaving={place: version}).outputs
        return
    for _, stage in stages[: last + 1]:
        x = stage(x)
    for version in versions:
        flow = version(x.clone())
        for _, stage in stages[last + 1 :]:
            flow = stage(flow)
        yield flow
