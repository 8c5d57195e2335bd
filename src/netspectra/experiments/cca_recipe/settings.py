"""Settings of cca_recipe."""

from pydantic import Field, model_validator

from netspectra.blocks import Batch, Experiment, Fraction, OneNetwork


class Settings(Experiment):
    """Which way of training gives what the tutorial's published logits say of its networks (CCA tutorial)."""

    networks: OneNetwork
    entering: str = Field(description="Layer whose input the tutorial compares, and whose neurons it keeps or drops")
    batch: Batch
    epsilon: Fraction = Field(description="Share of the largest covariance below which the tutorial drops a neuron")
    tolerance: Fraction = Field(description="Tolerance of every fact but the similarity, as a share of the fact")
    similarity: Fraction = Field(description="Tolerance of a similarity")
    candidates: list[str] = Field(min_length=1, description="Variants of the grid in which the recipe is settled")
    control: str = Field(description="Variant outside the grid that the facts must reject")
    recipe: str = Field(description="Variant and epochs that the other experiments use, as VARIANT, N epochs")

    @model_validator(mode="after")
    def _apart(self) -> "Settings":
        if self.control in self.candidates:
            raise ValueError(f"control: found {self.control}, wanted a variant that is none of candidates")
        return self
