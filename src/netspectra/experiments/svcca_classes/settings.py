"""Settings of svcca_classes."""

from pydantic import Field

from netspectra.blocks import Batch, Experiment, OneNetwork, Positive


class Settings(Experiment):
    """How much of single classes' logits every layer holds (SVCCA notes)."""

    networks: OneNetwork
    variant: str = Field(description="Variant of the networks that is looked at")
    images: Positive = Field(description="Test images")
    batch: Batch
    shown: list[str] = Field(min_length=1, description="Classes that are drawn")
    related: list[str] = Field(min_length=2, max_length=2, description="Two classes of one kind")
    other: str = Field(description="A class of another kind")
