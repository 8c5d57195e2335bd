"""Settings of svcca_freeze."""

from pydantic import Field

from netspectra.blocks import Chance, Experiment, Fraction, NetworkNames, Points


class Settings(Experiment):
    """Training whose layers freeze one after the other, from below or from above (SVCCA notes)."""

    networks: NetworkNames
    base: str = Field(description="Variant that freezes nothing; all others are held against it")
    points: Points
    late: Fraction = Field(description="Fraction of training after which test accuracies are averaged")
    chance: Chance
