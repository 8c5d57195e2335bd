"""Alignment of the nodes of a network's layers over batches, without holding what enters them."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from netspectra.lenses.scoring import inputs_of
from netspectra.measures.ranges import varies
from netspectra.networks.flow import Inputs
from netspectra.networks.layers import weight_layer, weight_layers
from netspectra.networks.looking import looking
from netspectra.networks.places import Reading, read
from netspectra.networks.weights import WeightLayer

LARGEST = 2**22  # numbers in the rows of a convolution or lookup that are held at a time


def layer_alignment(
    network: nn.Module,
    batches: Iterable[Inputs | Sequence[Any]],
    layers: Iterable[str] | None = None,
    *,
    centred: bool = True,
    relative: bool = True,
) -> dict[str, torch.Tensor]:
    """Alignment of every node with the variance of what enters its layer (`measures.alignment.alignment`), streaming.

    Positions of maps, tokens and time steps count as samples. The network runs in evaluation mode. In a grouped
    convolution a node is compared with the input of its group.

    Args:
        network: Any module.
        batches: Inputs, alone or first in a pair.
        layers: Names as in `layers.weight_layers`; all whose inputs can be read when None.
        centred: Use covariances, with n - 1; else second moments.
        relative: Divide by the trace; else give w'Cw / w'w itself.

    Returns:
        {layer: (nodes,)}, float64; NaN for a node whose weights are all zero, and where nothing that enters varies.

    Raises:
        ValueError: No such layer, one whose inputs cannot be read (says why), no batches, or fewer than two samples.
    """
    if layers is None:
        chosen = {name: layer for name, layer in weight_layers(network).items() if not layer.hidden}
    else:
        chosen = {name: weight_layer(network, name) for name in layers}
    if hidden := [f"{name}: {layer.hidden}" for name, layer in chosen.items() if layer.hidden]:
        raise ValueError(f"layers: wanted ones whose inputs can be read, found {hidden[0]}")
    sums: dict[str, _Sums] = {}
    for name, values, weight in _rows(network, batches, chosen):
        part = _Sums.of(values, weight)
        sums[name] = sums[name] + part if name in sums else part
    if missing := [name for name in chosen if name not in sums or sums[name].count < 1 + centred]:
        raise ValueError(f"batches: wanted at least {1 + centred} samples, found too few for layer {missing[0]}")
    return {name: found.alignment(chosen[name].weight(), centred, relative) for name, found in sums.items()}


def _rows(
    network: nn.Module, batches: Iterable[Inputs | Sequence[Any]], chosen: dict[str, WeightLayer]
) -> Iterator[tuple[str, torch.Tensor, torch.Tensor]]:
    """Layer, its rows (groups, samples, d) and weights (groups, nodes, d), float64, piece by piece."""
    entering = {place for layer in chosen.values() for place in layer.entering}
    leaving = {place for layer in chosen.values() for place in layer.leaving}
    weights = {name: layer.weight().double().unflatten(0, (layer.groups, -1)) for name, layer in chosen.items()}
    with looking(network), torch.no_grad():
        for batch in batches:
            reading = read(network, inputs_of(batch), entering, leaving, outputs=False)
            for name, layer in chosen.items():
                for piece in _pieces(layer, reading):
                    rows = layer.inputs(piece).values.double()
                    yield name, rows if layer.groups > 1 else rows[None], weights[name]


def _pieces(layer: WeightLayer, reading: Reading) -> Iterator[Reading]:
    """The reading in parts, where the rows are many times what enters."""
    copies = {"convolution": "kernel_size", "embedding": "num_embeddings"}.get(layer.kind)
    if copies is None:
        yield reading
        return
    (place,) = layer.entering
    x, copies = reading.entering[place], getattr(layer.module, copies)
    alone = layer.kind == "convolution" and x.ndim == 1 + len(copies)
    size = x[:1].numel() * (math.prod(copies) if isinstance(copies, tuple) else copies)
    for part in [x] if alone else x.split(max(1, LARGEST // size)):
        yield replace(reading, entering={place: part})


@dataclass(frozen=True)
class _Sums:
    """Count, means and centred sums of squares of inputs x and outputs W x, each (groups, columns).

    Parts merge by the pairwise update of Chan, Golub and LeVeque (1979).
    """

    count: int
    x_mean: torch.Tensor
    x_squares: torch.Tensor
    z_mean: torch.Tensor
    z_squares: torch.Tensor

    @classmethod
    def of(cls, x: torch.Tensor, weight: torch.Tensor) -> "_Sums":
        found = [x.shape[1]]
        for values in (x, x @ weight.mT):
            mean = values.mean(1)
            found += [mean, (values - mean[:, None]).square().sum(1)]
        return cls(*found)

    def __add__(self, other: "_Sums") -> "_Sums":
        count = self.count + other.count
        share = other.count / count
        x_shift, z_shift = other.x_mean - self.x_mean, other.z_mean - self.z_mean
        return _Sums(
            count,
            self.x_mean + share * x_shift,
            self.x_squares + other.x_squares + self.count * share * x_shift.square(),
            self.z_mean + share * z_shift,
            self.z_squares + other.z_squares + self.count * share * z_shift.square(),
        )

    def alignment(self, weight: torch.Tensor, centred: bool, relative: bool) -> torch.Tensor:
        """Alignment (nodes,) of all groups one after the other."""
        z, x = (
            squares / (self.count - 1) if centred else squares / self.count + mean.square()
            for squares, mean in ((self.z_squares, self.z_mean), (self.x_squares, self.x_mean))
        )
        quotient = z / weight.double().square().sum(-1).unflatten(0, (len(z), -1))
        floor = self.x_mean.abs().amax(-1, keepdim=True) if centred else torch.zeros_like(x[:, :1])
        alive = varies(x.amax(-1, keepdim=True).sqrt(), floor, torch.float32)
        return (quotient / torch.where(alive, x.sum(-1, keepdim=True), torch.nan) if relative else quotient).flatten()
