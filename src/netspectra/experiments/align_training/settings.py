"""Settings of align_training."""

from pydantic import Field

from netspectra.blocks import Experiment, Fraction, OneNetwork, Points, Positive


class Settings(Experiment):
    """Learning curves and alignment by layer (alignment document)."""

    networks: OneNetwork
    points: Points
    smooth: Positive = Field(description="Measurements over which a trajectory is averaged before it is judged")
    edge: Fraction = Field(description="Share of the steps that counts as the start and as the end")
    drop: Fraction = Field(description="End over peak up to which a layer's alignment counts as having dropped")
    images: Positive = Field(description="Training images from whose covariance the chance level is computed")
    fewest: int = Field(ge=3, description="Measurements at least over which two trajectories are correlated")
