"""Settings of svcca_directions."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from netspectra.blocks import Batch, Chance, Experiment, Fraction, Name, OneNetwork, Positive, Seed, ascending

Counts = Annotated[list[Positive], Field(min_length=1), AfterValidator(ascending)]


class Settings(Experiment):
    """Accuracy on few directions of a layer, and on the few neurons that hold them (SVCCA notes)."""

    networks: OneNetwork
    images: Positive = Field(description="Training images from which directions are found")
    batch: Batch
    share: Fraction = Field(description="Share of the sum of singular values that SVCCA keeps of a layer")
    counts: dict[Name, Counts] = Field(description="Directions or neurons that are kept, by layer")
    few: dict[Name, Positive] = Field(description="Directions at which projections are judged, by layer")
    carried: Positive = Field(description="Directions at which the neurons that carry them are judged")
    carried_most: Positive = Field(description="Directions up to which the neurons that carry them are tried")
    neurons: dict[Name, Counts] = Field(description="Neurons that may carry the directions, by layer, fewest first")
    draws: Positive = Field(description="Random choices of neurons that are averaged")
    chance: Chance
    seed: Seed

    @model_validator(mode="after")
    def _together(self) -> "Settings":
        if odd := set(self.few) ^ set(self.counts) or set(self.neurons) - set(self.counts):
            raise ValueError(f"counts: found {', '.join(self.counts)}, wanted the layers of few and neurons: {odd}")
        for layer, counts in self.counts.items():
            wanted = {self.few[layer], *([self.carried] if layer in self.neurons else [])}
            if missing := wanted - set(counts):
                raise ValueError(f"counts: found {counts} for {layer}, wanted {missing} among them")
        if self.carried > self.carried_most:
            raise ValueError(f"carried_most: found {self.carried_most}, wanted carried, {self.carried}, or more")
        return self
