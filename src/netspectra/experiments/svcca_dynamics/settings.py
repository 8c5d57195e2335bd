"""Settings of svcca_dynamics."""

from pydantic import Field

from netspectra.blocks import Batch, Experiment, Fraction, Name, NetworkNames, Positive, Seed


class Settings(Experiment):
    """Every layer while it is trained against every layer in the end (SVCCA notes)."""

    networks: NetworkNames
    variant: str = Field(description="Variant of the networks that is looked at; its snapshots are the times")
    images: Positive = Field(description="Test images on which spatial means are compared")
    spread: Positive = Field(description="Test images whose positions are samples, where a layer meets itself")
    batch: Batch
    share: Fraction = Field(description="Share of the sum of singular values that SVCCA keeps of a layer")
    judged: Fraction = Field(description="The snapshot that claims are about")
    low: list[Name] = Field(min_length=1, description="Lower layers of the convolutional network")
    high: list[Name] = Field(min_length=1, description="Higher layers of the convolutional network")
    normalised: dict[Name, Name] = Field(description="Normalisation layers and what enters each")
    seed: Seed
