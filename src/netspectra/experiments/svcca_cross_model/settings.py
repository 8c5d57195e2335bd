"""Settings of svcca_cross_model."""

from typing import Annotated

from pydantic import Field

from netspectra.blocks import Batch, Experiment, Name, Positive, Seed


class Settings(Experiment):
    """Layers of networks of one kind against layers of another (SVCCA notes)."""

    networks: Annotated[
        list[Name], Field(min_length=2, max_length=2, description="Convolutional and residual networks, in this order")
    ]
    variant: str = Field(description="Variant of the networks that is looked at")
    images: Positive = Field(description="Test images")
    batch: Batch
    side: Positive = Field(description="Largest height and width of maps whose frequencies are compared")
    seed: Seed
