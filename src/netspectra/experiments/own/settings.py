"""Settings of own."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, computed_field, model_validator

from netspectra.blocks import Block, Experiment, Name, Positive
from netspectra.errors import NetspectraError
from netspectra.own import listing
from netspectra.own.weights_file import shapes_in

Lens = Literal["alignment", "spectra", "similarity", "clipping", "pruning", "attack", "rainbow", "active_subspace"]
Deviation = Annotated[float, Field(gt=0)]


class OwnNetwork(Block):
    """What a function makes, with weights from a file."""

    model: str = Field(pattern=r"^[\w.]+:[\w.]+$", description="package.module:function that makes the network")
    arguments: dict[str, Any] = Field(default={}, description="What the function is called with")
    weights: str | None = Field(
        description="Safetensors file of its state, never unpickled; null for weights as the function makes them"
    )

    @model_validator(mode="after")
    def _readable(self) -> "OwnNetwork":
        if self.weights is not None:
            _found("weights", shapes_in, self.weights)
        return self

    @property
    def files(self) -> list[str]:
        """What it is read from: its weights, and the file of its function where that lies in the project."""
        module = Path(*self.model.partition(":")[0].split(".")).with_suffix(".py")
        return [*([self.weights] if self.weights else []), *([str(module)] if module.is_file() else [])]


class Samples(Block):
    """A data set: one of folder, npz and torchvision."""

    folder: str | None = Field(default=None, description="Folder that holds one folder of pictures per class")
    npz: str | None = Field(default=None, description="File with inputs under x and labels under y")
    torchvision: str | None = Field(default=None, description="Name of a class of torchvision.datasets")
    root: str | None = Field(default=None, description="Folder that torchvision has fetched the set into")
    split: str = Field(default="test", description="Of a set of torchvision's")
    count: Positive | None = Field(default=None, description="The first so many samples, or null for all")
    side: Positive | None = Field(
        default=None, description="Side in pixels to which pictures are brought; null for none"
    )
    mean: list[float] | None = Field(default=None, description="Subtracted per channel, of pixels in [0, 1]")
    std: list[Deviation] | None = Field(default=None, description="Divided by per channel, of pixels in [0, 1]")
    batch: Positive = Field(default=100, description="Samples in a batch")

    @model_validator(mode="after")
    def _one(self) -> "Samples":
        kinds = [key for key in ("folder", "npz", "torchvision") if getattr(self, key) is not None]
        if len(kinds) != 1:
            raise ValueError(f"found {' and '.join(kinds) or 'none'}, wanted one of folder, npz, torchvision")
        if self.torchvision and self.root is None:
            raise ValueError(f"root: found none, wanted the folder that holds {self.torchvision}")
        _ = self.files
        return self

    @property
    def files(self) -> list[str]:
        """What they are read from."""
        if self.npz is not None:
            _found("npz", listing.arrays_in, self.npz)
            return [self.npz]
        if self.folder is not None:
            return [str(path) for path in _found("folder", listing.pictures_in, self.folder, self.count)]
        return [str(path) for path in _found("root", listing.files_below, self.root)]


class Settings(Experiment):
    """A network of your own, or one that is trained here, under the lenses; figures are own_<lens>."""

    network: OwnNetwork | None = Field(default=None, description="What is looked at; null where networks names one")
    further_weights: list[str] = Field(
        default=[], description="Files of replicates of the network, over which intervals are then taken"
    )
    networks: list[Name] = Field(default=[], max_length=1, description="In place of network: one that is trained here")
    against: dict[Name, OwnNetwork] = Field(default={}, description="Networks with the same layers to compare with")
    samples: Samples | None = Field(
        default=None, description="What it is shown; null for the test images of a network that is trained here"
    )
    lenses: list[Lens] = Field(min_length=1, description="Which lenses")
    layers: list[str] = Field(default=["*"], min_length=1, description="Patterns of names of layers")
    null: int = Field(default=200, ge=0, description="Permutations of the null distribution of similarities")
    memory: str = Field(default="2GB", pattern=r"^[\d.]+ *[KMGT]?i?B?$", description="Beside the network")

    @model_validator(mode="after")
    def _whole(self) -> "Settings":
        if (self.network is None) == (not self.networks):
            raise ValueError("network: found it and networks, or neither, wanted one of the two")
        if self.samples is None and not self.networks:
            raise ValueError("samples: missing; add a folder, an npz or a set of torchvision's")
        for file in self.further_weights:
            _found("further_weights", shapes_in, file)
        shown = {f"own_{lens}" for lens in self.lenses} | ({"own_against"} if self.against else set())
        if lost := [name for name in self.figures if name not in shown]:
            raise ValueError(f"figures: found {lost[0]!r}, wanted of {', '.join(sorted(shown))}, as lenses has it")
        return self

    @computed_field(description="Files that it reads; found, not set")
    @property
    def files(self) -> list[str]:
        """All of them, each once."""
        networks = [*([self.network] if self.network else []), *self.against.values()]
        read = [file for network in networks for file in network.files]
        return list(dict.fromkeys([*read, *self.further_weights, *(self.samples.files if self.samples else [])]))


def _found(key: str, look: Any, *arguments: Any) -> Any:
    """What a look at files gives; as an error of that key where they are not as they should be."""
    try:
        return look(*arguments)
    except NetspectraError as error:
        remedy = f"; {error.remedy}" if error.remedy else ""
        raise ValueError(f"{key}: found {error.args[0]}{remedy}") from None
