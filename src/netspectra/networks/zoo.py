"""Architectures that params.yaml can name, as modules with PyTorch's default initialisation unless they say otherwise.

Every representation that the documents look at is a module with a name of its own, so that it can be read as what
leaves that place.
"""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from netspectra.networks.parts import Classifier, LanguageModel, Layers, Residual, normalised, sequence


def fully_connected(
    *, widths: Sequence[int], bias: bool, dropout: float = 0.0, initial: str = "torch"
) -> nn.Sequential:
    """ReLU network of layers fc1, relu1, fc2, ... whose last layer gives the logits.

    Args:
        widths: Neurons per layer, the flattened input first and the classes last.
        bias: Whether the layers have biases.
        dropout: Share of the hidden neurons that is left out in training, by layers drop1, drop2, ... behind each
            ReLU; none where it is 0.
        initial: "torch" for PyTorch's initialisation, "glorot" for weights uniform within sqrt(6 / (d + nodes)) and
            biases zero (Glorot and Bengio 2010, eq. 16).
    """
    layers: Layers = OrderedDict(flatten=nn.Flatten())
    for i, (d, nodes) in enumerate(pairwise(widths), 1):
        layers[f"fc{i}"] = nn.Linear(d, nodes, bias=bias)
        if i < len(widths) - 1:
            layers[f"relu{i}"] = nn.ReLU()
        if dropout and i < len(widths) - 1:
            layers[f"drop{i}"] = nn.Dropout(dropout)
    network = nn.Sequential(layers)
    return network.apply(_glorot) if initial == "glorot" else network


def _glorot(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


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
    layers: Layers = OrderedDict()
    for i, (c, nodes) in enumerate(pairwise(channels), 1):
        layers[f"conv{i}"] = nn.Conv2d(c, nodes, kernel, stride, bias=bias)
        layers[f"relu{i}"] = nn.ReLU()
        image = (image - kernel) // stride + 1
    layers["flatten"] = nn.Flatten()
    layers["fc1"] = nn.Linear(channels[-1] * image**2, classes, bias=bias)
    return nn.Sequential(layers)


def convnet(
    *, channels: Sequence[int], hidden: Sequence[int], image: int, classes: int, factor: float = 1.0
) -> Classifier:
    """The SVCCA notes' convolutional network: in c1 c2 bn1 p1 c3 c4 c5 bn2 p2 fc1 bn3 fc2 bn4 logits out.

    Convolutions are 3 x 3 and keep the size, pooling is by the maximum of 2 x 2 pixels, and the places c1 to c5, fc1
    and fc2 lie behind their ReLU.

    Args:
        channels: Channels of the image, then of c1 to c5.
        hidden: Neurons of fc1 and fc2.
        image: Side of the image, in pixels.
        classes: Number of logits.
        factor: Factor of all channels but the image's.

    Raises:
        ValueError: Another number of channels or neurons, or a side that cannot be halved twice.
    """
    if len(channels) != 6 or len(hidden) != 2 or image % 4:
        found = f"{list(channels)}, {list(hidden)}, {image}"
        raise ValueError(
            f"architecture: wanted 6 channels, 2 hidden and an image of a multiple of 4 pixels, found {found}"
        )
    widths = scaled(channels, factor)
    c1, c2, c3, c4, c5 = (
        sequence(conv=nn.Conv2d(c, nodes, 3, padding=1), relu=nn.ReLU()) for c, nodes in pairwise(widths)
    )
    layers = OrderedDict(c1=c1, c2=c2, bn1=nn.BatchNorm2d(widths[2]), p1=nn.MaxPool2d(2))
    layers |= OrderedDict(c3=c3, c4=c4, c5=c5, bn2=nn.BatchNorm2d(widths[5]), p2=nn.MaxPool2d(2))
    d, (fc1, fc2) = widths[5] * (image // 4) ** 2, hidden
    layers |= OrderedDict(fc1=sequence(flatten=nn.Flatten(), linear=nn.Linear(d, fc1), relu=nn.ReLU()))
    layers |= OrderedDict(bn3=nn.BatchNorm1d(fc1), fc2=sequence(linear=nn.Linear(fc1, fc2), relu=nn.ReLU()))
    return Classifier(layers | OrderedDict(bn4=nn.BatchNorm1d(fc2)), fc2, classes)


def plain_convnet(*, channels: Sequence[int], strides: Sequence[int], classes: int, factor: float = 1.0) -> Classifier:
    """The PWCCA notes' convolutional network: in conv1 conv2 ... mean logits out.

    Each of conv1, conv2, ... is a 3 x 3 convolution that keeps the size but for its stride, batch normalisation and a
    ReLU; `mean` is over the positions.

    Args:
        channels: Channels of the image, then of each convolution.
        strides: Step of the filters of each convolution, in pixels.
        classes: Number of logits.
        factor: Factor of all channels but the image's.
    """
    widths, layers = scaled(channels, factor), OrderedDict()
    for i, ((c, nodes), stride) in enumerate(zip(pairwise(widths), strides, strict=True), 1):
        layers[f"conv{i}"] = normalised(c, nodes, stride, relu=nn.ReLU())
    return Classifier(layers | _mean(), widths[-1], classes)


def resnet(*, depth: int, channels: Sequence[int], classes: int, factor: float = 1.0) -> Classifier:
    """ResNet for small images (He et al. 2016, section 4.2): in stem b1 b2 ... mean logits out, blocks of two layers.

    The places inside block 1 are b1.bncv1, b1.bncv2 (convolution and normalisation, before the ReLU) and b1.res.

    Args:
        depth: 6n + 2, with n blocks in each stage.
        channels: Channels of the image, then of each of the three stages, which halve the map from the second on.
        classes: Number of logits.
        factor: Factor of all channels but the image's.

    Raises:
        ValueError: There is no such depth, or the channels are not those of three stages that grow.
    """
    if depth < 8 or depth % 6 != 2:
        raise ValueError(f"architecture.depth: wanted 6n + 2 with n >= 1 (8, 14, 20, ...), found {depth}")
    image, *stages = scaled(channels, factor)
    if len(stages) != 3 or stages != sorted(stages):
        raise ValueError(
            f"architecture.channels: wanted those of the image and of 3 stages that grow, found {channels}"
        )
    layers = OrderedDict(stem=normalised(image, stages[0], 1, relu=nn.ReLU()))
    each, c = (depth - 2) // 6, stages[0]
    for i in range(each * len(stages)):
        nodes, stride = stages[i // each], 2 if i and i % each == 0 else 1
        layers[f"b{i + 1}"] = Residual(c, nodes, stride)
        c = nodes
    return Classifier(layers | _mean(), c, classes)


def lstm_language_model(
    *, vocabulary: int, embedding: int, hidden: int, layers: int, dropout: float = 0.0
) -> LanguageModel:
    """Language model of stacked LSTM layers, as `LanguageModel` describes it."""
    return LanguageModel(vocabulary, embedding, hidden, layers, dropout)


def scaled(channels: Sequence[int], factor: float) -> list[int]:
    """Channels times a factor, at least one each; those of the image, which come first, stay."""
    image, *others = channels
    return [image, *(max(1, round(c * factor)) for c in others)]


def _mean() -> Layers:
    return OrderedDict(mean=sequence(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten()))


ARCHITECTURES = {
    "fully_connected": fully_connected,
    "convolutional": convolutional,
    "convnet": convnet,
    "plain_convnet": plain_convnet,
    "resnet": resnet,
    "lstm_language_model": lstm_language_model,
}


def build(architecture: dict) -> nn.Module:
    """The network that an `architecture` block of params.yaml describes, freshly initialised.

    Raises:
        ValueError: There is no architecture of that type.
    """
    options = dict(architecture)
    if (name := options.pop("type")) not in ARCHITECTURES:
        raise ValueError(f"architecture.type: wanted one of {', '.join(ARCHITECTURES)}, found {name!r}")
    return ARCHITECTURES[name](**options)
