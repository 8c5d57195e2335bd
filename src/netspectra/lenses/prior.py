"""Gradients under a prior of the parameters: what the active-subspace experiments share."""

from collections import OrderedDict
from itertools import pairwise

import pandas as pd
import torch
from torch import nn

from netspectra.lenses.gradients import blocks, prior_gradients

ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "sigmoid": nn.Sigmoid}


def network(widths: list[int], activation: str) -> nn.Sequential:
    """Fully connected layers fc1, act1, fc2, ... with biases, the last one linear."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i, (d, nodes) in enumerate(pairwise(widths), 1):
        layers[f"fc{i}"] = nn.Linear(d, nodes)
        layers[f"act{i}"] = ACTIVATIONS[activation]()
    layers.popitem()
    return nn.Sequential(layers)


def draw(setting: dict, samples: int, seed: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """Gradients (samples, parameters) of the loss on y = sin x at parameters drawn from the prior.

    Args:
        setting: {"widths", "activation", "prior": sd of every parameter, "points", "range": of x}.
        samples: How many.
        seed: Of the parameters.
        device: Where to compute.
    """
    net = network(setting["widths"], setting["activation"])
    x = torch.linspace(*setting["range"], setting["points"], dtype=torch.float64, device=device)[:, None]
    held = torch.empty(samples, parameters(net), dtype=torch.float64, device=device)
    generator = torch.Generator().manual_seed(seed)
    start = 0
    for chunk in prior_gradients(net, x, x.sin(), samples, scale=setting["prior"], generator=generator):
        held[start : start + len(chunk)] = chunk
        start += len(chunk)
    return held


def parameters(net: nn.Module) -> int:
    """How many parameters a network has."""
    return sum(place.stop - place.start for place in blocks(net).values())


def layer_places(net: nn.Module) -> dict[str, slice]:
    """Where every layer stands in the vector of parameters, its biases and weights together."""
    found: dict[str, slice] = {}
    for name, place in blocks(net).items():
        layer = name.rpartition(".")[0]
        found[layer] = slice(found.get(layer, place).start, place.stop)
    return found


def is_odd(setting: dict) -> bool:
    """Whether the network and what it learns are odd functions, so that C is diagonal (`limit`)."""
    low, high = setting["range"]
    return setting["activation"] == "tanh" and abs(low + high) < 1e-9 * abs(high)


def limit(mean_squares: torch.Tensor, net: nn.Sequential) -> torch.Tensor:
    """Eigenvalues (parameters,) of C itself, without sampling error in their shape, for an odd network and target.

    Turning the sign of all that enters and all that leaves one neuron does not change the loss, nor does turning that
    of the first weights and the last layer together; the prior does not either. Two parameters have a covariance
    between their derivatives only if every such turn moves both or neither, which no two do. So C is diagonal, and by
    the symmetry between neurons it has one value per tensor of parameters.

    Args:
        mean_squares: Diagonal of C, (parameters,).
        net: Gives the tensors, over which the diagonal is averaged.
    """
    found = torch.empty_like(mean_squares)
    for place in blocks(net).values():
        found[place] = mean_squares[place].mean()
    return found.sort(descending=True).values


def layer_means(scores: torch.Tensor, places: dict[str, slice]) -> dict[str, float]:
    """Mean over the parameters of every layer or tensor, of scores (parameters,)."""
    return {name: float(scores[place].mean()) for name, place in places.items()}


def importance(means: dict[str, float]) -> dict[str, float]:
    """The document's second finding in three ratios of a score's mean per parameter.

    Args:
        means: By layer, first layer first.

    Returns:
        First layer over the largest hidden one, output layer over the median of the hidden ones, and first hidden
        layer (between two hidden layers of neurons) over the last.
    """
    first, *hidden, output = means.values()
    median = float(torch.tensor(hidden).quantile(0.5))
    return {
        "first_over_hidden": first / max(hidden),
        "output_over_hidden": output / median,
        "hidden_first_over_last": hidden[0] / hidden[-1],
    }


def rows(quantity: str, x: object, value: object, **columns: object) -> pd.DataFrame:
    """Rows of a tidy table: quantity, replicate, layer, x, y, value."""
    base = {"quantity": quantity, "replicate": 0, "layer": "all", "x": x, "y": 0, "value": value}
    return pd.DataFrame({**base, **columns})
