"""Settings of svcca_dft."""

from typing import Annotated

from pydantic import AfterValidator, Field

from netspectra.blocks import Above, Experiment, Positive, Seed, ascending

Sizes = Annotated[list[Positive], Field(min_length=2), AfterValidator(ascending)]


class Settings(Experiment):
    """CCA of convolutional layers as a whole and frequency by frequency (SVCCA notes)."""

    maps: Positive = Field(description="Random maps, each in all its shifts")
    signal: Above = Field(description="What two layers share, over the noise that each has alone")
    compared: Sizes = Field(description="Sides of the maps on which both are computed")
    layers: dict[str, list[Positive]] = Field(description="Channels of the two layers that are compared")
    sides: Sizes = Field(description="Sides of the maps for which memory and work are counted")
    channels: Sizes = Field(description="Channels of both layers for which they are counted")
    images: Positive = Field(description="Images for which work is counted")
    memory_gb: Above = Field(description="Memory in which the covariances must fit, in GB")
    replicates: Positive = Field(description="Draws of random maps")
    seed: Seed
