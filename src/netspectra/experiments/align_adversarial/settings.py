"""Settings of align_adversarial."""

from typing import Annotated

from pydantic import AfterValidator, Field

from netspectra.blocks import (
    Batch,
    Chance,
    Experiment,
    Fraction,
    OneNetwork,
    Points,
    Positive,
    Seed,
    ascending,
    each_once,
)

Epsilon = Annotated[float, Field(ge=0)]


class Settings(Experiment):
    """FGSM on networks shaped by variance (alignment document)."""

    networks: OneNetwork
    points: Points
    epsilons: Annotated[list[Epsilon], AfterValidator(ascending)] = Field(
        min_length=2, description="Strengths in units of the normalised input, ascending"
    )
    clamp: Annotated[list[bool], AfterValidator(each_once)] = Field(
        min_length=1, description="Whether attacked pixels are kept in range; the original does not"
    )
    batch: Batch
    compared: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = Field(
        description="Pairs of variants whose areas under the curve are compared, the stronger cutoff first"
    )
    last: Positive = Field(description="Measurements of alignment at the end of training that are averaged")
    low: Fraction = Field(description="Share of the variance below which a component has little of it")
    high: Fraction = Field(description="Share of the variance above which a component is taken away as a control")
    images: Positive = Field(description="Test images whose attacks are laid out by components")
    chance: Chance
    seed: Seed
