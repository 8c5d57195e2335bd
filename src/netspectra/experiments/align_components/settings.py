"""Settings of align_components."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from netspectra.blocks import Experiment, Fraction, OneNetwork, Positive, Seed, ascending


class Settings(Experiment):
    """Weights on the principal components of their input, and alignment against batch size (alignment document)."""

    networks: OneNetwork
    early: Fraction = Field(gt=0, description="Share of training at which alignment has risen, one of the snapshots")
    first: Positive = Field(description="How many components are the first few")
    batches: Annotated[list[Annotated[int, Field(ge=2)]], AfterValidator(ascending)] = Field(
        min_length=2, description="Sizes of the minibatches compared with all training images, ascending"
    )
    judged: int = Field(ge=2, description="The document's minibatch, one of batches")
    near: float = Field(gt=0, lt=1, description="Relative error of alignment that a large enough minibatch makes")
    draws: Positive = Field(description="Minibatches of every size per network")
    seed: Seed

    @model_validator(mode="after")
    def _judged_is_measured(self) -> "Settings":
        if self.judged not in self.batches:
            raise ValueError(f"batches: found {self.batches}, wanted {self.judged} among them")
        return self
