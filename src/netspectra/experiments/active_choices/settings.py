"""Settings of active_choices."""

from typing import Any

from pydantic import Field, ValidationError, model_validator

from netspectra.blocks import Above, Experiment, Fraction, Positive, Randomised, Seed, SineSetting
from netspectra.problems import lines


class Settings(Experiment):
    """Readings of what the document leaves open, against its published curve."""

    setting: SineSetting = Field(description="Network, prior and problem of the default")
    choices: dict[str, dict[str, Any] | None] = Field(
        min_length=1, description="What each reading changes in the setting; null leaves a reading out"
    )
    labels: dict[str, str] = Field(description="How the figure calls each reading")
    candidates: list[str] = Field(min_length=1, description="Readings among which the nearest to the curve is chosen")
    default: str = Field(description="The one that active_spectrum uses")
    tolerance: Above = Field(description="Greatest distance of spectra of one shape, in log10 of the eigenvalues")
    samples: Positive = Field(description="Gradients per set and reading; at least as many as parameters")
    replicates: Positive = Field(description="Independent sets")
    seed: Seed
    directions: Positive = Field(description="Leading eigenvectors over which the layers are compared")
    gap: Positive = Field(description="Eigenvalues before the gap")
    middle: Fraction = Field(description="Middle share of the spectrum whose logarithm is held against a line")
    held: list[Fraction] = Field(description="Shares of the trace for which the directions that hold it are counted")
    resolution: Above = Field(
        description="Ratio of eigenvalues below which squared gradients have no digits left and a warning is given"
    )
    randomised: Randomised = Field(description="Randomised subspace iteration")

    @model_validator(mode="after")
    def _together(self) -> "Settings":
        if set(self.labels) != set(self.choices):
            raise ValueError(
                f"labels: found {', '.join(self.labels)}, wanted one per choice, {', '.join(self.choices)}"
            )
        if not {*self.candidates, self.default} <= set(self.choices):
            raise ValueError(f"candidates, default: found one that is none of choices, {', '.join(self.choices)}")
        if self.gap >= self.directions:
            raise ValueError(f"gap: found {self.gap}, wanted less than directions, {self.directions}")
        if self.samples < (least := self.setting.parameters):
            raise ValueError(f"samples: found {self.samples}, wanted at least {least}, as many as parameters")
        if self.choices[self.default] is None:
            raise ValueError(f"choices: found null for {self.default}, wanted the default among the readings")
        for name, change in self.choices.items():
            try:
                SineSetting.model_validate(self.setting.model_dump() | (change or {}))
            except ValidationError as error:
                raise ValueError(next(lines(error, SineSetting, ["choices", name]))) from None
        return self
