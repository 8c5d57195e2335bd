"""Settings of active_spectrum."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from netspectra.blocks import (
    Above,
    Block,
    Experiment,
    Fraction,
    Positive,
    Randomised,
    Seed,
    SineSetting,
    ascending,
    each_once,
)


class Bootstrap(Block):
    """Intervals of the leading eigenvalues."""

    directions: Positive = Field(description="Eigenvectors within whose span resamples are decomposed")
    shown: Positive = Field(description="Eigenvalues whose interval is drawn; well below directions")
    resamples: Positive = Field(description="Resamples")

    @model_validator(mode="after")
    def _within(self) -> "Bootstrap":
        if self.shown > self.directions:
            raise ValueError(f"shown: found {self.shown}, wanted at most {self.directions}, as many as directions")
        return self


class Settings(Experiment):
    """Active subspace under a prior of the parameters (active-subspace document)."""

    setting: SineSetting = Field(description="Network, prior and problem")
    samples: Positive = Field(description="Gradients per set; at least as many as parameters")
    replicates: int = Field(ge=2, description="Independent sets")
    seed: Seed
    fractions: Annotated[list[Above], AfterValidator(ascending)] = Field(
        min_length=2, description="Samples over parameters at which errors are measured, ascending, 0.5 among them"
    )
    ranks: list[Fraction] = Field(description="Eigenvalues whose errors are shown, as shares of the parameters")
    subspaces: Annotated[list[Positive], AfterValidator(each_once)] = Field(
        min_length=1, description="Numbers of leading eigenvectors whose span is compared between sets, gap among them"
    )
    directions: Positive = Field(description="Leading eigenvectors over which the layers are compared")
    gap: Positive = Field(description="Eigenvalues before the gap")
    middle: Fraction = Field(description="Middle share of the spectrum whose logarithm is to be linear")
    held: list[Fraction] = Field(description="Shares of the trace for which the directions that hold it are counted")
    resolution: float = Field(
        gt=0,
        description="Ratio of eigenvalues below which squared gradients have no digits left and a warning is given",
    )
    randomised: Randomised = Field(description="Randomised subspace iteration")
    bootstrap: Bootstrap = Field(description="Intervals of the leading eigenvalues")
    cell: Positive = Field(description="Side of the squares over which the picture of the eigenvectors is averaged")
    corner: Positive = Field(description="Side of the corner that is drawn entry by entry")
    bins: Positive = Field(description="Bins of equal logarithmic width for the shares of the layers")

    @model_validator(mode="after")
    def _together(self) -> "Settings":
        if 0.5 not in self.fractions:
            raise ValueError(f"fractions: found {self.fractions}, wanted 0.5 among them")
        if self.gap not in self.subspaces:
            raise ValueError(f"subspaces: found {self.subspaces}, wanted gap, {self.gap}, among them")
        if max(self.subspaces) > self.directions:
            raise ValueError(
                f"directions: found {self.directions}, wanted at least {max(self.subspaces)}, of subspaces"
            )
        if self.samples < (least := self.setting.parameters):
            raise ValueError(f"samples: found {self.samples}, wanted at least {least}, as many as parameters")
        return self
