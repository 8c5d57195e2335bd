"""Settings of cca_toy."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from netspectra.blocks import Experiment, Positive, Seed, ascending

Pair = Annotated[list[Positive], Field(min_length=2, max_length=2)]


class Settings(Experiment):
    """Correlations of Gaussian layers (CCA tutorial)."""

    samples: Positive = Field(description="Samples of the two spectra")
    neurons: Pair = Field(description="Neurons of the first and the second layer, no more in the second")
    datapoints: Annotated[list[Annotated[int, Field(ge=3)]], AfterValidator(ascending)] = Field(
        min_length=2, description="Numbers of samples at which the mean is drawn, ascending"
    )
    falls: list[Pair] = Field(description="Pairs of datapoints between which the fall of the mean is measured")
    advised: Positive = Field(description="Samples per neuron that the tutorial advises")
    draws: int = Field(ge=2, description="Repetitions")
    controls: int = Field(ge=2, description="Repetitions of the layers that share half of their variance")
    seed: Seed

    @model_validator(mode="after")
    def _among_datapoints(self) -> "Settings":
        if not {n for pair in self.falls for n in pair} <= set(self.datapoints):
            raise ValueError(f"falls: found {self.falls}, wanted pairs of datapoints, {self.datapoints}")
        if self.neurons[1] > self.neurons[0]:
            raise ValueError(f"neurons: found {self.neurons}, wanted no more in the second layer")
        if self.samples > max(self.datapoints):
            raise ValueError(f"samples: found {self.samples}, wanted no more than datapoints, {max(self.datapoints)}")
        return self
