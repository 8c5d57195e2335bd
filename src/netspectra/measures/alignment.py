"""Alignment of a node: the share of its input's variance that its weights pick up.

    A(w) = w' C w / (w' w) / tr C,    C the covariance of the layer's input

(alignment document, "Theoretical Background"). Since w' C w is the variance of x'w, no covariance is ever formed.
"""

from dataclasses import dataclass

import torch

from netspectra.measures import checks
from netspectra.measures.ranges import never_varies, rows_within_range, varies, within_range
from netspectra.measures.unfolding import Convolution, grouped_patches, unfold


@dataclass(frozen=True)
class Chance:
    """Alignment of weights that point anywhere with equal probability: mean 1/d, and standard deviation over nodes."""

    mean: float
    sd: float


def alignment(
    inputs: checks.Array, weight: checks.Array, *, centred: bool = True, relative: bool = True
) -> torch.Tensor:
    """Alignment of every node of a layer, in float64.

    Args:
        inputs: What the layer receives, (samples, d).
        weight: The layer's weights, (nodes, d).
        centred: Use the covariance, with n - 1; else the second moment E[xx'].
        relative: Divide by tr C; else give the Rayleigh quotient w'Cw / w'w itself.

    Returns:
        Shape (nodes,); in [0, 1] when relative. NaN for a node whose weights are all zero.

    Raises:
        ValueError: Shapes that do not fit, fewer than two samples, NaN or infinity, or inputs that never vary.
    """
    inputs = checks.matrix("inputs", inputs, samples=2 if centred else 1).double()
    weight = checks.matrix("weight", weight, columns=inputs.shape[1]).double()
    (inputs, size), (weight, _) = within_range(inputs), rows_within_range(weight)
    total = _total_variance(inputs, centred)
    if total.isnan():
        raise never_varies("inputs", inputs.shape[1])
    checks.squares("inputs", total if relative else total * size * size)
    quotient = _variance(inputs @ weight.T, centred) / weight.square().sum(-1)
    return quotient / total if relative else quotient * size * size


def of_outputs(
    inputs: checks.Array,
    outputs: checks.Array,
    weight: checks.Array,
    *,
    centred: bool = True,
    relative: bool = True,
) -> torch.Tensor:
    """The same from the pre-activations that a forward pass already has; leading dimensions stack networks.

    Made for every step of a training: nothing is read for NaN, and a layer that is constant on this batch is no error.

    Args:
        inputs: (..., samples, d).
        outputs: Pre-activations x'w, with or without bias when centred, (..., samples, nodes).
        weight: (..., nodes, d).
        centred: As in `alignment`.
        relative: As in `alignment`.

    Returns:
        Shape (..., nodes), in the dtype of the outputs, and in float32 for half precision. NaN for nodes whose weights
        are all zero and for networks in which the layer's inputs never vary.

    Raises:
        ValueError: Shapes that do not fit.
    """
    inputs, outputs, weight = _stacks(inputs, outputs, weight)
    quotient = _variance(outputs, centred) / weight.square().sum(-1)
    return quotient / _total_variance(inputs, centred) if relative else quotient


def of_convolution(
    inputs: torch.Tensor, outputs: torch.Tensor, conv: Convolution, weight: torch.Tensor
) -> torch.Tensor:
    """Relative, centred alignment of a convolution's nodes from its output maps, with positions as samples.

    The trace of the patch covariance comes from the patches of two images only, the mean and the mean square over
    samples, so that no patch matrix is formed. In a grouped convolution a node's trace is that of its group.

    Args:
        inputs: (samples, C, H, W).
        outputs: (samples, nodes, H', W').
        conv: Gives kernel, stride, padding, dilation and groups.
        weight: (nodes, C / groups, kh, kw).

    Returns:
        Shape (nodes,).
    """
    moments = torch.stack([inputs.double().mean(0), inputs.double().square().mean(0)])
    first, second = unfold(moments, conv).mean(-1)
    positions = outputs.movedim(1, -1).flatten(0, -2).double()
    count = len(positions)
    traces = [part.sum() * count / (count - 1) for part in (second - first.square()).chunk(conv.groups)]
    trace = torch.stack(traces).repeat_interleave(len(weight) // conv.groups)
    return _variance(positions, centred=True) / weight.double().square().flatten(1).sum(-1) / trace


def patches(inputs: torch.Tensor, conv: Convolution) -> torch.Tensor:
    """The patches that a convolution multiplies by its weights, padding of any mode included.

    Args:
        inputs: (samples, C, H, W), or with one or three dimensions of space for a convolution of these.
        conv: Gives kernel, stride, padding and dilation; `conv.weight.flatten(1)` are the weights that fit.

    Returns:
        Shape (samples * positions, C * kh * kw).

    Raises:
        ValueError: Other dimensions or channels, NaN or infinity, or a convolution in groups.
    """
    if conv.groups != 1:
        raise ValueError(f"conv: wanted groups=1, found {conv.groups}; grouped_patches has one matrix per group")
    return grouped_patches(inputs, conv)[0]


def chance(inputs: checks.Array) -> Chance:
    """Alignment of random isotropic weights with inputs (samples, d).

    For w uniform on the sphere and p the eigenvalues of C over their sum, E[A] = 1/d and
    Var[A] = (1 + 2 sum p^2) / (d (d + 2)) - 1/d^2.

    Raises:
        ValueError: Fewer than two samples, NaN or infinity, or inputs that never vary.
    """
    inputs, _ = within_range(checks.matrix("inputs", inputs, samples=2).double())
    mean = inputs.mean(0)
    centred = inputs - mean
    scatter = centred.T @ centred
    d = inputs.shape[1]
    if not varies((scatter.diagonal().max() / len(inputs)).sqrt(), mean.abs().max()):
        raise never_varies("inputs", d)
    concentration = float(scatter.square().sum() / scatter.trace().square())
    variance = (1 + 2 * concentration) / (d * (d + 2)) - 1 / d**2
    return Chance(1 / d, max(variance, 0.0) ** 0.5)


def _stacks(*given: checks.Array) -> list[torch.Tensor]:
    """Inputs, outputs and weights that fit, without their graph; half precision in float32, which can square it."""
    names = "inputs", "outputs", "weight"
    inputs, outputs, weight = (checks.floating(name, x) for name, x in zip(names, given, strict=True))
    for name, x, wanted in (
        ("outputs", outputs, (inputs.shape[-2], weight.shape[-2])),
        ("weight", weight, (weight.shape[-2], inputs.shape[-1])),
    ):
        if x.shape[-2:] != wanted:
            raise ValueError(f"{name}: wanted shape (..., {wanted[0]}, {wanted[1]}), found {tuple(x.shape)}")
    return [x.float() if x.dtype in (torch.float16, torch.bfloat16) else x for x in (inputs, outputs, weight)]


def _total_variance(x: torch.Tensor, centred: bool) -> torch.Tensor:
    """Trace of the covariance or second moment of (..., samples, d), (..., 1); NaN where nothing varies."""
    mean = x.mean(-2, keepdim=True)
    variance = _about(x, mean) if centred else _variance(x, centred)
    floor = mean.abs().amax(-1) if centred else torch.zeros_like(mean[..., 0])
    alive = varies(variance.amax(-1, keepdim=True).sqrt(), floor, x.dtype)
    return torch.where(alive, variance.sum(-1, keepdim=True), torch.nan)


def _variance(x: torch.Tensor, centred: bool) -> torch.Tensor:
    """Variance over samples; two passes and a pairwise sum keep float32 good to 1e-6, and beat torch.var on a CPU."""
    if not centred:
        return x.square().mean(-2)
    return _about(x, x.mean(-2, keepdim=True))


def _about(x: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
    return (x - mean).square().sum(-2) / (x.shape[-2] - 1)
