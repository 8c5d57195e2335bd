"""Settings of cca_recipe."""

from pydantic import Field

from netspectra.blocks import Batch, Experiment, OneNetwork, Positive


class Settings(Experiment):
    """The printed similarities against the length of training (CCA tutorial)."""

    networks: OneNetwork
    entering: str = Field(description="Layer whose input is compared")
    batch: Batch
    top: Positive = Field(description="Correlations averaged at the top and directions kept by SVCCA")
