"""What the measures need to know of a network: an ordered set of named layers, and what enters each of them."""

from collections.abc import Iterable

import torch
from torch import nn

SUPPORTED = "torch.nn.Sequential of Linear, Conv2d (groups=1) and layers without parameters (ReLU, Flatten, pooling)"


def sequential(network: nn.Module) -> dict[str, nn.Module]:
    """The layers by name, first layer first.

    Raises:
        ValueError: The network is no Sequential, or a layer with parameters is neither linear nor a convolution.
    """
    if not isinstance(network, nn.Sequential):
        raise ValueError(f"network: wanted a {SUPPORTED}, found {type(network).__name__}")
    layers = dict(network.named_children())
    for name, layer in layers.items():
        other = not isinstance(layer, nn.Linear | nn.Conv2d) and any(True for _ in layer.parameters())
        if other or getattr(layer, "groups", 1) != 1:
            raise ValueError(f"network: wanted a {SUPPORTED}, found {name}: {layer}")
    return layers


def weighted(network: nn.Module) -> dict[str, nn.Linear | nn.Conv2d]:
    """The layers that have weights, by name, first layer first.

    Raises:
        ValueError: As `sequential`, or no layer has weights.
    """
    found = {name: layer for name, layer in sequential(network).items() if isinstance(layer, nn.Linear | nn.Conv2d)}
    if not found:
        raise ValueError("network: wanted at least one layer with weights, found none")
    return found


def with_weights(network: nn.Module, name: str) -> nn.Linear | nn.Conv2d:
    """The layer of that name.

    Raises:
        ValueError: No such layer, or one without weights.
    """
    found = weighted(network)
    if name not in found:
        raise ValueError(f"layer: wanted one with weights ({', '.join(found)}), found {name!r}")
    return found[name]


def entering(network: nn.Sequential, x: torch.Tensor, names: Iterable[str]) -> dict[str, torch.Tensor]:
    """What enters the named layers; feature maps as they were before being flattened.

    Args:
        network: Layers by name; run only as far as the last one named.
        x: Inputs (samples, ...).
        names: Layers wanted.

    Returns:
        {layer: (samples, neurons) or (samples, C, H, W)}.
    """
    missing, found, shaped = set(names), {}, x
    for name, layer in network.named_children():
        if name in missing:
            found[name] = shaped
            missing.remove(name)
        if not missing:
            break
        x = layer(x)
        shaped = shaped if isinstance(layer, nn.Flatten) else x
    return found


def neurons_last(x: torch.Tensor) -> torch.Tensor:
    """Activations as (samples, neurons): the positions of feature maps (samples, C, H, W) become samples.

    Raises:
        ValueError: Other numbers of dimensions.
    """
    if x.ndim == 4:
        return x.movedim(1, -1).flatten(0, -2)
    if x.ndim != 2:
        raise ValueError(f"activations: wanted (samples, neurons) or (samples, C, H, W), found {tuple(x.shape)}")
    return x


def flat_weight(layer: nn.Linear | nn.Conv2d) -> torch.Tensor:
    """Weights as (nodes, d), where a convolution's d is its patch C * kh * kw."""
    return layer.weight.detach().flatten(1)


def flattened_channels(network: nn.Sequential, name: str) -> int | None:
    """Channels of the feature maps that a Flatten right before `name` turns into its inputs; None without such."""
    before = list(network.named_children())
    before = before[: [key for key, _ in before].index(name)]
    if not before or not isinstance(before[-1][1], nn.Flatten):
        return None
    sources = [layer for _, layer in before if isinstance(layer, nn.Linear | nn.Conv2d)]
    return sources[-1].out_channels if sources and isinstance(sources[-1], nn.Conv2d) else None
