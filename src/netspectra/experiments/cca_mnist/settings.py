"""Settings of cca_mnist."""

from pydantic import Field

from netspectra.blocks import Batch, Experiment, OneNetwork, Positive, Seed


class Settings(Experiment):
    """The CCA family on one layer of MNIST networks (CCA tutorial)."""

    networks: OneNetwork
    entering: str = Field(description="Layer whose input is compared")
    batch: Batch
    top: Positive = Field(description="Correlations averaged at the top and directions kept by SVCCA")
    mass: float = Field(gt=0, le=1, description="Share of the sum of correlations kept by the cut-off")
    level: float = Field(gt=0, lt=1, description="Level of Bartlett's test")
    seed: Seed
