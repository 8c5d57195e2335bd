"""What a network is right about: its logits on labelled batches, cut to the tokens that count, under any change."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from netspectra.lenses.scoring import hits
from netspectra.networks import flow
from netspectra.networks.looking import looking
from netspectra.own.batches import Batch, Source

LOSSES = ("cross_entropy", "bce")
NO_LABELS = "the data have no labels; give pairs (inputs, labels), or say where they are with wrap(model, labels=...)"


class Task:
    """A network with labelled data, as the lenses of `netspectra.lenses` take them.

    Args:
        network: Any classifier.
        source: Batches with labels.
        cut: Whether labels of several entries per input are classes of tokens, of which some do not count; else they
            are truth values. A network whose outputs need neither a cut nor a hook runs without one, so that lenses
            may cut a chain where they like.
    """

    def __init__(self, network: nn.Module, source: Source, cut: bool = True) -> None:
        self.network, self.source = network, source
        self.kept: torch.Tensor | None = None
        first = next(iter(source))
        self.problem = _problem(first.labels)
        self.cuts = cut and first.labels is not None and first.labels.ndim > 1 and not self.problem
        self.hooked = source.hooks.logits is not None or self.cuts

    def batches(self) -> Iterator[tuple[flow.Inputs, torch.Tensor]]:
        """Inputs and the labels that count."""
        for batch in self.source:
            self.kept = _counting(batch) if self.cuts else None
            yield batch.inputs, batch.labels if self.kept is None else batch.labels[self.kept]

    @contextmanager
    def running(self) -> Iterator[None]:
        """For as long as it lasts, the network returns the logits of what counts in the batch that was given last."""
        if not self.hooked:
            yield
            return
        handle = self.network.register_forward_hook(lambda module, inputs, output: self.cut(output))
        try:
            yield
        finally:
            handle.remove()

    def cut(self, output: Any) -> torch.Tensor:
        """Logits (rows, classes) of what counts.

        Raises:
            ValueError: No logits among the outputs, or others than the labels want.
        """
        found = self.source.hooks.logits(output) if self.source.hooks.logits else flow.logits(output)
        if self.kept is None or found.shape[: self.kept.ndim] != self.kept.shape:
            return found
        return found[self.kept]

    def accuracy(self) -> float:
        """Share of the labels that the network tells."""
        found = count = 0
        with looking(self.network), torch.no_grad(), self.running():
            for x, y in self.batches():
                scores = flow.logits(flow.call(self.network, x))
                found, count = found + int(hits(scores, y, first=not count)), count + y.numel()
        return found / count


def _counting(batch: Batch) -> torch.Tensor:
    """Which labels count, in their shape: those that are not negative, at tokens that the mask keeps."""
    kept = batch.labels >= 0
    fits = batch.mask is not None and batch.mask.shape == kept.shape
    return kept & batch.mask if fits else kept


def _problem(labels: torch.Tensor | None) -> str:
    """Why there is no accuracy; "" where there is."""
    if labels is None:
        return NO_LABELS
    if labels.is_floating_point():
        return f"the labels are {labels.dtype}, and accuracy wants classes"
    return ""
