"""What goes into a module and comes out of it: tensors, tuples, mappings and objects with `logits`."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

Inputs = torch.Tensor | tuple | Mapping[str, Any]
Change = Callable[[torch.Tensor], torch.Tensor]


def call(network: nn.Module, x: Inputs) -> Any:
    """What the network returns for a tensor, a tuple of positional arguments, or a mapping of keyword arguments."""
    args, kwargs = arguments(x)
    return network(*args, **kwargs)


def arguments(x: Inputs) -> tuple[tuple, dict[str, Any]]:
    """Positional and keyword arguments that inputs stand for."""
    if isinstance(x, Mapping):
        return (), dict(x)
    return (x if isinstance(x, tuple) else (x,)), {}


def logits(outputs: Any) -> torch.Tensor:
    """The tensor that counts of what a network returns: itself, its `logits`, or the first of a sequence.

    Raises:
        ValueError: There is none.
    """
    if isinstance(outputs, torch.Tensor):
        return outputs
    if isinstance(outputs, Mapping) and "logits" in outputs:
        return outputs["logits"]
    if isinstance(found := getattr(outputs, "logits", None), torch.Tensor):
        return found
    if isinstance(outputs, tuple | list) and outputs:
        return logits(outputs[0])
    raise ValueError(
        f"network: wanted outputs that are a tensor, have `logits` or start with one, found {type(outputs).__name__}"
    )


def first_tensor(value: Any) -> torch.Tensor | None:
    """The first tensor in nested tuples, lists and mappings, or None.

    Raises:
        ValueError: Packed or nested sequences, whose rows belong to samples in a way that a tensor does not show.
    """
    if isinstance(value, PackedSequence) or (isinstance(value, torch.Tensor) and value.is_nested):
        raise ValueError(f"place: wanted padded tensors, found {type(value).__name__}; pad them first")
    if isinstance(value, torch.Tensor):
        return value
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple | list) else ()
    return next((t for t in map(first_tensor, parts) if t is not None), None)


def with_first_tensor(value: Any, new: torch.Tensor) -> Any:
    """The same structure with another first tensor."""
    if isinstance(value, torch.Tensor):
        return new
    if isinstance(value, Mapping):
        key = next(k for k, part in value.items() if first_tensor(part) is not None)
        changed = copy.copy(value)
        changed[key] = with_first_tensor(value[key], new)
        return changed
    at = next(i for i, part in enumerate(value) if first_tensor(part) is not None)
    items = [*value[:at], with_first_tensor(value[at], new), *value[at + 1 :]]
    return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)


def map_tensors(change: Change, value: Any) -> Any:
    """The same nesting of tuples and mappings with every tensor changed."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {key: map_tensors(change, part) for key, part in value.items()}
    return tuple(map_tensors(change, part) for part in value) if isinstance(value, tuple) else value
