"""Settings of rainbow_samples."""

from pydantic import Field

from netspectra.blocks import Experiment, Name, Positive


class Settings(Experiment):
    """Training images as the networks see them (rainbow document)."""

    data: list[Name] = Field(min_length=1, max_length=1, description="The data set the experiment reads")
    shown: Positive = Field(description="Images shown")
    grey: bool = Field(description="Colours to luminance after normalisation")
