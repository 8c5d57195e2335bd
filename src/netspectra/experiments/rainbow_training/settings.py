"""Settings of rainbow_training."""

from netspectra.blocks import Chance, Experiment, NetworkNames, Points


class Settings(Experiment):
    """Accuracy by epoch (rainbow document)."""

    networks: NetworkNames
    points: Points
    chance: Chance
