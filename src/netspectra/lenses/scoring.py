"""Batches of inputs with labels, and what a network's outputs say of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import nn

from netspectra.networks.flow import Inputs, call, tensors
from netspectra.networks.looking import looking

Labelled = Iterable[tuple[Inputs, torch.Tensor]]


class Split(Protocol):
    """Samples that come in batches of any size, in order."""

    def batches(self, size: int) -> Iterator[tuple[Inputs, torch.Tensor]]:
        """All samples, `size` at a time."""


def labelled(batches: Labelled) -> Iterator[tuple[Inputs, torch.Tensor]]:
    """The batches one after the other.

    Raises:
        ValueError: There is no sample, or a batch is no pair of inputs and labels.
    """
    samples = 0
    for batch in batches:
        if not isinstance(batch, Sequence) or len(batch) != 2 or not isinstance(y := tensors(batch[1]), torch.Tensor):
            raise ValueError(f"batches: wanted pairs (inputs, labels), found {type(batch).__name__}")
        samples += y.numel()
        yield tensors(batch[0]), y
    if not samples:
        raise ValueError("batches: wanted at least one sample, found none")


def inputs_of(batch: Inputs | Sequence[Any]) -> Inputs:
    """Inputs that come alone or first in a pair with labels."""
    return tensors(batch[0] if isinstance(batch, tuple | list) else batch)


def accuracy(network: nn.Module, batches: Labelled) -> float:
    """Share of the labels that a classifier tells, in [0, 1], in evaluation mode.

    Raises:
        ValueError: No samples, or labels that do not fit.
    """
    found = count = 0
    with looking(network), torch.no_grad():
        for x, y in labelled(batches):
            found, count = found + int(hits(tensors(call(network, x)), y, first=not count)), count + y.numel()
    return found / count


def hits(scores: torch.Tensor, y: torch.Tensor, first: bool = True) -> torch.Tensor:
    """How many labels (...) are the class of the greatest of the logits (..., classes).

    `first` says whether these labels meet their first logits, and are to be looked at.

    Raises:
        ValueError: Labels of another shape, or beyond the classes.
    """
    return ((checked(scores, y) if first else scores).argmax(-1) == y).sum()


def checked(scores: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The logits (..., classes), after checking that the labels (...) fit.

    Raises:
        ValueError: They do not.
    """
    if y.is_floating_point() or scores.ndim < 2 or scores.shape[:-1] != y.shape:
        raise ValueError(
            f"labels: wanted integers of shape {tuple(scores.shape[:-1])} for outputs {tuple(scores.shape)}, "
            f"found {y.dtype} {tuple(y.shape)}"
        )
    if y.numel() and not 0 <= int(y.min()) <= int(y.max()) < scores.shape[-1]:
        raise ValueError(f"labels: wanted 0 to {scores.shape[-1] - 1}, found {int(y.min())} to {int(y.max())}")
    return scores
