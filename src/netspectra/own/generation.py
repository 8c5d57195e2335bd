"""The lens of rainbow generation: what a network keeps when its weights are drawn anew from their covariances."""

from collections.abc import Iterator

import torch
from torch import nn

from netspectra.lenses.rainbow import generate
from netspectra.own.batches import Source
from netspectra.own.tasks import Task
from netspectra.own.tidy import Row, shares

DRAWS = 2


def drawn(source: Source, network: nn.Module, seed: int = 0, **recipe: object) -> nn.Module:
    """One network drawn from the covariances of this one; see `lenses.rainbow.generate`.

    Raises:
        ValueError: A network for which it is not defined (names what stands in the way).
    """
    inputs = [batch.inputs for batch in source]
    if bad := [x for x in inputs if not isinstance(x, torch.Tensor)]:
        raise ValueError(f"inputs: wanted one tensor, found a {type(bad[0]).__name__}; generation wants a chain")
    return generate(network, inputs, torch.Generator().manual_seed(seed), **recipe)


def rainbow_rows(task: Task) -> Iterator[Row]:
    """Quantities: accuracy of the network, rainbow_accuracy by draw, isotropic_accuracy of a draw without directions.

    Raises:
        ValueError: A network for which generation is not defined, or labels that do not fit.
    """
    count = sum(y.numel() for _, y in task.batches())
    found = [("rainbow_accuracy", seed, {}) for seed in range(DRAWS)] + [("isotropic_accuracy", 0, {"isotropic": True})]
    networks = [(name, seed, drawn(task.source, task.network, seed, **recipe)) for name, seed, recipe in found]
    yield from shares("rainbow", "", "accuracy", [task.accuracy() * count], count, [0])
    for name, seed, network in networks:
        hits = Task(network, task.source).accuracy() * count
        yield from shares("rainbow", "", name, [hits], count, [seed])
