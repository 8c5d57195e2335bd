"""Clipping curves: accuracy after projecting what enters a layer on its first k directions, for every k in one pass."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from netspectra.lenses.scoring import Labelled, hits, labelled
from netspectra.measures import checks
from netspectra.measures.alignment import patches
from netspectra.networks import layers
from netspectra.networks.flow import Inputs, arguments, logits
from netspectra.networks.layouts import CONVOLUTIONS, unflattened
from netspectra.networks.looking import looking
from netspectra.networks.places import chain, overwrites, plain, read
from netspectra.networks.weights import WeightLayer

Outputs = Callable[[Inputs, list[int]], Iterator[Any]]


@dataclass(frozen=True)
class ClippingCurve:
    """Shapes (ranks,): the ranks, the right answers and the accuracy in [0, 1] at each; and the number of samples."""

    ranks: torch.Tensor
    hits: torch.Tensor
    accuracy: torch.Tensor
    samples: int


def clipping_curve(
    network: nn.Module,
    layer: str,
    directions: torch.Tensor,
    batches: Labelled,
    *,
    ranks: Sequence[int] | None = None,
) -> ClippingCurve:
    """Accuracy of the network with W V_k V_k' in place of W, V_k the first k directions (rainbow document, "clipping").

    The network is scored in evaluation mode. In a chain the layers before run once, and between ranks the
    pre-activations change by z_k = z_(k-1) + (W v_k)(v_k'x), so a rank costs one such update and the layers that
    follow. Elsewhere the network runs once per rank with the weights replaced, wherever it uses them.

    Args:
        network: Any classifier.
        layer: Name of a layer with weights, as in `layers.weight_layers`.
        directions: Orthonormal columns (d, K), the most important first, as in `Spectrum.vectors`. For a linear layer
            d is its inputs, or the channels when it follows a Flatten of feature maps; for a convolution the channels,
            or its patch C * kh * kw, both of one group, in every group the same or (groups, d, K).
        batches: Pairs (inputs, labels).
        ranks: Increasing ranks to evaluate, each at most K; all of 1 ... K when None.

    Raises:
        ValueError: No such layer or one without weights, directions that do not fit or are not orthonormal, a rank
            above K, no batches, or labels that do not fit.
    """
    clipped = _layer(network, layer)
    directions = _orthonormal(directions, clipped)
    wanted = _ranks(ranks, directions)
    right, samples, run = torch.zeros(len(wanted), dtype=torch.int64), 0, None
    with looking(network), torch.no_grad():
        for x, y in labelled(batches):
            run = run or _runner(network, clipped, directions, x)
            scores = (logits(outputs) for outputs in run(x, wanted))
            right += torch.stack([hits(found, y, first=not i) for i, found in enumerate(scores)]).cpu()
            samples += y.numel()
    return ClippingCurve(torch.tensor(wanted), right, right.double() / samples, samples)


def _runner(network: nn.Module, clipped: WeightLayer, directions: torch.Tensor, x: Inputs) -> Outputs:
    """How the outputs come, once the directions are known to fit what enters the layer."""
    _check_rows(network, clipped, directions, x)
    return _chained(network, clipped, directions) or partial(_replaced, network, clipped, directions)


def _chained(network: nn.Module, clipped: WeightLayer, directions: torch.Tensor) -> Outputs | None:
    """How outputs come at every rank where a layer is a stage of a chain, with one kind of input, used once."""
    stages = chain(network)
    place = next((i for i, (name, _) in enumerate(stages) if name == clipped.place), None)
    uses = sum(module is clipped.module for _, module in network.named_modules(remove_duplicate=False))
    if place is None or uses > 1 or clipped.groups > 1 or not plain(clipped.module, nn.Linear, *CONVOLUTIONS):
        return None
    head, tail = (nn.Sequential(*(m for _, m in part)) for part in (stages[:place], stages[place + 1 :]))
    directions = directions.to(weight := clipped.weight())
    factors = _project(weight, directions)
    whole = partial(_replaced, network, clipped, directions)

    def outputs(x: Inputs, ranks: list[int]) -> Iterator[Any]:
        if not isinstance(x, torch.Tensor):
            return whole(x, ranks)
        return _updated(clipped.module, tail, head(x.clone() if overwrites(head) else x), directions, factors, ranks)

    return outputs


def _updated(
    layer: nn.Module,
    tail: nn.Sequential,
    x: torch.Tensor,
    directions: torch.Tensor,
    factors: torch.Tensor,
    ranks: list[int],
) -> Iterator[Any]:
    """Outputs at every rank; z (samples, ..., nodes) starts at the bias and is updated in place."""
    linear = isinstance(layer, nn.Linear)
    z = _start(layer, x)
    projected = _project(x.flatten(0, -2) if linear else patches(x, layer), directions)
    rows, shaped = z.flatten(0, -2), z if linear else z.movedim(-1, 1)
    keep, before = overwrites(tail), 0
    for rank in ranks:
        rows.addmm_(projected[before:rank].flatten(0, 1).T, factors[before:rank].flatten(0, 1))
        yield tail(shaped.clone() if keep else shaped)  # the pre-activations are needed again at the next rank
        before = rank


def _replaced(
    network: nn.Module, clipped: WeightLayer, directions: torch.Tensor, x: Inputs, ranks: list[int]
) -> Iterator[Any]:
    """Outputs at every rank, of the whole network with other weights."""
    args, kwargs = arguments(x)
    weight = clipped.weight().double().unflatten(0, (clipped.groups, -1)).unflatten(2, (directions.shape[-2], -1))
    basis = directions.to(weight).expand(clipped.groups, -1, -1)
    clear, before = torch.zeros_like(weight), 0
    for rank in ranks:
        new, before = basis[..., before:rank], rank
        clear += torch.einsum("gnkr,gck->gncr", torch.einsum("gncr,gck->gnkr", weight, new), new)
        replaced = {clipped.parameter_name: clipped.parameter_with(clear.flatten(2).flatten(0, 1))}
        yield torch.func.functional_call(network, replaced, args, kwargs, tie_weights=False)


def _project(x: torch.Tensor, directions: torch.Tensor) -> torch.Tensor:
    """Components (K, rest, samples) of x: (samples, d * rest) along directions (d, K)."""
    d, count = directions.shape
    return (directions.T @ x.unflatten(1, (d, -1)).movedim(0, -1).flatten(1)).reshape(count, -1, len(x))


def _start(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Pre-activations at rank 0, (samples, ..., nodes): the bias, or zero."""
    shape = layer(x[:1]).shape[1:]
    shape = shape if isinstance(layer, nn.Linear) else (*shape[1:], shape[0])
    z = x.new_zeros(len(x), *shape)
    return z if layer.bias is None else z + layer.bias


def _layer(network: nn.Module, name: str) -> WeightLayer:
    layer = layers.weight_layer(network, name)
    if layer.name != name:
        raise ValueError(f"layer: wanted {layer.name!r}, whose weights all its calls share, found {name!r}")
    if layer.parameter not in layer.module._parameters:
        raise ValueError(
            f"layer: wanted weights that are a parameter, found {name!r}, where they are computed; remove the "
            "parametrization first (torch.nn.utils.parametrize.remove_parametrizations)"
        )
    return layer


def _orthonormal(directions: torch.Tensor, clipped: WeightLayer) -> torch.Tensor:
    for basis in directions if clipped.groups > 1 and directions.ndim == 3 else [directions]:
        checks.matrix("directions", basis)
        d, count = basis.shape
        if count > d:
            raise ValueError(f"directions: wanted a rank of at most {d}, the layer's dimension, found {count} columns")
        off = float((basis.T.double() @ basis.double() - torch.eye(count, device=basis.device)).abs().max())
        if off > 1e-3:
            raise ValueError(f"directions: wanted orthonormal columns, found inner products off by {off:.3g}")
    if directions.ndim == 3 and len(directions) != clipped.groups:
        raise ValueError(f"directions: wanted one basis or {clipped.groups}, one per group, found {len(directions)}")
    return directions


def _check_rows(network: nn.Module, clipped: WeightLayer, directions: torch.Tensor, x: Inputs) -> None:
    allowed, found = {clipped.weight().shape[1]}, directions.shape[-2]
    if clipped.kind == "convolution":
        allowed.add(clipped.module.in_channels // clipped.groups)
    elif clipped.kind == "linear" and (maps := unflattened(network, clipped.place)) != clipped.place:
        entering = read(network, x, [maps], outputs=False).entering[maps]
        allowed |= {entering.shape[1]} if entering.ndim > 2 else set()
    if found not in allowed:
        wanted = " or ".join(map(str, sorted(allowed)))
        raise ValueError(f"directions: wanted {wanted} rows for layer {clipped.name}, found {found}")


def _ranks(ranks: Sequence[int] | None, directions: torch.Tensor) -> list[int]:
    d, count = directions.shape[-2:]
    wanted = list(range(1, count + 1)) if ranks is None else [int(rank) for rank in ranks]
    if not wanted or min(wanted) < 0 or any(a >= b for a, b in pairwise(wanted)):
        raise ValueError(f"ranks: wanted increasing ranks from 0 or 1, found {wanted[:5]}")
    if wanted[-1] > count:
        raise ValueError(f"ranks: wanted at most {count} (directions given; the layer has {d}), found {wanted[-1]}")
    return wanted
