"""What params.yaml says of a training: one job trains all variants and replicates of a block."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from netspectra.blocks import Block, Fraction, Name, Positive, Seed, ascending, each_once
from netspectra.workflow.architectures import Architecture, LanguageModel

Count = Annotated[int, Field(ge=1)]


class Data(Block):
    """What it is trained on."""

    set: Name = Field(description="Name of a data set")
    train: Count | None = Field(description="The first so many training images, or null for all")
    test: Count | None = Field(description="The first so many test images, or null for all")
    grey: bool = Field(description="Colours to luminance after normalisation")
    normalise: bool = Field(default=True, description="Pixels less the mean over the deviation; else from 0 to 1")
    permute_labels: bool = Field(
        default=False, description="Whether the training labels are one fixed random permutation of the true ones"
    )
    seed: Seed = Field(default=0, description="Seed of that permutation")
    vocabulary: Count | None = Field(
        default=None, description="Of a text, the first so many words; the others become the unknown word"
    )


class Classify(Block):
    """Tell the class of an image."""

    name: Literal["classify"] = Field(description="Which task")


class NextTokens(Block):
    """Tell the token that follows each token of a window."""

    name: Literal["next_tokens"] = Field(description="Which task")
    length: Positive = Field(description="Tokens in a window")


class Optimiser(Block):
    """What every update rule has."""

    rate: float = Field(gt=0, description="Learning rate")
    weight_decay: float = Field(default=0.0, ge=0, description="Factor of the weights added to the gradient")


class Sgd(Optimiser):
    """Stochastic gradient descent."""

    name: Literal["sgd"] = Field(description="Update rule")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="Share of the last step that is kept")


class Adam(Optimiser):
    """Adam."""

    name: Literal["adam"] = Field(description="Update rule")
    betas: list[Annotated[float, Field(ge=0, lt=1)]] = Field(
        default=[0.9, 0.999], min_length=2, max_length=2, description="Decay of the two moment estimates"
    )
    eps: float = Field(default=1e-8, gt=0, description="Added to the root of the second moment")


class Constant(Block):
    """The rate stays."""

    name: Literal["constant"] = Field(description="How the rate changes")


class Falling(Block):
    """The rate falls to a share of itself."""

    name: Literal["linear", "cosine"] = Field(description="How the rate changes")
    end: Fraction = Field(default=0.0, description="Share of the rate that is left at the end")


class Steps(Block):
    """The rate falls at fractions of training."""

    name: Literal["steps"] = Field(description="How the rate changes")
    at: Annotated[list[Fraction], AfterValidator(ascending)] = Field(
        min_length=1, description="Shares of training at which it falls, ascending"
    )
    factor: float = Field(gt=0, description="What it is multiplied by at each of them")


class Stop(Block):
    """When a network is done before its epochs are."""

    accuracy: Fraction = Field(
        description="Training accuracy, on all training images in evaluation mode after an epoch, that ends it"
    )


class Freeze(Block):
    """Layers that stop learning."""

    layers: str = Field(min_length=1, description="Names of modules, with * and ? as in file names")
    at: Fraction = Field(description="Share of training from which their parameters and buffers stay as they are")


class Probe(Block):
    """What is measured while it trains."""

    name: Literal["alignment"] = Field(description="Which probe")
    every: Positive = Field(description="Minibatches between two measurements")
    early: int = Field(default=0, ge=0, description="First minibatches of which every one is measured")


def one_of_each(probes: list[Probe]) -> list[Probe]:
    """The same probes.

    Raises:
        ValueError: One stands twice.
    """
    each_once([probe.name for probe in probes])
    return probes


class Intervention(Block):
    """What is done to the weights while it trains."""

    name: Literal["remove_low_variance"] = Field(description="Which intervention")
    every: Positive = Field(description="Epochs between two; the last epoch is left alone")
    split: Literal["train", "test"] = Field(description="Images whose covariance is used; the original used test")
    cutoff: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        description="Share of the input variance below which a direction is removed; null for none"
    )


class Network(Block):
    """What is trained; one job trains all variants and replicates."""

    task: Annotated[Classify | NextTokens, Field(discriminator="name")] = Field(
        default=Classify(name="classify"), description="What the networks are to tell"
    )
    data: Data = Field(description="What it is trained on")
    architecture: Architecture = Field(description="Layers of the network")
    optimiser: Annotated[Sgd | Adam, Field(discriminator="name")] = Field(description="How the weights are updated")
    schedule: Annotated[Constant | Falling | Steps, Field(discriminator="name")] = Field(
        default=Constant(name="constant"), description="How the rate changes while it trains"
    )
    stop: Stop | None = Field(default=None, description="When a network ends early, each alone; null for never")
    freeze: list[Freeze] = Field(default=[], description="Layers that stop learning on the way")
    clip: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Greatest norm of a network's gradient; null for any"
    )
    batch: Positive = Field(description="Images per minibatch")
    epochs: Positive = Field(description="Passes over the training images; the most, where it may stop early")
    order: Literal["shared", "own"] = Field(description="Whether replicates see the same minibatches or each its own")
    replicates: Positive = Field(description="Networks per variant")
    seed: Seed = Field(description="Seed of the first replicate; the next ones follow")
    test_every: Positive = Field(description="Epochs between two tests")
    snapshots: Annotated[list[Fraction], AfterValidator(each_once)] = Field(
        description="Shares of training at which all weights are kept"
    )
    probes: Annotated[list[Probe], AfterValidator(one_of_each)] = Field(description="What is measured while it trains")
    intervention: Intervention | None = Field(description="What is done to the weights while it trains")
    variants: dict[Annotated[str, Field(pattern=r"^[^/\n]+$")], dict[str, Any]] = Field(
        min_length=1,
        description="Groups of replicates, and the settings in which each differs from the block; null leaves one out",
    )

    @model_validator(mode="after")
    def _task_fits(self) -> "Network":
        if (self.task.name == "next_tokens") != isinstance(self.architecture, LanguageModel):
            wanted = "next_tokens, with a length," if self.task.name == "classify" else "classify"
            raise ValueError(f"task: found {self.task.name}, wanted {wanted} for architecture {self.architecture.type}")
        return self
