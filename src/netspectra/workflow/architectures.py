"""What params.yaml may say of the layers of a network, and what of it must fit the data it is trained on."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from netspectra.blocks import Block, Positive

Widths = Annotated[list[Positive], Field(min_length=2)]
Fits = Iterator[tuple[str, int, int]]


class FullyConnected(Block):
    """Layers of neurons with a ReLU between two."""

    type: Literal["fully_connected"] = Field(description="Kind of network")
    widths: Widths = Field(description="Neurons per layer with the flattened input first")
    bias: bool = Field(description="Whether layers have biases")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Share of the hidden neurons left out in training")
    initial: Literal["torch", "glorot"] = Field(
        default="torch", description="Weights and biases before training: PyTorch's, or Glorot's uniform ones and zero"
    )

    def fits(self, channels: int, side: int | None, classes: int) -> Fits:
        """Key, number found and number that the data want."""
        if side:
            yield "widths.0", self.widths[0], channels * side**2
        yield f"widths.{len(self.widths) - 1}", self.widths[-1], classes


class Pictures(Block):
    """What all networks on images say."""

    channels: Widths = Field(description="Channels per map with those of the image first")
    classes: Positive = Field(description="Number of logits")

    def fits(self, channels: int, side: int | None, classes: int) -> Fits:
        """Key, number found and number that the data want."""
        yield "channels.0", self.channels[0], channels
        yield "classes", self.classes, classes
        if side and "image" in type(self).model_fields:
            yield "image", self.image, side


class Convolutional(Pictures):
    """Unpadded convolutions with a ReLU after each, and a linear classifier."""

    type: Literal["convolutional"] = Field(description="Kind of network")
    kernel: Positive = Field(description="Side of the filters in pixels")
    stride: Positive = Field(description="Step of the filters in pixels")
    image: Positive = Field(description="Side of the image in pixels")
    bias: bool = Field(description="Whether layers have biases")

    @model_validator(mode="after")
    def _something_left(self) -> "Convolutional":
        side = self.image
        for _ in self.channels[1:]:
            if side < self.kernel:
                raise ValueError(f"kernel: found {self.kernel}, wanted at most {side}, the side of a map it reads")
            side = (side - self.kernel) // self.stride + 1
        return self


class Scaled(Pictures):
    """Networks whose channels grow by one factor."""

    factor: float = Field(default=1.0, gt=0, description="Factor of all channels but the image's")


class Convnet(Scaled):
    """The SVCCA notes' convolutional network: c1 to c5 with two poolings, fc1 and fc2."""

    type: Literal["convnet"] = Field(description="Kind of network")
    channels: list[Positive] = Field(min_length=6, max_length=6, description="Channels of the image, then of c1 to c5")
    hidden: list[Positive] = Field(min_length=2, max_length=2, description="Neurons of fc1 and fc2")
    image: int = Field(ge=4, description="Side of the image in pixels, halved twice")


class PlainConvnet(Scaled):
    """The PWCCA notes' convolutional network: convolutions, then the mean over positions."""

    type: Literal["plain_convnet"] = Field(description="Kind of network")
    strides: list[Positive] = Field(min_length=1, description="Step of the filters of each convolution, in pixels")

    @model_validator(mode="after")
    def _one_each(self) -> "PlainConvnet":
        if len(self.strides) != len(self.channels) - 1:
            raise ValueError(
                f"strides: found {len(self.strides)}, wanted one per convolution, {len(self.channels) - 1}"
            )
        return self


class ResNet(Scaled):
    """Residual network for small images (He et al. 2016, section 4.2)."""

    type: Literal["resnet"] = Field(description="Kind of network")
    channels: list[Positive] = Field(
        min_length=4, max_length=4, description="Channels of the image, then of each of the three stages"
    )
    depth: int = Field(ge=8, description="Layers, 6n + 2 with n blocks in each stage: 8, 14, 20, ...")

    @model_validator(mode="after")
    def _whole_blocks(self) -> "ResNet":
        if self.depth % 6 != 2:
            raise ValueError(f"depth: found {self.depth}, wanted 6n + 2: 8, 14, 20, ...")
        return self


class LanguageModel(Block):
    """Stacked LSTM layers over tokens."""

    type: Literal["lstm_language_model"] = Field(description="Kind of network")
    vocabulary: int = Field(ge=2, description="Tokens there are")
    embedding: Positive = Field(description="Neurons of the embedding")
    hidden: Positive = Field(description="Neurons of each layer")
    layers: Positive = Field(description="Recurrent layers")
    dropout: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the neurons that is left out before every layer, in training"
    )

    def fits(self, channels: int, side: int | None, classes: int) -> Fits:
        """Nothing of it stands in the settings of a data set."""
        return iter(())


Architecture = Annotated[
    FullyConnected | Convolutional | Convnet | PlainConvnet | ResNet | LanguageModel, Field(discriminator="type")
]
