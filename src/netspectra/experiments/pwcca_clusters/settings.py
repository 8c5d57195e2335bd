"""Settings of pwcca_clusters."""

from typing import Annotated

from pydantic import AfterValidator, Field

from netspectra.blocks import Batch, Experiment, Fraction, OneNetwork, Positive, Seed, ascending


class Settings(Experiment):
    """Distances of networks of several rates, and how they stand ablation (PWCCA notes)."""

    networks: OneNetwork
    batch: Batch
    layer: str = Field(description="Convolution that is compared")
    fractions: Annotated[list[Fraction], AfterValidator(ascending)] = Field(
        min_length=2, description="Shares of all feature maps that are clamped"
    )
    draws: Positive = Field(description="Random orders of ablation per network")
    images: Positive = Field(description="Training images on which ablated networks are tested")
    seed: Seed
