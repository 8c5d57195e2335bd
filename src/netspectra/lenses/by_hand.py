"""Gradients of fully connected networks by hand, many at a time.

Parameters are vectorised layer by layer, the bias before the weights, the weights row by row (`blocks`).
Inside, activations are (networks, neurons, samples), so that every layer is one batched product.
"""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from netspectra.measures import checks
from netspectra.networks.places import chain, plain
from netspectra.networks.taps import joined

# Of a layer's outputs a, never of its inputs: what each activation multiplies the gradient by.
BACKWARD = {
    nn.Identity: lambda delta, a: delta,
    nn.Tanh: torch.ops.aten.tanh_backward,
    nn.Sigmoid: torch.ops.aten.sigmoid_backward,
    nn.ReLU: lambda delta, a: torch.ops.aten.threshold_backward(delta, a, 0),
}
SUPPORTED = "chain of Linear layers, each used once and followed by at most one of Tanh, ReLU, Sigmoid, Identity"

Layer = tuple[str, nn.Linear, nn.Module]


def layers(network: nn.Module) -> list[Layer]:
    """Every linear layer with its name and the activation that follows it, after an optional Flatten.

    Raises:
        ValueError: The network is not fully connected; names what stands in the way.
    """
    stages = chain(network)
    if plain(stages[0][1], nn.Flatten) and (stages[0][1].start_dim, stages[0][1].end_dim) == (1, -1):
        stages = stages[1:]
    found: list[Layer] = []
    for (name, stage), (_, after) in pairwise([*stages, ("", None)]):
        if plain(stage, nn.Linear) and "weight" in stage._parameters:
            found.append((name, stage, after if _activates(after) else nn.Identity()))
        elif not _activates(stage) or not found or _activates(after):
            raise ValueError(f"network: wanted a {SUPPORTED}, found {f'{name}: {stage}' if name else network}")
    own = [p for _, linear, _ in found for p in linear.parameters()]
    if not found or len({id(p) for p in own}) < len(own):
        raise ValueError(f"network: wanted a {SUPPORTED}, found {network}")
    return found


def possible(network: nn.Module, x: object = None) -> bool:
    """Whether a network is fully connected, and inputs, if given, are one vector per sample or are flattened to one."""
    try:
        layers(network)
    except ValueError:
        return False
    flattens = isinstance(chain(network)[0][1], nn.Flatten)
    return x is None or (isinstance(x, torch.Tensor) and (x.ndim == 2 or flattens))


def blocks(found: list[Layer]) -> dict[str, slice]:
    """Where each tensor stands in the vector of parameters, {"fc1.bias": slice, "fc1.weight": slice, ...}."""
    places, start = {}, 0
    for name, linear, _ in found:
        for part in ("bias", "weight"):
            if (tensor := getattr(linear, part)) is not None:
                places[joined(name, part)] = slice(start, start + tensor.numel())
                start += tensor.numel()
    return places


def data(
    found: list[Layer], x: torch.Tensor, y: torch.Tensor, loss: str, like: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs as (1, d, samples) and targets as (1, outputs, samples) or labels (samples,).

    Raises:
        ValueError: Shapes that do not fit, NaN or infinity.
    """
    x = checks.matrix("x", checks.finite("x", x).flatten(1), columns=found[0][1].in_features)
    wanted = (len(x), found[-1][1].out_features)[: 2 if loss == "mse" else 1]
    if y.shape != wanted:
        raise ValueError(f"y: wanted shape {wanted} for {loss}, found {tuple(y.shape)}")
    return x.T[None].to(like), checks.finite("y", y).T[None].to(like) if loss == "mse" else y.long()


def views(found: list[Layer], places: dict[str, slice], theta: torch.Tensor) -> list[tuple[torch.Tensor, ...]]:
    """Weights (networks, nodes, d) and biases (networks, nodes) or None of every layer, within theta."""
    return [
        (
            theta[:, places[joined(name, "weight")]].unflatten(1, tuple(linear.weight.shape)),
            theta[:, places[joined(name, "bias")]] if linear.bias is not None else None,
        )
        for name, linear, _ in found
    ]


def factors(
    found: list[Layer], weights: list, x: torch.Tensor, y: torch.Tensor, loss: str, factor: float
) -> Iterator[tuple[int, torch.Tensor, torch.Tensor]]:
    """Per layer, last first: its index, what enters it (networks or 1, d, samples), and delta times the factor."""
    entering, a = [], x
    for (weight, bias), (_, _, activation) in zip(weights, found, strict=True):
        entering.append(a)
        a = product(weight, a)
        a = activation(a if bias is None else a.add_(bias[..., None]))
    delta = _output_delta(a, y, loss, factor)
    for i in reversed(range(len(found))):
        delta = BACKWARD[type(found[i][2])](delta, a)
        a = entering.pop()
        yield i, a, delta
        if i:
            delta = torch.bmm(weights[i][0].mT, delta)


def product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Batched product; what all networks share on the right is multiplied once, by all on the left at a time."""
    if len(right) < len(left):
        return (left.flatten(0, 1) @ right[0]).unflatten(0, left.shape[:2])
    return torch.bmm(left, right)


def _output_delta(outputs: torch.Tensor, y: torch.Tensor, loss: str, factor: float) -> torch.Tensor:
    """Derivative of each sample's loss by the network's outputs (networks, outputs, samples), times a factor."""
    if loss == "mse":
        return (outputs - y).mul_(2 * factor / outputs.shape[1])
    return (outputs.softmax(1) - F.one_hot(y, outputs.shape[1]).T).mul_(factor)


def _activates(stage: nn.Module | None) -> bool:
    return type(stage) in BACKWARD and plain(stage, *BACKWARD)
