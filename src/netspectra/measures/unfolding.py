"""Patches: what a convolution multiplies by its weights, for any number of dimensions, padding and groups."""

import torch
from torch import nn
from torch.nn import functional as F

from netspectra.measures import checks

Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d


def grouped_patches(inputs: checks.Array, conv: Convolution) -> torch.Tensor:
    """The patches of every group of a convolution, padding of any mode included.

    Args:
        inputs: (samples, C, H, W), or with one or three dimensions of space for a convolution of these.
        conv: Gives kernel, stride, padding, dilation and groups; `conv.weight.flatten(1)` are the weights that fit.

    Returns:
        Shape (groups, samples * positions, C / groups * kh * kw); each group serves as many nodes, in order.

    Raises:
        ValueError: Other dimensions or channels, NaN or infinity.
    """
    inputs = checks.finite("inputs", inputs)
    if inputs.ndim != 2 + len(conv.kernel_size) or inputs.shape[1] != conv.in_channels:
        space = ", ".join("DHW"[-len(conv.kernel_size) :])
        raise ValueError(f"inputs: wanted (samples, {conv.in_channels}, {space}), found {tuple(inputs.shape)}")
    columns = unfold(inputs, conv).unflatten(1, (conv.groups, -1))
    return columns.movedim(0, 1).movedim(2, 3).flatten(1, 2)


def unfold(x: torch.Tensor, conv: Convolution) -> torch.Tensor:
    """Patches as columns, (samples, C * kh * kw, positions)."""
    x, padding = _padded(x, conv)
    if x.ndim == 4:
        return F.unfold(x, conv.kernel_size, conv.dilation, padding, conv.stride)
    x = F.pad(x, [side for pad in reversed(padding) for side in (pad, pad)])
    for dim, (size, step, stride) in enumerate(zip(conv.kernel_size, conv.dilation, conv.stride, strict=True), 2):
        x = x.unfold(dim, step * (size - 1) + 1, stride)[..., ::step]
    space = len(conv.kernel_size)  # (samples, C, positions ..., kernel ...)
    kernel, behind = tuple(range(2 + space, 2 + 2 * space)), tuple(range(2, 2 + space))
    return x.movedim(kernel, behind).flatten(1, 1 + space).flatten(2)


def _padded(x: torch.Tensor, conv: Convolution) -> tuple[torch.Tensor, tuple[int, ...]]:
    """The input with the padding that no unfolding adds, and the zeros on every side that are still to be added."""
    none = (0,) * len(conv.kernel_size)
    if conv.padding == "valid":
        return x, none
    if conv.padding == "same":
        totals = [step * (size - 1) for size, step in zip(conv.kernel_size, conv.dilation, strict=True)]
        sides = [(total // 2, total - total // 2) for total in totals]
    else:
        sides = [(pad, pad) for pad in conv.padding]
    if conv.padding_mode == "zeros" and all(left == right for left, right in sides):
        return x, tuple(left for left, _ in sides)
    mode = "constant" if conv.padding_mode == "zeros" else conv.padding_mode
    return F.pad(x, [side for pair in reversed(sides) for side in pair], mode), none
