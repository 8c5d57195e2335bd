"""Architectures that params.yaml can name, as modules with PyTorch's default initialisation."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from torch import nn


def fully_connected(*, widths: Sequence[int], bias: bool) -> nn.Sequential:
    """ReLU network of layers fc1, relu1, fc2, ... whose last layer gives the logits.

    Args:
        widths: Neurons per layer, the flattened input first and the classes last.
        bias: Whether the layers have biases.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    for i, (d, nodes) in enumerate(pairwise(widths), 1):
        layers[f"fc{i}"] = nn.Linear(d, nodes, bias=bias)
        layers[f"relu{i}"] = nn.ReLU()
    layers.popitem()
    return nn.Sequential(layers)


def convolutional(
    *, channels: Sequence[int], kernel: int, stride: int, image: int, classes: int, bias: bool
) -> nn.Sequential:
    """Unpadded convolutions conv1, relu1, conv2, ... and a linear classifier fc1 on the flattened maps.

    Args:
        channels: Channels per map, those of the image first.
        kernel: Side of the filters, in pixels.
        stride: Step of the filters, in pixels.
        image: Side of the image, in pixels.
        classes: Number of logits.
        bias: Whether the layers have biases.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i, (c, nodes) in enumerate(pairwise(channels), 1):
        layers[f"conv{i}"] = nn.Conv2d(c, nodes, kernel, stride, bias=bias)
        layers[f"relu{i}"] = nn.ReLU()
        image = (image - kernel) // stride + 1
    layers["flatten"] = nn.Flatten()
    layers["fc1"] = nn.Linear(channels[-1] * image**2, classes, bias=bias)
    return nn.Sequential(layers)


ARCHITECTURES = {"fully_connected": fully_connected, "convolutional": convolutional}


def build(architecture: dict) -> nn.Sequential:
    """The network that an `architecture` block of params.yaml describes, with PyTorch's default initialisation."""
    options = {key: value for key, value in architecture.items() if key != "type"}
    return ARCHITECTURES[architecture["type"]](**options)
