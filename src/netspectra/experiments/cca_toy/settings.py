"""Settings of cca_toy."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from netspectra.blocks import Experiment, Positive, Seed, each_once


class Settings(Experiment):
    """Correlations of Gaussian layers (CCA tutorial)."""

    samples: Positive = Field(description="Samples of the two spectra")
    neurons: list[Positive] = Field(min_length=2, max_length=2, description="Neurons of the first and the second layer")
    datapoints: Annotated[list[Annotated[int, Field(ge=3)]], AfterValidator(each_once)] = Field(
        min_length=2, description="Numbers of samples at which the mean is drawn"
    )
    fall: list[Positive] = Field(
        min_length=2, max_length=2, description="Two of datapoints, between which the fall of the mean is measured"
    )
    advised: Positive = Field(description="Samples per neuron that the tutorial advises")
    draws: Positive = Field(description="Repetitions")
    seed: Seed

    @model_validator(mode="after")
    def _among_datapoints(self) -> "Settings":
        if not set(self.fall) <= set(self.datapoints):
            raise ValueError(f"fall: found {self.fall}, wanted two of datapoints, {self.datapoints}")
        return self
