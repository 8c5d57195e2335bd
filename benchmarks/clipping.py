"""Clipping curves at every rank: ours against one copy of the network per rank, as the rainbow document does it.

    PYTHONPATH=src python benchmarks/clipping.py

Hit counts must be equal at every rank.
"""

import copy
import sys
from collections import OrderedDict
from collections.abc import Iterator

from _turns import Case, run  # isort: skip (sets the threads)
import torch
from torch import nn

from netspectra.lenses.clipping import clipping_curve
from netspectra.measures import spectra

SAMPLES, EACH, OVERALL = 1000, 8.0, 14.0


def network() -> nn.Sequential:
    """The document's perceptron, 1024-512-256-10 without biases."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    for i, (d, nodes) in enumerate(((1024, 512), (512, 256), (256, 10)), 1):
        layers[f"fc{i}"] = nn.Linear(d, nodes, bias=False)
        layers[f"relu{i}"] = nn.ReLU()
    layers.popitem()
    return nn.Sequential(layers).requires_grad_(False)


def curves(net: nn.Sequential, x: torch.Tensor) -> dict[str, tuple[str, torch.Tensor]]:
    """{curve: (layer, directions)}: principal directions of activations and of weights."""
    first, second = net[:3](x).double(), net[:5](x).double()
    activations = [spectra.eigenspectrum(phi.T @ phi / len(phi)).vectors.float() for phi in (first, second)]
    weights = [spectra.weight_spectrum(layer.weight).vectors.float() for layer in (net.fc1, net.fc2)]
    return {
        "activations of layer 1": ("fc2", activations[0]),
        "activations of layer 2": ("fc3", activations[1]),
        "weights of layer 1": ("fc1", weights[0][:, :512]),
        "weights of layer 2": ("fc2", weights[1][:, :256]),
    }


def copies(net: nn.Sequential, layer: str, directions: torch.Tensor, batches: list) -> torch.Tensor:
    """The document's way: a deep copy with projected weights for every rank."""
    hits = []
    for rank in range(1, directions.shape[1] + 1):
        basis = directions[:, :rank]
        clipped = copy.deepcopy(net)
        module = clipped.get_submodule(layer)
        module.weight = nn.Parameter(module.weight @ (basis @ basis.T), requires_grad=False)
        hits.append(sum(int((clipped(x).argmax(-1) == y).sum()) for x, y in batches))
    return torch.tensor(hits)


def ours(net: nn.Sequential, layer: str, directions: torch.Tensor, batches: list) -> torch.Tensor:
    return clipping_curve(net, layer, directions, batches).hits


def cases() -> Iterator[Case]:
    torch.manual_seed(0)
    net, x = network(), torch.randn(SAMPLES, 1, 32, 32)
    # Labels that the network gets right four times in five, so that the curves rise.
    y = torch.where(torch.rand(SAMPLES) < 0.8, net(x).argmax(-1), torch.randint(10, (SAMPLES,)))
    every = [(net, *curve, [(x, y)]) for curve in curves(net, x).values()]
    for name, given in zip(curves(net, x), every, strict=True):
        yield Case(name, lambda g=given: copies(*g), lambda g=given: ours(*g), EACH, 0.0)
    yield Case(
        "all four",
        lambda: torch.cat([copies(*g) for g in every]),
        lambda: torch.cat([ours(*g) for g in every]),
        OVERALL,
        0.0,
        rounds=3,
    )


if __name__ == "__main__":
    sys.exit(run("Clipping curves, peer: a copy of the network per rank", cases()))
