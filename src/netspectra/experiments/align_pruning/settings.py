"""Settings of align_pruning."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from netspectra.blocks import Batch, Chance, Experiment, Fraction, Name, Positive, Seed, ascending, each_once


class Settings(Experiment):
    """Progressive dropout by alignment (alignment document)."""

    networks: Annotated[
        list[Name],
        Field(min_length=1, max_length=2, description="The network that is pruned, and one to compare it with"),
    ]
    fractions: Annotated[list[Fraction], AfterValidator(ascending)] = Field(
        min_length=2, description="Shares of nodes dropped, ascending"
    )
    early: Fraction = Field(description="Share dropped at which the orders are compared, one of fractions")
    half: Fraction = Field(description="Share dropped up to which the orders are ranked, one of fractions")
    rescale: Annotated[list[Literal["none", "keep", "inverse"]], AfterValidator(each_once)] = Field(
        min_length=1, description="What is done to the nodes that stay; the original's is keep"
    )
    random_draws: Positive = Field(description="Random orders per network")
    fewer_draws: Positive = Field(description="Random orders of one layer alone, and of the network to compare with")
    batch: Batch
    chance: Chance
    seed: Seed

    @model_validator(mode="after")
    def _among_fractions(self) -> "Settings":
        for wanted in (0.0, self.early, self.half):
            if wanted not in self.fractions:
                raise ValueError(f"fractions: found {self.fractions}, wanted {wanted:g} among them")
        return self
