"""Settings of svcca_compression."""

from typing import Annotated

from pydantic import AfterValidator, Field

from netspectra.blocks import Batch, Experiment, Fraction, Name, OneNetwork, Positive, Seed, ascending

Shares = Annotated[list[Fraction], Field(min_length=2, max_length=2), AfterValidator(ascending)]


class Settings(Experiment):
    """Layers that read few directions of what enters them, from the top down, without training again (SVCCA notes)."""

    networks: OneNetwork
    images: Positive = Field(description="Training images from which directions are found")
    batch: Batch
    share: Fraction = Field(description="Share of the sum of singular values that SVCCA keeps of a layer")
    inputs: dict[str, Name] = Field(min_length=1, description="Linear layers from the top down, and what enters each")
    pair: Shares = Field(description="Shares of the directions kept, shared with another network, least first")
    logits: Shares = Field(description="Shares of the directions kept, shared with the logits, least first")
    seed: Seed
