"""Rows of activations: which tensor entries are one sample of a layer's neurons, and which input each belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from netspectra.networks.layouts import CHANNELS_SECOND
from netspectra.networks.places import computes
from netspectra.own.batches import Batch

TOKENS = ("all", "last", "mean")


class Unusable(ValueError):
    """Why a lens cannot look at a layer."""


@dataclass(frozen=True)
class Selected:
    """Rows that count.

    Attributes:
        values: (rows, neurons), or (groups, rows, d) for what enters a grouped convolution.
        inputs: Which input of the batch each row comes from, (rows,), ascending.
    """

    values: torch.Tensor
    inputs: torch.Tensor


def leaving(x: torch.Tensor, module: nn.Module, batch: Batch, tokens: str = "all") -> Selected:
    """Rows of what leaves a module: channels of maps, the last dimension of vectors, tokens and time steps.

    Args:
        x: What left it.
        module: Says in which dimension the neurons stand.
        batch: Says how many inputs there are, and which tokens count.
        tokens: "all" rows of every input, its "last" one, or their "mean".

    Raises:
        Unusable: What left is no floating tensor, does not fit the inputs or the mask, or is not finite.
    """
    if not x.is_floating_point():
        raise Unusable(f"what leaves it is {x.dtype}, not real numbers")
    if computes(module, *CHANNELS_SECOND) and x.ndim > 2:
        x = x.movedim(1, -1)
    elif x.ndim > 2 and len(x) != batch.samples == x.shape[1]:
        x = x.movedim(1, 0)  # time first
    if x.ndim < 2 or len(x) % batch.samples:
        raise Unusable(f"what leaves it, {tuple(x.shape)}, does not fit {batch.samples} inputs")
    return selected(x.reshape(batch.samples, -1, x.shape[-1]), batch, tokens)


def entering(values: torch.Tensor, batch: Batch) -> Selected:
    """Rows that enter a layer with weights, (rows, d) or (groups, rows, d), padding left out.

    Raises:
        Unusable: They do not fit the inputs or the mask, or are not finite.
    """
    if values.shape[-2] % batch.samples:
        raise Unusable(f"what enters it, {values.shape[-2]} rows, does not fit {batch.samples} inputs")
    if values.ndim == 2:
        return selected(values.reshape(batch.samples, -1, values.shape[-1]), batch)
    parts = [selected(part.reshape(batch.samples, -1, part.shape[-1]), batch) for part in values]
    return Selected(torch.stack([part.values for part in parts]), parts[0].inputs)


def selected(x: torch.Tensor, batch: Batch, tokens: str = "all") -> Selected:
    """Rows of (inputs, positions, neurons) that count.

    Raises:
        Unusable: A mask of another number of positions, or values that are not finite.
    """
    owners = torch.arange(batch.samples, device=x.device)[:, None].expand(x.shape[:2])
    if batch.mask is None and tokens != "last":  # all of them, without a copy
        values, owners = x.flatten(0, 1), owners.flatten()
    else:
        keep = _kept(x, batch)
        keep = keep & (keep.cumsum(1) == keep.sum(1, keepdim=True)) if tokens == "last" else keep
        values, owners = x[keep], owners[keep]
    if not bool(torch.isfinite(values.sum())) and (bad := int((~torch.isfinite(values)).sum())):
        raise Unusable(f"NaN or infinity in {bad} of {values.numel()} of its values")
    return _means(values, owners, batch.samples) if tokens == "mean" else Selected(values, owners)


def check_tokens(tokens: str | None) -> str | None:
    """The argument itself.

    Raises:
        ValueError: Another word.
    """
    if tokens is not None and tokens not in TOKENS:
        raise ValueError(f"tokens: wanted one of {', '.join(TOKENS)}, found {tokens!r}")
    return tokens


def weights_problem(weight: object) -> str:
    """Why numbers cannot be read of weights; "" where they can."""
    if not isinstance(weight, torch.Tensor):
        return f"its weights are a {type(weight).__name__}, quantised or computed; dequantise the network first"
    if not weight.is_floating_point():
        return f"its weights are {weight.dtype}, quantised; dequantise the network first"
    if weight.device.type == "meta":
        return "its weights are on the meta device; load them first"
    return "" if bool(torch.isfinite(weight).all()) else "NaN or infinity in its weights"


def by_name(tensors: Mapping[str, torch.Tensor], place: str) -> torch.Tensor:
    """What flowed at a place.

    Raises:
        Unusable: Nothing did.
    """
    if place not in tensors:
        raise Unusable("no tensor flows there")
    return tensors[place]


def _kept(x: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Which positions count, (inputs, positions)."""
    everything = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
    if batch.mask is None or x.shape[1] == 1:
        return everything
    if batch.mask.shape[1] != x.shape[1]:
        raise Unusable(f"its {x.shape[1]} positions do not fit the {batch.mask.shape[1]} tokens of the mask")
    return batch.mask.to(x.device)


def _means(values: torch.Tensor, owners: torch.Tensor, samples: int) -> Selected:
    sums = torch.zeros(samples, values.shape[1], dtype=torch.float64, device=values.device)
    sums.index_add_(0, owners, values.double())
    counts = torch.bincount(owners, minlength=samples)
    some = counts > 0
    return Selected(sums[some] / counts[some, None], some.nonzero()[:, 0])
