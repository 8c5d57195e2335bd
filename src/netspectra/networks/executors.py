"""Ways to evaluate R networks of one architecture, all to the same numbers; `choose` knows which is fastest where.

Measured by `benchmarks/ensembles.py` on one thread of a CPU: for perceptrons one product with all networks' weights
beats a loop and vmap; for convolutions and recurrent layers nothing beats the loop. On a GPU, where a call costs more
than its arithmetic, few calls win.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.func import functional_call, vmap
from torch.nn import functional as F

from netspectra.networks.flow import logits
from netspectra.networks.places import Reading, chain, plain, read

Tensors = dict[str, torch.Tensor]
Flow = tuple[torch.Tensor, Tensors, Tensors, Tensors]  # outputs, entering, leaving, buffers afterwards

# What gives every sample of a batch what it would get alone, so that networks and samples may share one dimension.
SAMPLEWISE = {
    nn.Identity, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.Softplus,
    nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d,
}  # fmt: skip
WITHOUT_BATCHING = (nn.RNNBase, nn.RNNCellBase)


@dataclass(frozen=True)
class Pass:
    """One evaluation of R networks.

    Attributes:
        network: The module whose forward runs, in the mode it is to run in; its own weights are not used.
        parameters: By name, each (R, ...).
        buffers: By name, each (R, ...); in training mode changed in place.
        x: Inputs (R, samples, ...), or (1, samples, ...) that the networks share.
        entering: Places whose input is wanted.
        leaving: Places whose output is wanted.
        seeds: One per network, for its draws in this pass; None to draw from PyTorch's global numbers.
    """

    network: nn.Module
    parameters: Tensors
    buffers: Tensors
    x: torch.Tensor
    entering: Sequence[str] = ()
    leaving: Sequence[str] = ()
    seeds: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(next(iter(self.parameters.values())))


Executor = Callable[[Pass], Reading]


def choose(one: Pass) -> Executor:
    """The executor that was measured to be fastest for this network on this device."""
    alone, on_cpu = len(one) == 1, one.x.device.type == "cpu"
    if sharable(one) and (alone or not on_cpu or not any(p.ndim > 3 for p in one.parameters.values())):
        return shared
    if alone or on_cpu or draws(one.network) or any(isinstance(m, WITHOUT_BATCHING) for m in one.network.modules()):
        return loop
    return batched


def sharable(one: Pass) -> bool:
    """Whether `shared` knows all layers and places.

    That is a chain of Linear, Conv2d and layers without weights that look at no sample but the one they are given.
    """
    stages = dict(chain(one.network))
    places = {*one.entering, *one.leaving}
    return not one.buffers and places <= stages.keys() and all(_known(n, layer, one) for n, layer in stages.items())


def draws(network: nn.Module) -> bool:
    """Whether a layer draws at random in the mode it is in."""
    shares = ((m.training, getattr(m, "p", 0), getattr(m, "dropout", 0)) for m in network.modules())
    return any(training and any(isinstance(s, float) and s > 0 for s in both) for training, *both in shares)


def shared(one: Pass) -> Reading:
    """Layer by layer for all networks: what they share is multiplied once, by all their weights side by side.

    Convolutions run as one, with as many groups as there are networks.
    """
    x, found = one.x, Reading(None)
    for name, layer in chain(one.network):
        if name in one.entering:
            found.entering[name] = x
        x = _apply(layer, x, one.parameters.get(f"{name}.weight"), one.parameters.get(f"{name}.bias"))
        if name in one.leaving:
            found.leaving[name] = x
    return replace(found, outputs=x)


def loop(one: Pass) -> Reading:
    """Network by network, by the network's own forward: any module."""
    alone, readings = _Alone(one), []
    weights = list(zip(*(p.unbind() for p in one.parameters.values()), strict=True))
    with torch.random.fork_rng([one.x.device] if one.x.is_cuda else [], enabled=one.seeds is not None):
        for i, own in enumerate(weights):
            if one.seeds is not None:
                torch.manual_seed(one.seeds[i])
            buffers = {name: b[i] for name, b in one.buffers.items()}
            state = dict(zip(one.parameters, own, strict=True)) | buffers
            *reading, after = alone.with_state(state, one.x[i if len(one.x) > 1 else 0])
            readings.append(reading)
            _take_over(buffers, after)
    outputs, entering, leaving = zip(*readings, strict=True)
    return Reading(_stacked(outputs), _stacked_by_place(entering), _stacked_by_place(leaving))


def batched(one: Pass) -> Reading:
    """All networks in one pass of `torch.func.vmap`, for modules whose operations have batching rules."""
    common = len(one.x) < len(one)
    every = vmap(_Alone(one).with_state, in_dims=(0, None if common else 0), randomness="error")
    *reading, after = every({**one.parameters, **one.buffers}, one.x[0] if common else one.x)
    _take_over(one.buffers, after)
    return Reading(*reading)


class _Alone(nn.Module):
    """The network of a pass, with what is read of it and its buffers afterwards."""

    def __init__(self, one: Pass) -> None:
        super().__init__()
        self.network, self.places = one.network, (one.entering, one.leaving)

    def with_state(self, state: Tensors, x: torch.Tensor) -> Flow:
        """The same with these parameters and buffers for its own."""
        return functional_call(self, {f"network.{name}": t for name, t in state.items()}, (x,))

    def forward(self, x: torch.Tensor) -> Flow:
        reading = read(self.network, x, *self.places) if any(self.places) else Reading(self.network(x))
        after = dict(self.network.named_buffers()) if self.network.training else {}
        return logits(reading.outputs), reading.entering, reading.leaving, after


def _take_over(buffers: Tensors, after: Tensors) -> None:
    """Keep buffers that a module has replaced; those that it changed in place are changed already."""
    for name, value in after.items():
        if value is not buffers[name]:
            buffers[name].copy_(value.detach())


def _stacked(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.stack(tensors) if len(tensors) > 1 else tensors[0][None]  # a copy less


def _stacked_by_place(readings: Sequence[Tensors]) -> Tensors:
    return {place: _stacked([reading[place] for reading in readings]) for place in readings[0]}


def _known(name: str, layer: nn.Module, one: Pass) -> bool:
    kind = type(layer)
    if kind in SAMPLEWISE:
        return plain(layer, kind) and not getattr(layer, "inplace", False)
    if kind in (nn.Dropout, nn.Dropout2d):
        return plain(layer, kind) and not layer.training
    if kind is nn.Flatten:
        return plain(layer, kind) and layer.start_dim == 1
    if kind not in (nn.Linear, nn.Conv2d) or not plain(layer, kind):
        return False
    own = all(f"{name}.{key}" in one.parameters for key in layer._parameters if layer._parameters[key] is not None)
    groups = getattr(layer, "groups", 1) == 1 or len(one.x) == len(one)
    return own and groups and getattr(layer, "padding_mode", "zeros") == "zeros"


def _apply(layer: nn.Module, x: torch.Tensor, weight: torch.Tensor | None, bias: torch.Tensor | None) -> torch.Tensor:
    if isinstance(layer, nn.Linear):
        return _linear(x, weight, bias)
    if isinstance(layer, nn.Conv2d):
        return _convolve(layer, x, weight, bias)
    return layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def _linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    networks, nodes, _ = weight.shape
    if len(x) == networks == 1:
        return F.linear(x[0], weight[0], None if bias is None else bias[0])[None]
    if len(x) == 1:  # what all networks share is multiplied once, by all their weights side by side
        out = F.linear(x[0], weight.flatten(0, 1), None if bias is None else bias.flatten())
        return out.unflatten(-1, (networks, nodes)).movedim(-2, 0)
    rows = x.flatten(1, -2)
    out = torch.bmm(rows, weight.mT) if bias is None else torch.baddbmm(bias[:, None], rows, weight.mT)
    return out.unflatten(1, x.shape[1:-1])


def _convolve(conv: nn.Conv2d, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    networks, common = len(weight), len(x) == 1
    maps = x[0] if common else x.movedim(0, 1).flatten(1, 2)
    groups = conv.groups * (1 if common else networks)
    flat = None if bias is None else bias.flatten()
    out = F.conv2d(maps, weight.flatten(0, 1), flat, conv.stride, conv.padding, conv.dilation, groups)
    return out.unflatten(1, (networks, -1)).movedim(1, 0)
