"""Multiply-adds of the forward and backward pass, layer by layer, as autograd will do them: what freezing saves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from netspectra.networks.flow import Inputs, call, first_tensor
from netspectra.networks.looking import looking

COUNTED = nn.Linear | _ConvNd | nn.RNNBase


@dataclass(frozen=True)
class LayerCost:
    """Multiply-adds per sample of one layer.

    Attributes:
        layer: Name of the module.
        forward: Of its products with weights; biases, normalisation and activations are left out.
        backward: As many for the gradient by the weights, if they need one, and by the input, if something before
            needs one.
    """

    layer: str
    forward: int
    backward: int


def training_cost(network: nn.Module, x: Inputs) -> list[LayerCost]:
    """Cost of every layer for the parameters that need gradients now; one forward pass of `x` counts them.

    Whether something before a layer needs a gradient is read off what enters it, so branches are counted right. Linear
    layers, convolutions and recurrent layers are counted; recurrent ones with their gates, over all time steps.

    Args:
        network: Any module, with `requires_grad` as it will be in the step; left as it is.
        x: Inputs of a few samples.
    """
    found: dict[str, LayerCost] = {}
    samples = len(first_tensor(x))
    hooks = [
        module.register_forward_hook(_counter(name, samples, found))
        for name, module in network.named_modules()
        if isinstance(module, COUNTED)
    ]
    needed = [p.requires_grad for p in network.parameters()]
    try:
        with looking(network), torch.enable_grad():
            for p, need in zip(network.parameters(), needed, strict=True):
                p.requires_grad_(need)
            call(network, x)
    finally:
        for hook in hooks:
            hook.remove()
    return list(found.values())


def total(costs: Iterable[LayerCost]) -> LayerCost:
    """The sum over layers."""
    costs = list(costs)
    return LayerCost("", sum(c.forward for c in costs), sum(c.backward for c in costs))


def frozen_share(network: nn.Module, x: Inputs, groups: Sequence[Sequence[str]], at: Sequence[float]) -> float:
    """Backward multiply-adds of a training that freezes groups of modules at fractions of it, over those without.

    Args:
        network: Any module; left as it is.
        x: Inputs of a few samples.
        groups: Names of the modules that freeze together.
        at: Fraction of training from which each group is frozen, in [0, 1].

    Raises:
        ValueError: Other numbers of groups and fractions, or a fraction outside [0, 1].
    """
    if len(groups) != len(at) or not all(0 <= f <= 1 for f in at):
        raise ValueError(f"at: wanted {len(groups)} fractions in [0, 1], found {list(at)}")
    whole = _backward(network, x, [])
    times = sorted({0.0, *at, 1.0})
    spent = 0.0
    for start, end in pairwise(times):
        frozen = [name for group, fraction in zip(groups, at, strict=True) if fraction <= start for name in group]
        spent += (end - start) * _backward(network, x, frozen)
    return spent / whole


def _backward(network: nn.Module, x: Inputs, frozen: Sequence[str]) -> int:
    parameters = {id(p): p for name in frozen for p in network.get_submodule(name).parameters()}
    before = {key: p.requires_grad for key, p in parameters.items()}
    try:
        for p in parameters.values():
            p.requires_grad_(False)
        return total(training_cost(network, x)).backward
    finally:
        for key, p in parameters.items():
            p.requires_grad_(before[key])


def _counter(name: str, samples: int, found: dict[str, LayerCost]) -> object:
    def count(module: nn.Module, args: tuple, output: object) -> None:
        forward = _products(module, args[0], first_tensor(output)) // samples
        learns = any(p.requires_grad for n, p in module.named_parameters(recurse=False) if "weight" in n)
        before = found.get(name, LayerCost(name, 0, 0))
        backward = forward * (learns + args[0].requires_grad)
        found[name] = LayerCost(name, before.forward + forward, before.backward + backward)

    return count


def _products(module: nn.Module, x: torch.Tensor, output: torch.Tensor) -> int:
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    if isinstance(module, _ConvNd):
        positions = x if module.transposed else output
        return positions.numel() // positions.shape[1] * module.weight.numel()
    steps = x.numel() // x.shape[-1]
    return steps * sum(p.numel() for n, p in module.named_parameters() if "weight" in n)
