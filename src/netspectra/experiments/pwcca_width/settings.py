"""Settings of pwcca_width."""

from pydantic import Field

from netspectra.blocks import Batch, Experiment, OneNetwork, Positive, Seed


class Settings(Experiment):
    """Distance of the last convolution over networks of growing width, all as well trained (PWCCA notes)."""

    networks: OneNetwork
    batch: Batch
    filters: Positive = Field(description="Filters of the last convolution drawn from every network")
    seed: Seed
