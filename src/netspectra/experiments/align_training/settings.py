"""Settings of align_training."""

from pydantic import Field

from netspectra.blocks import Experiment, OneNetwork, Points, Positive, Seed


class Settings(Experiment):
    """Learning curves and alignment by layer (alignment document)."""

    networks: OneNetwork
    points: Points
    window: Positive = Field(description="Measurements over which a trajectory is averaged where it is read")
    ahead: Positive = Field(description="Minibatches that must not exceed the first peak after it")
    pace: Positive = Field(description="Minibatches in a window in which alignment is compared with accuracy")
    images: Positive = Field(description="Training images for the chance level and for the untrained networks")
    seed: Seed
