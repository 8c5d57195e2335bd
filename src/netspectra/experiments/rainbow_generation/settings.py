"""Settings of rainbow_generation."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from netspectra.blocks import (
    Above,
    BatchOf,
    Chance,
    Experiment,
    Name,
    NetworkNames,
    Positive,
    Seed,
    each_once,
    for_each,
)


class Settings(Experiment):
    """Networks drawn from the covariances of trained ones (rainbow document)."""

    networks: NetworkNames
    batch: BatchOf
    images: dict[Name, Positive] = Field(
        description="Training images by network that align what is drawn beyond the document, several for every "
        "neuron or channel of the widest; the document's own condition and its controls take all"
    )
    draws: Positive = Field(description="Networks drawn per trained one under the document's condition")
    channel_draws: Positive = Field(description="The same aligned by channel, where the document's code does not")
    control_draws: Annotated[int, Field(ge=2)] = Field(
        description="Isotropic networks drawn per trained one; the last is held against the first"
    )
    other_draws: Positive = Field(description="Networks drawn per trained one under each other condition")
    widths: Annotated[list[Above], AfterValidator(each_once)] = Field(
        min_length=2, description="Nodes per hidden layer as multiples of the trained network's"
    )
    chance: Chance
    seed: Seed

    @model_validator(mode="after")
    def _for_each(self) -> "Settings":
        for_each(self.networks, batch=self.batch, images=self.images)
        return self
