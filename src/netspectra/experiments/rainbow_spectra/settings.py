"""Settings of rainbow_spectra."""

from typing import Annotated

from pydantic import Field, model_validator

from netspectra.blocks import BatchOf, Block, Chance, Dead, Experiment, Name, NetworkNames, Positive, Seed, for_each


class PowerLaw(Block):
    """Ranks on which the power law of the activations is fitted."""

    first: Positive = Field(description="First rank")
    last: Positive = Field(description="Last rank, or the last there is where there are fewer")

    @model_validator(mode="after")
    def _some_ranks(self) -> "PowerLaw":
        if self.last < self.first + 2:
            raise ValueError(f"last: found {self.last}, wanted at least {self.first + 2}, two after first")
        return self


class QuotedRanks(Block):
    """Ranks at which the lost accuracy goes into the metrics."""

    activation: list[Positive] = Field(description="Of the activations")
    weight: list[Positive] = Field(description="Of the weights")


class Settings(Experiment):
    """Spectra of activations and weights and their clipping curves (rainbow document)."""

    networks: NetworkNames
    batch: BatchOf
    controls: list[Name] = Field(description="Networks whose untrained and mismatched controls are measured")
    clipped_replicates: Positive = Field(description="Replicates whose clipping curves are made, the first ones")
    power_law: PowerLaw = Field(description="Ranks on which the power law of the activations is fitted")
    head: list[Annotated[int, Field(ge=3)]] = Field(
        min_length=1, description="Weight eigenvalues per layer that count as the head of the spectrum"
    )
    quoted_ranks: QuotedRanks = Field(description="Ranks at which the lost accuracy goes into the metrics")
    resamples: Positive = Field(description="Bootstrap resamples of an exponent")
    draws: Positive = Field(description="Gaussian draws of every layer that its filters' kurtosis is held against")
    dead: Dead
    chance: Chance
    seed: Seed

    @model_validator(mode="after")
    def _for_each(self) -> "Settings":
        for_each(self.networks, batch=self.batch)
        return self
