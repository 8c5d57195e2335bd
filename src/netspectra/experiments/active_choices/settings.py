"""Settings of active_choices."""

from typing import Any

from pydantic import Field, ValidationError, model_validator

from netspectra.blocks import Experiment, Positive, Randomised, Seed, SineSetting
from netspectra.problems import lines


class Settings(Experiment):
    """The same under other activations, priors and grids."""

    setting: SineSetting = Field(description="Network, prior and problem")
    choices: dict[str, dict[str, Any]] = Field(min_length=1, description="What each choice changes in the setting")
    labels: dict[str, str] = Field(description="How the figure calls each choice")
    samples: Positive = Field(description="Gradients per set and choice")
    replicates: Positive = Field(description="Independent sets")
    seed: Seed
    directions: Positive = Field(description="Leading eigenvectors over which the layers are compared")
    gap: Positive = Field(description="Eigenvalues before the gap")
    randomised: Randomised = Field(description="Randomised subspace iteration")

    @model_validator(mode="after")
    def _together(self) -> "Settings":
        if set(self.labels) != set(self.choices):
            raise ValueError(
                f"labels: found {', '.join(self.labels)}, wanted one per choice, {', '.join(self.choices)}"
            )
        if self.gap >= self.directions:
            raise ValueError(f"gap: found {self.gap}, wanted less than directions, {self.directions}")
        for name, change in self.choices.items():
            try:
                SineSetting.model_validate(self.setting.model_dump() | change)
            except ValidationError as error:
                raise ValueError(next(lines(error, SineSetting, ["choices", name]))) from None
        return self
