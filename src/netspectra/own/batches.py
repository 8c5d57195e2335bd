"""What a reader's loader gives, taken apart: inputs for the network, labels, and which tokens count."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from netspectra.errors import DataError
from netspectra.networks.flow import Inputs, first_tensor, map_tensors, tensors

LABELS = ("labels", "label", "targets", "target", "y")
MASK = "attention_mask"
WRAP = "say where they are: netspectra.wrap(model, inputs=lambda batch: ..., labels=lambda batch: ...)"

Hook = Callable[[Any], Any] | None


@dataclass(frozen=True)
class Hooks:
    """How a reader says what is what; None where the usual forms are meant.

    Attributes:
        inputs: Of a batch, what the network is called with: a tensor, a tuple of positional or a mapping of keyword
            arguments.
        labels: Of a batch, the labels, or None.
        logits: Of what the network returns, the logits (..., classes).
        mask: Of a batch, which tokens count, (samples, tokens); those that are zero never do.
    """

    inputs: Hook = None
    labels: Hook = None
    logits: Hook = None
    mask: Hook = None


@dataclass(frozen=True)
class Batch:
    """One batch on the network's device.

    Attributes:
        inputs: What the network is called with.
        labels: None where there are none.
        mask: (samples, tokens) of truth values; None where every token counts.
        samples: How many inputs.
    """

    inputs: Inputs
    labels: torch.Tensor | None
    mask: torch.Tensor | None
    samples: int

    def first(self, count: int) -> "Batch":
        """Its first inputs, where every tensor has them first; else all."""
        if count >= self.samples or any(t.shape[:1] != (self.samples,) for t in _all_tensors(self.inputs)):
            return self
        parts = (map_tensors(lambda t: t[:count], part) for part in (self.inputs, self.labels, self.mask))
        return Batch(*parts, samples=count)


class Source:
    """The batches of a loader, as often as they are wanted, in the form that lenses take.

    Args:
        loader: Any iterable of tensors, pairs (inputs, labels) or mappings.
        hooks: What is what.
        network: Gives the device, the dtype and the names of arguments.
        limit: Bytes that may be held of a loader that can be read only once.
        most: At most so many inputs are read.
    """

    def __init__(
        self, loader: Iterable, hooks: Hooks, network: nn.Module, limit: float = 1e9, most: int | None = None
    ) -> None:
        if isinstance(loader, torch.Tensor | np.ndarray | Mapping | str):
            raise DataError(
                f"loader: wanted an iterable of batches, found one {type(loader).__name__}",
                "put it in a list: [batch]",
            )
        self.hooks, self.network, self.most = hooks, network, most
        self.loader = _held(loader, limit) if isinstance(loader, Iterator) else loader
        self.before = 0

    def __iter__(self) -> Iterator[Batch]:
        seen = batches = 0
        for raw in self.loader:
            batch = taken_apart(raw, self.hooks, self.network)
            left = batch.samples if self.most is None else self.most - seen
            yield batch.first(left)
            seen, batches = seen + min(left, batch.samples), batches + 1
            if self.most is not None and seen >= self.most:
                break
        if not batches:
            raise _nothing(self.before)
        self.before = max(self.before, batches)

    def up_to(self, most: int | None) -> "Source":
        """The same, of which at most so many inputs are read."""
        found = Source(self.loader, self.hooks, self.network, most=most)
        found.before = self.before
        return found

    def labelled(self) -> Iterator[tuple[Inputs, torch.Tensor]]:
        """Pairs (inputs, labels)."""
        return ((batch.inputs, batch.labels) for batch in self)


def taken_apart(raw: Any, hooks: Hooks, network: nn.Module) -> Batch:
    """One batch in parts, on the device of the network, floating inputs in its dtype where that is no float32.

    Raises:
        DataError: A batch of which it is not known what is what, or without a tensor.
    """
    inputs = tensors(hooks.inputs(raw)) if hooks.inputs else _inputs(raw, network)
    labels = hooks.labels(raw) if hooks.labels else _labels(raw)
    mask = hooks.mask(raw) if hooks.mask else raw.get(MASK) if isinstance(raw, Mapping) else None
    device, dtype = place_of(network)
    ready = map_tensors(lambda t: _moved(t, device, dtype), inputs)
    labels, mask = (None if part is None else torch.as_tensor(part).to(device) for part in (labels, mask))
    if (first := first_tensor(ready)) is None or not first.ndim:
        raise DataError(f"loader: wanted batches with a tensor, found {type(raw).__name__}", WRAP)
    samples = len(first)
    if labels is not None and labels.ndim and first.ndim > 1 and len(first) != len(labels) == first.shape[1]:
        samples = first.shape[1]  # time first
    return Batch(ready, labels, _mask(mask, samples), samples)


def place_of(network: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Where a network's first floating parameter or buffer is, and its dtype; the CPU and float32 without any."""
    for tensor in (*network.parameters(), *network.buffers()):
        if tensor.is_floating_point() and tensor.device.type != "meta":
            return tensor.device, tensor.dtype
    return torch.device("cpu"), torch.float32


def _moved(t: torch.Tensor, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    return t.to(device, dtype) if t.is_floating_point() and dtype != torch.float32 else t.to(device)


def _mask(mask: torch.Tensor | None, samples: int) -> torch.Tensor | None:
    if mask is not None and (mask.ndim != 2 or len(mask) != samples):
        raise DataError(
            f"mask: wanted shape (samples, tokens) of {samples} samples, found {tuple(mask.shape)}",
            "give one row of zeros and ones per sample: netspectra.wrap(model, mask=lambda batch: ...)",
        )
    return None if mask is None else mask.bool()


def _inputs(raw: Any, network: nn.Module) -> Inputs:
    if isinstance(raw, Mapping):
        return _arguments(raw, network)
    if isinstance(raw, torch.Tensor | np.ndarray):
        return tensors(raw)
    if isinstance(raw, tuple | list) and len(raw) in (1, 2):
        return _arguments(raw[0], network) if isinstance(raw[0], Mapping) else tensors(raw[0])
    found = f"{type(raw).__name__} of {len(raw)}" if isinstance(raw, tuple | list) else type(raw).__name__
    raise DataError(f"loader: wanted batches that are a tensor, a pair or a mapping, found a {found}", WRAP)


def _arguments(raw: Mapping, network: nn.Module) -> Inputs:
    """What of a mapping the network's forward takes by name; the one tensor beside labels where it takes none."""
    given = {key: value for key, value in raw.items() if key not in LABELS}
    known = inspect.signature(network.forward).parameters
    if any(p.kind is p.VAR_KEYWORD for p in known.values()):
        return tensors(given)
    if named := {key: value for key, value in given.items() if key in known}:
        return tensors(named)
    if len(given) == 1:
        return tensors(next(iter(given.values())))
    raise DataError(
        f"loader: wanted keys among the network's arguments ({', '.join(known)}), found {', '.join(map(str, raw))}",
        WRAP,
    )


def _labels(raw: Any) -> Any:
    if isinstance(raw, Mapping):
        return next((raw[key] for key in LABELS if key in raw), None)
    return raw[1] if isinstance(raw, tuple | list) and len(raw) == 2 else None


def _held(loader: Iterator, limit: float) -> list:
    held, size = [], 0
    for raw in loader:
        size += sum(t.numel() * t.element_size() for t in _all_tensors(raw))
        if size > limit:
            raise DataError(
                f"loader: it can be read only once, and gives more than the {limit / 1e9:.2g} GB that may be held",
                "pass a list of batches or a DataLoader, which can be read again, or a larger memory=",
            )
        held.append(raw)
    return held


def _all_tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor | np.ndarray):
        yield torch.as_tensor(value)
    elif isinstance(value, Mapping | tuple | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _all_tensors(part)


def _nothing(before: int) -> DataError:
    if before:
        return DataError(
            f"loader: gave {before} batches at first and none now, so it can be read only once",
            "pass a list of batches or a DataLoader, which can be read again",
        )
    return DataError("loader: wanted at least one batch, found none", "check that the data set is not empty")
