"""Clipping curves: accuracy after projecting what enters a layer on its first k directions, for every k in one pass."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from netspectra.measures import checks
from netspectra.measures.alignment import patches
from netspectra.networks import old_layers as layers


@dataclass(frozen=True)
class ClippingCurve:
    """Shapes (ranks,): the ranks, the right answers and the accuracy in [0, 1] at each; and the number of samples."""

    ranks: torch.Tensor
    hits: torch.Tensor
    accuracy: torch.Tensor
    samples: int


def clipping_curve(
    network: nn.Sequential,
    layer: str,
    directions: torch.Tensor,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    *,
    ranks: Sequence[int] | None = None,
) -> ClippingCurve:
    """Accuracy of the network with W V_k V_k' in place of W, V_k the first k directions (rainbow document, "clipping").

    The layers before run once. Between ranks the pre-activations change by z_k = z_(k-1) + (W v_k)(v_k'x), so a rank
    costs one such update and the layers that follow.

    Args:
        network: Layers by name.
        layer: The layer whose input is projected.
        directions: Orthonormal columns (d, K), the most important first, as in `Spectrum.vectors`. For a linear layer
            d is its inputs, or the channels when it follows a Flatten of feature maps; for a convolution the channels,
            or its patch C * kh * kw.
        batches: Pairs (inputs, labels).
        ranks: Increasing ranks to evaluate, each at most K; all of 1 ... K when None.

    Raises:
        ValueError: No such layer or one without weights, directions that do not fit or are not orthonormal, a rank
            above K, or no batches.
    """
    weight = layers.flat_weight(layers.with_weights(network, layer))
    head, clipped, tail = _split(network, layer)
    directions = _checked(directions, network, layer).to(weight)
    wanted = _ranks(ranks, directions)
    factors = _project(weight, directions)
    hits, samples = torch.zeros(len(wanted), dtype=torch.int64), 0
    with torch.no_grad():
        for x, y in batches:
            x = head(x)
            z = _start(clipped, x)
            inputs = x if isinstance(clipped, nn.Linear) else patches(x, clipped)
            projected = _project(inputs, directions)
            hits += _hits(z, projected, factors, wanted, tail, y).cpu()
            samples += len(y)
    if not samples:
        raise ValueError("batches: wanted at least one sample, found none")
    return ClippingCurve(torch.tensor(wanted), hits, hits.double() / samples, samples)


def _hits(
    z: torch.Tensor,
    projected: torch.Tensor,
    factors: torch.Tensor,
    ranks: list[int],
    tail: nn.Sequential,
    y: torch.Tensor,
) -> torch.Tensor:
    """Right answers per rank; z (samples, ..., nodes) starts at the bias and is updated in place."""
    rows = z.flatten(0, -2)
    shaped = z.movedim(-1, 1)
    hits, before = [], 0
    for rank in ranks:
        rows.addmm_(projected[before:rank].flatten(0, 1).T, factors[before:rank].flatten(0, 1))
        hits.append((tail(shaped).argmax(-1) == y).sum())
        before = rank
    return torch.stack(hits)


def _project(x: torch.Tensor, directions: torch.Tensor) -> torch.Tensor:
    """Components (K, rest, samples) of x: (samples, d * rest) along directions (d, K)."""
    d, count = directions.shape
    return (directions.T @ x.unflatten(1, (d, -1)).movedim(0, -1).flatten(1)).reshape(count, -1, len(x))


def _split(network: nn.Sequential, name: str) -> tuple[nn.Sequential, nn.Linear | nn.Conv2d, nn.Sequential]:
    parts = list(network.named_children())
    position = [key for key, _ in parts].index(name)
    modules = [module for _, module in parts]
    tail = [_out_of_place(module) for module in modules[position + 1 :]]
    return nn.Sequential(*modules[:position]), modules[position], nn.Sequential(*tail)


def _out_of_place(module: nn.Module) -> nn.Module:
    """The same layer, leaving its input alone: the pre-activations are needed again at the next rank."""
    if getattr(module, "inplace", False):
        module = copy.copy(module)
        module.inplace = False
    return module


def _start(clipped: nn.Linear | nn.Conv2d, x: torch.Tensor) -> torch.Tensor:
    """Pre-activations at rank 0, (samples, ..., nodes): the bias, or zero."""
    shape = clipped(x[:1]).movedim(1, -1).shape[1:]
    z = x.new_zeros(len(x), *shape)
    return z if clipped.bias is None else z + clipped.bias


def _checked(directions: torch.Tensor, network: nn.Sequential, name: str) -> torch.Tensor:
    checks.matrix("directions", directions)
    layer = layers.with_weights(network, name)
    d, count = directions.shape
    allowed = _dimensions(network, name, layer)
    if d not in allowed:
        raise ValueError(f"directions: wanted {' or '.join(map(str, allowed))} rows for layer {name}, found {d}")
    if count > d:
        raise ValueError(f"directions: wanted a rank of at most {d}, the layer's dimension, found {count} columns")
    off = float((directions.T.double() @ directions.double() - torch.eye(count, device=directions.device)).abs().max())
    if off > 1e-3:
        raise ValueError(f"directions: wanted orthonormal columns, found inner products off by {off:.3g}")
    return directions


def _dimensions(network: nn.Sequential, name: str, layer: nn.Linear | nn.Conv2d) -> list[int]:
    if isinstance(layer, nn.Conv2d):
        return sorted({layer.in_channels, layers.flat_weight(layer).shape[1]})
    channels = layers.flattened_channels(network, name)
    return sorted({layer.in_features} | ({channels} if channels else set()))


def _ranks(ranks: Sequence[int] | None, directions: torch.Tensor) -> list[int]:
    d, count = directions.shape
    wanted = list(range(1, count + 1)) if ranks is None else [int(rank) for rank in ranks]
    if not wanted or min(wanted) < 0 or any(a >= b for a, b in pairwise(wanted)):
        raise ValueError(f"ranks: wanted increasing ranks from 0 or 1, found {wanted[:5]}")
    if wanted[-1] > count:
        raise ValueError(f"ranks: wanted at most {count} (directions given; the layer has {d}), found {wanted[-1]}")
    return wanted
