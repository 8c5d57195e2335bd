"""Networks as ordered sets of named layers, alone (`torch.nn.Sequential`) or stacked (`Ensemble`)."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator

import torch
from torch import nn
from torch.nn import functional as F

from netspectra.networks.zoo import build

Parameters = dict[str, torch.Tensor]


def weight_layers(network: nn.Sequential) -> dict[str, nn.Linear | nn.Conv2d]:
    """The layers that multiply their input by weights, by name, first layer first."""
    return {name: layer for name, layer in network.named_children() if isinstance(layer, nn.Linear | nn.Conv2d)}


def input_of(network: nn.Sequential, layer: str) -> str:
    """Name of the activations that enter `layer`: the layer before it, or "input".

    Raises:
        ValueError: The network has no such layer.
    """
    names = [name for name, _ in network.named_children()]
    if layer not in names:
        raise ValueError(f"layer: wanted one of {', '.join(names)}, found {layer!r}")
    position = names.index(layer)
    return names[position - 1] if position else "input"


class Ensemble:
    """R networks of one architecture, evaluated together.

    Args:
        network: Gives the layers and their order; its own weights are not used.
        parameters: Tensors named as in `network.state_dict()`, each with a leading dimension R.
    """

    def __init__(self, network: nn.Sequential, parameters: Parameters) -> None:
        self.network = network
        self.parameters = parameters

    @classmethod
    def initial(cls, architecture: dict, seeds: Iterable[int]) -> "Ensemble":
        """Fresh networks in PyTorch's default initialisation, one per seed; seeds do not influence each other."""
        states = []
        with torch.random.fork_rng(devices=[]):
            for seed in seeds:
                torch.manual_seed(seed)
                network = build(architecture)
                states.append({name: p.detach() for name, p in network.named_parameters()})
        return cls(network, {name: torch.stack([state[name] for state in states]) for name in states[0]})

    @classmethod
    def of(cls, network: nn.Sequential) -> "Ensemble":
        """A stack of one: a reader's own network."""
        return cls(network, {name: p.detach()[None] for name, p in network.named_parameters()})

    def __len__(self) -> int:
        return len(next(iter(self.parameters.values())))

    def __iter__(self) -> Iterator[nn.Sequential]:
        return (self.single(i) for i in range(len(self)))

    def __getitem__(self, rows: slice) -> "Ensemble":
        return Ensemble(self.network, {name: p[rows] for name, p in self.parameters.items()})

    def to(self, device: torch.device | str) -> "Ensemble":
        """The same networks on another device."""
        return Ensemble(self.network, {name: p.to(device) for name, p in self.parameters.items()})

    def weight(self, layer: str) -> torch.Tensor:
        """Weights (R, nodes, ...) of a layer."""
        return self.parameters[f"{layer}.weight"]

    def single(self, index: int) -> nn.Sequential:
        """Network `index` alone, as a module of its own in evaluation mode whose parameters need no gradient."""
        layers = [(name, _clone(layer)) for name, layer in self.network.named_children()]
        network = nn.Sequential(OrderedDict(layers)).to(next(iter(self.parameters.values())).device)
        network.load_state_dict({name: p[index] for name, p in self.parameters.items()})
        return network.eval().requires_grad_(False)

    def __call__(self, x: torch.Tensor, keep: Iterable[str] = ()) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Logits, and activations by name, of all networks.

        Args:
            x: Inputs (samples, C, H, W) that all networks see, or (R, samples, C, H, W) of their own.
            keep: Layers whose output is wanted too; "input" is the input itself.

        Returns:
            Logits (R, samples, classes), and {name: activations (R or 1, samples, ...)}; a leading 1 where the
            networks share what a layer gives out.
        """
        x = x[None] if x.ndim == 4 else x
        kept = {"input": x}
        for name, layer in self.network.named_children():
            x = self._apply(name, layer, x)
            if name in keep:
                kept[name] = x
        return x, kept

    def _apply(self, name: str, layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
        weight, bias = self.parameters.get(f"{name}.weight"), self.parameters.get(f"{name}.bias")
        if isinstance(layer, nn.Linear):
            return _linear(x, weight, bias)
        if isinstance(layer, nn.Conv2d):
            return _convolve(layer, x, weight, bias)
        if weight is not None:
            raise ValueError(f"layer {name}: wanted Linear, Conv2d or a layer without weights, found {layer}")
        return layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def _clone(layer: nn.Module) -> nn.Module:
    if isinstance(layer, nn.Linear):
        return nn.Linear(layer.in_features, layer.out_features, layer.bias is not None)
    if isinstance(layer, nn.Conv2d):
        return nn.Conv2d(
            layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding,
            layer.dilation, layer.groups, layer.bias is not None,
        )  # fmt: skip
    return layer


def _linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    networks, nodes, _ = weight.shape
    if len(x) == networks == 1:
        return F.linear(x[0], weight[0], None if bias is None else bias[0])[None]
    if len(x) == 1:  # what all networks share is multiplied once, by all their weights side by side
        out = F.linear(x[0], weight.flatten(0, 1), None if bias is None else bias.flatten())
        return out.unflatten(-1, (networks, nodes)).movedim(-2, 0)
    if bias is None:
        return torch.bmm(x, weight.mT)
    return torch.baddbmm(bias[:, None], x, weight.mT)


def _convolve(conv: nn.Conv2d, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    networks, shared = len(weight), len(x) == 1
    maps = x[0] if shared else x.movedim(0, 1).flatten(1, 2)
    groups = conv.groups * (1 if shared else networks)
    if shared and conv.groups > 1 and networks > 1:
        raise ValueError("stack: grouped convolutions cannot share their input; give every network its own batch")
    flat = None if bias is None else bias.flatten()
    out = F.conv2d(maps, weight.flatten(0, 1), flat, conv.stride, conv.padding, conv.dilation, groups)
    return out.unflatten(1, (networks, -1)).movedim(1, 0)
