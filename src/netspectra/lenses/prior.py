"""Gradients under a prior of the parameters: what the active-subspace experiments share."""

from collections import OrderedDict
from itertools import pairwise

import pandas as pd
import torch
from torch import nn

from netspectra.lenses.gradients import blocks, prior_gradients

ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "sigmoid": nn.Sigmoid}


def network(setting: dict) -> nn.Sequential:
    """Fully connected layers fc1, act1, fc2, ... with biases.

    Args:
        setting: {"widths", "activation", "output": "linear", or "tanh" for an output unit that is bounded too}.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i, (d, nodes) in enumerate(pairwise(setting["widths"]), 1):
        layers[f"fc{i}"] = nn.Linear(d, nodes)
        layers[f"act{i}"] = ACTIVATIONS[setting["activation"]]()
    last, _ = layers.popitem()
    if setting["output"] == "tanh":
        layers[last] = nn.Tanh()
    return nn.Sequential(layers)


def draw(setting: dict, samples: int, seed: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """Gradients (samples, parameters) of the loss on y = sin x at parameters drawn from the prior.

    Args:
        setting: As in `network`, and {"prior": sd of every parameter, "points", "range": of x, "loss_on": "grid" for
            the loss on all points, "point" for that on one of them, drawn for every gradient}.
        samples: How many.
        seed: Of the parameters.
        device: Where to compute.
    """
    net = network(setting)
    x = torch.linspace(*setting["range"], setting["points"], dtype=torch.float64, device=device)[:, None]
    held = torch.empty(samples, parameters(net), dtype=torch.float64, device=device)
    options = {"scale": setting["prior"], "generator": torch.Generator().manual_seed(seed)}
    start = 0
    for chunk in prior_gradients(net, x, x.sin(), samples, single=setting["loss_on"] == "point", **options):
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


def limit(covariance: torch.Tensor, net: nn.Sequential) -> torch.Tensor:
    """Eigenvalues (parameters,) of C itself, without sampling error in their shape, for hidden units that are odd.

    Turning the sign of all that enters and all that leaves one hidden neuron does not change the loss, and the prior
    does not either. Two parameters have a covariance between their derivatives only if every such turn moves both or
    neither. Those are the weight and the bias of each neuron of the first layer, and what enters the last layer from a
    neuron with that neuron's bias. So C consists of these blocks of two and of single entries, and by the symmetry
    between neurons all blocks are alike, and all entries of one tensor.

    Args:
        covariance: C, (parameters, parameters).
        net: Gives the tensors, over which C is averaged; one input and one output.
    """
    places, diagonal = blocks(net), covariance.diagonal()
    layers = list(layer_places(net))
    together = ((f"{layers[0]}.weight", f"{layers[0]}.bias"), (f"{layers[-1]}.weight", f"{layers[-2]}.bias"))
    found = [
        diagonal[place].mean().expand(place.stop - place.start)
        for name, place in places.items()
        if name not in {name for pair in together for name in pair}
    ]
    for pair in together:
        one, other = (places[name] for name in pair)
        block = torch.stack([covariance[a, b].diagonal().mean() for a in (one, other) for b in (one, other)])
        found.append(torch.linalg.eigvalsh(block.view(2, 2)).repeat_interleave(one.stop - one.start))
    return torch.cat(found).sort(descending=True).values


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
