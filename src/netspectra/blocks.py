"""Blocks of params.yaml as closed, typed, described models, and the types that they share."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Block(BaseModel):
    """A block whose keys are all known: no key more, no boolean for a number, no text for a number, nothing infinite.

    A check of several keys together raises a ValueError that begins with the key it is about: "late: found ...".
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def each_once(values: list) -> list:
    """The same list.

    Raises:
        ValueError: An entry stands twice.
    """
    for i, value in enumerate(values):
        if value in values[:i]:
            raise ValueError(f"found {value!r} twice, wanted each once")
    return values


def ascending(values: list) -> list:
    """The same list.

    Raises:
        ValueError: An entry is not greater than the one before it.
    """
    if any(b <= a for a, b in pairwise(values)):
        raise ValueError(f"found {values}, wanted each greater than the one before")
    return values


Name = Annotated[
    str, Field(pattern="^[a-z][a-z0-9_]*$", description="Lower case letters, digits and underscores, a letter first")
]
Fraction = Annotated[float, Field(ge=0, le=1, description="A share from 0 to 1")]
Positive = Annotated[int, Field(ge=1, description="A whole number from 1")]
Above = Annotated[float, Field(gt=0, description="A number above 0")]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1, description="Seed of the random numbers")]
NetworkNames = Annotated[
    list[Name], Field(min_length=1, description="Networks the experiment reads"), AfterValidator(each_once)
]
OneNetwork = Annotated[list[Name], Field(min_length=1, max_length=1, description="The network the experiment reads")]
ExperimentNames = Annotated[
    list[Name], Field(min_length=1, description="Experiments whose tables are read"), AfterValidator(each_once)
]
Figures = Annotated[
    list[Name], Field(min_length=1, description="Figures the experiment draws"), AfterValidator(each_once)
]
Points = Annotated[int, Field(ge=10, description="Windows into which a training curve is averaged in the table")]
Batch = Annotated[int, Field(ge=1, description="Images per forward pass")]
BatchOf = Annotated[dict[Name, Positive], Field(description="Images per batch of a pass over the data, by network")]
Chance = Annotated[float, Field(ge=0, le=100, description="Accuracy of guessing, in %: 100 over the classes")]
Dead = Annotated[
    float, Field(gt=0, lt=1, description="Share of the largest eigenvalue below which a direction counts as dead")
]


class Experiment(Block):
    """What every experiment has; networks, and data sets that it reads itself, under `networks` and `data`."""

    figures: Figures


def for_each(networks: list[str], **by_network: dict) -> None:
    """Hold keys that give a value for every network against the networks that are read.

    Raises:
        ValueError: A value is missing, or would not be used.
    """
    for key, values in by_network.items():
        if set(values) != set(networks):
            raise ValueError(f"{key}: found values for {', '.join(values) or 'none'}, wanted {', '.join(networks)}")


class SineSetting(Block):
    """Network, prior and problem of the active-subspace document; every parameter is drawn from N(0, prior^2)."""

    widths: list[Positive] = Field(min_length=4, description="Neurons per layer, the one input first, one output last")
    activation: Literal["tanh", "relu", "sigmoid"] = Field(description="After every layer but the last")
    output: Literal["linear", "tanh"] = Field(description="What the output unit does")
    loss_on: Literal["grid", "point"] = Field(
        description="Whether f is the loss on the whole grid, or on one of its points, drawn for every gradient"
    )
    prior: float = Field(gt=0, description="Standard deviation of every parameter")
    points: Positive = Field(description="Points of the grid on which sin x is regressed")
    range: list[float] = Field(min_length=2, max_length=2, description="First and last point of the grid")

    @property
    def parameters(self) -> int:
        """Weights and biases of all layers."""
        return sum(nodes * (d + 1) for d, nodes in pairwise(self.widths))


class Randomised(Block):
    """Randomised subspace iteration."""

    oversampling: int = Field(ge=0, description="Directions that are iterated beyond those wanted")
    iterations: Positive = Field(description="Products with C")
