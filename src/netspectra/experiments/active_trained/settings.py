"""Settings of active_trained."""

from typing import Annotated

from pydantic import AfterValidator, Field

from netspectra.blocks import Batch, Chance, Experiment, Fraction, OneNetwork, Positive, Seed, ascending


class Settings(Experiment):
    """Active subspace of trained networks and pruning by its scores."""

    networks: OneNetwork
    samples: Positive = Field(description="Training images whose gradients span the subspace")
    share: Fraction = Field(description="Share of the mean squared gradient that the active directions hold")
    fractions: Annotated[list[Fraction], AfterValidator(ascending)] = Field(
        min_length=2, description="Shares of every layer's weights that are removed, ascending"
    )
    batch: Batch
    chance: Chance
    seed: Seed
