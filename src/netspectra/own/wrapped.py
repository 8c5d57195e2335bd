"""A reader's network made ready: `wrap` says what is what, and every part of the instrument is a method."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from netspectra.measures.eigenspectra import Spectrum
from netspectra.measures.moments import Moments
from netspectra.own import applying, checking, curves, generation, recording, rows, subspace
from netspectra.own.batches import Hook, Hooks, Source
from netspectra.own.recorded import Activations
from netspectra.own.spots import Map, met
from netspectra.own.streaming import bytes_of
from netspectra.own.tasks import Task
from netspectra.own.tidy import frame

CURVE_SAMPLES = 256  # inputs that curves are measured on, unless said
HELD = 0.25  # of the memory, which a loader that can be read only once may take


def wrap(
    model: nn.Module, *, inputs: Hook = None, labels: Hook = None, logits: Hook = None, mask: Hook = None
) -> "Wrapped":
    """Say how a network is called and what its data are, where that is not one of the usual forms.

    The usual forms are batches that are a tensor, a pair (inputs, labels), or a mapping whose keys are arguments of the
    network beside `labels` and `attention_mask`; and outputs that are a tensor, have `logits`, or start with one.

    Labels of several entries per input are classes of tokens, of which negative ones and padding do not count. Language
    models that shift their labels themselves need it said: labels=lambda batch: batch["input_ids"][:, 1:],
    logits=lambda output: output.logits[:, :-1].

    Args:
        model: Any module. Nothing about it changes.
        inputs: Of a batch, what the network is called with: a tensor, a tuple of positional or a mapping of keyword
            arguments.
        labels: Of a batch, the labels, or None.
        logits: Of what the network returns, the logits (..., classes).
        mask: Of a batch, which tokens count, (samples, tokens).

    Raises:
        ValueError: No module.
    """
    if not isinstance(model, nn.Module):
        raise ValueError(f"model: wanted a torch.nn.Module, found {type(model).__name__}")
    return Wrapped(model, Hooks(inputs, labels, logits, mask))


@dataclass(frozen=True, eq=False)
class Wrapped:
    """A network with what a reader said of it.

    Attributes:
        model: As it was given.
        hooks: What is what.
        memory: Bytes that its methods may take.
    """

    model: nn.Module
    hooks: Hooks = field(default_factory=Hooks)
    memory: float = 4e9

    def layers(self) -> pd.DataFrame:
        """Every layer with weights: layer, kind, nodes, d, the lenses that apply, and why others do not."""
        return applying.layer_table(self.model)

    def source(self, loader: Iterable, samples: int | None = None) -> Source:
        """The batches of a loader, taken apart, of at most so many inputs."""
        return Source(loader, self.hooks, self.model, HELD * self.memory, samples)

    def met(self, source: Source, layers: str | Sequence[str] = "*") -> Map:
        """Which of the chosen layers these data reach."""
        return met(self.model, next(iter(source)), layers)

    def check(self, loader: Iterable) -> pd.DataFrame:
        """Make sure that looking changes nothing: nothing pruned, epsilon 0 and full rank are the model itself.

        Returns:
            What was compared: check, layer, difference.

        Raises:
            NetspectraError: Something differs; says what, and what to do.
        """
        with torch.random.fork_rng(devices=_devices(self.model)):
            return checking.check(self, self.source(loader, CURVE_SAMPLES))

    def record(
        self,
        loader: Iterable,
        layers: str | Sequence[str] = "*",
        samples: int | None = None,
        spill: str | Path | None = None,
        tokens: str = "all",
    ) -> Activations:
        """Rows of what leaves the chosen layers, with the input that each comes from.

        Args:
            loader: Any iterable of batches.
            layers: Patterns of names.
            samples: At most so many inputs.
            spill: A folder for files that are mapped into memory; all is held in memory when None.
            tokens: "all" positions and tokens of an input, its "last" one, or their "mean". Padding never counts.

        Raises:
            NetspectraError: No data, or data of which it is not known what is what.
            ValueError: A pattern that matches nothing.
        """
        rows.check_tokens(tokens)
        source = self.source(loader, samples)
        with torch.random.fork_rng(devices=_devices(self.model)):
            return recording.recorded(
                self.model, source, self.met(source, layers), tokens, Path(spill) if spill else None
            )

    def moments(
        self, loader: Iterable, layers: str | Sequence[str] = "*", samples: int | None = None, tokens: str = "all"
    ) -> dict[str, Moments]:
        """Count, mean and covariance of what leaves every layer, in one pass.

        Those of parts of the data, as several processes may have made them, add up with `+`.
        """
        source = self.source(loader, samples)
        found: dict[str, Moments] = {}
        with torch.random.fork_rng(devices=_devices(self.model)):
            where = self.met(source, layers)
            for place, values, _ in recording.flowing(self.model, source, where, tokens, {}):
                found.setdefault(place, Moments(values.shape[1])).update(values)
        return found

    def task(self, loader: Iterable, samples: int | None = CURVE_SAMPLES) -> Task:
        """The network with labelled data.

        Raises:
            ValueError: The data have no labels of classes.
        """
        found = Task(self.model, self.source(loader, samples))
        if found.problem:
            raise ValueError(f"loader: {found.problem}")
        return found

    def prune(
        self,
        loader: Iterable,
        *,
        layers: str | Sequence[str] = "*",
        fractions: Sequence[float] = curves.FRACTIONS,
        orders: Sequence[str] = ("high", "low", "random"),
        samples: int | None = CURVE_SAMPLES,
    ) -> pd.DataFrame:
        """Accuracy and loss as the same share of nodes is silenced in all chosen layers; see `curves.pruning_rows`."""
        task = self.task(loader, samples)
        places, _ = curves.prunable(self.model, self.met(task.source, layers))
        return frame(curves.pruning_rows(task, places, fractions, orders))

    def clip(
        self,
        loader: Iterable,
        *,
        layers: str | Sequence[str] = "*",
        ranks: Sequence[int] | None = None,
        samples: int | None = CURVE_SAMPLES,
    ) -> pd.DataFrame:
        """Accuracy with the weights of one layer at a time projected on their first directions."""
        task = self.task(loader, samples)
        found = applying.clippable(self.model, layers)
        return frame(one for layer in found for one in curves.clipping_rows(task, layer, ranks))

    def attack(
        self,
        loader: Iterable,
        *,
        epsilons: Sequence[float] | None = None,
        loss: str = "cross_entropy",
        samples: int | None = CURVE_SAMPLES,
    ) -> pd.DataFrame:
        """Accuracy under attack by strength, and the critical strength of every input; see `attacking.attack`."""
        source = self.source(loader, samples)
        task = Task(self.model, source, cut=False) if loss == "bce" else self.task(source.loader, samples)
        return frame(curves.attack_rows(curves.attacked(task, epsilons, loss)))

    def rainbow(self, loader: Iterable, *, seed: int = 0, samples: int | None = None, **recipe: object) -> nn.Module:
        """A network drawn from the covariances of this one's weights; see `lenses.rainbow.generate`."""
        return generation.drawn(self.source(loader, samples), self.model, seed, **recipe)

    def active_subspace(
        self,
        loader: Iterable,
        *,
        layers: str | Sequence[str] | None = None,
        loss: str = "cross_entropy",
        samples: int = subspace.SAMPLES,
    ) -> Spectrum:
        """Directions of the parameters of the chosen modules, the last by default, along which the loss changes."""
        names = subspace.parameters_of(self.model, layers)
        source = self.source(loader)
        gradients = subspace.loss_gradients(self.model, source, names, loss, samples, HELD * self.memory)
        return subspace.spectrum_of(gradients)

    def with_memory(self, memory: str | float) -> "Wrapped":
        """The same, whose methods may take so much memory."""
        return replace(self, memory=bytes_of(memory))


def _devices(model: nn.Module) -> list[int]:
    return sorted({p.device.index for p in model.parameters() if p.device.type == "cuda"})
