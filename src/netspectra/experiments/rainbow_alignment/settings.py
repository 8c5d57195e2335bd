"""Settings of rainbow_alignment."""

from pydantic import Field, model_validator

from netspectra.blocks import BatchOf, Dead, Experiment, Name, NetworkNames, Positive, Seed, for_each


class Settings(Experiment):
    """Spectra and eigenvectors of all pairs of networks after alignment (rainbow document)."""

    networks: NetworkNames
    batch: BatchOf
    controls: list[Name] = Field(description="Networks whose untrained and mismatched controls are measured")
    shown: Positive = Field(description="Ranks compared")
    head: Positive = Field(description="First ranks whose best cosines are averaged")
    late: list[Positive] = Field(
        min_length=2, max_length=2, description="First and last of the late ranks they are held against"
    )
    learned: list[Positive] = Field(
        min_length=1, description="First weight eigenvalues per layer on which the spectra of two networks are compared"
    )
    dead: Dead
    seed: Seed

    @model_validator(mode="after")
    def _together(self) -> "Settings":
        for_each(self.networks, batch=self.batch)
        if self.late[1] < self.late[0]:
            raise ValueError(f"late: found {self.late}, wanted the first rank first")
        return self
