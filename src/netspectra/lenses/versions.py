"""Accuracy of a network with what leaves one place replaced, once for each of many replacements."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from netspectra.lenses.scoring import Labelled, hits, labelled
from netspectra.networks.flow import Change, Inputs, logits
from netspectra.networks.looking import looking
from netspectra.networks.parts import Classifier
from netspectra.networks.places import chain, overwrites, plain, read


def accuracy_of_versions(network: nn.Module, place: str, versions: Sequence[Change], batches: Labelled) -> torch.Tensor:
    """Accuracy in [0, 1] of every version of a network, (versions,), float64, in evaluation mode.

    Where the place ends a stage of a chain, what comes before runs once for all versions; else the network runs whole
    for each.

    Args:
        network: Any classifier.
        place: Name of the module whose output is replaced.
        versions: Functions of what leaves the place; each gives what goes on instead.
        batches: Pairs (inputs, labels).

    Raises:
        ValueError: No such place, no versions, no samples, or labels that do not fit.
    """
    if not versions:
        raise ValueError("versions: wanted at least one, found none")
    right, samples = torch.zeros(len(versions), dtype=torch.float64), 0
    with looking(network), torch.no_grad():
        for x, y in labelled(batches):
            outputs = _outputs(network, place, versions, x)
            right += torch.stack([hits(logits(found), y) for found in outputs]).cpu()
            samples += y.numel()
    return right / samples


def flat(change: Change) -> Change:
    """A change of activations (samples, neurons) as one of feature maps, all of whose positions are neurons."""

    def changed(x: torch.Tensor) -> torch.Tensor:
        return change(x.flatten(1)).view_as(x)

    return changed


def _outputs(network: nn.Module, place: str, versions: Sequence[Change], x: Inputs) -> Iterator[Any]:
    stages = chain(network.chain() if plain(network, Classifier) else network)
    ends = [i for i, (name, _) in enumerate(stages) if name == place or name.startswith(f"{place}.")]
    if not ends or not isinstance(x, torch.Tensor):
        for version in versions:
            yield read(network, x, replace_leaving={place: version}).outputs
        return
    head, tail = (nn.Sequential(*(m for _, m in part)) for part in (stages[: ends[-1] + 1], stages[ends[-1] + 1 :]))
    flow = head(x.clone() if overwrites(head) else x)
    for version in versions:
        yield tail(version(flow.clone()))
