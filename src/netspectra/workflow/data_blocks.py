"""What params.yaml says of data sets, and of how their files are fetched."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from netspectra.blocks import Block, Name, Positive, each_once


class Download(Block):
    """How files are fetched."""

    mirrors: list[str] = Field(
        description="Your own mirrors, tried first: file:// or http(s):// with <set>/<file> below"
    )
    retries: int = Field(ge=0, description="Further tries per source")
    timeout_s: float = Field(gt=0, description="Silence after which a source is given up, in seconds")


class File(Block):
    """What an official file must be."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Checksum, 64 hexadecimal digits")
    bytes: Positive = Field(description="Size")


class Counts(Block):
    """Images per split."""

    train: Positive = Field(description="Training images")
    test: Positive = Field(description="Test images")


class Version(Block):
    """Files of a data set and where they are found."""

    format: Literal["idx", "cifar10", "sheets"] = Field(description="How the files are decoded")
    sources: list[str] = Field(
        min_length=1, description="Folders or addresses that hold the files, in order of preference"
    )
    files: dict[Annotated[str, Field(pattern=r"^\w[\w.-]*$")], File] = Field(
        min_length=1, description="Official files, by their plain names"
    )
    counts: Counts = Field(description="Images per split")


class DataSet(Block):
    """Where a data set comes from and what it holds."""

    about: str = Field(description="What it is, and whose")
    licence: str = Field(description="Licence as far as stated")
    homepage: str = Field(description="Where its authors present it")
    version: Name = Field(description="Which of the versions is used")
    versions: dict[Name, Version] = Field(
        min_length=1, description="Forms in which the set is had; what is made of any of them has the same shape"
    )
    image: Positive | None = Field(
        default=None,
        description="Side of the images in pixels, against which networks are held; null for no such check",
    )
    mean: list[float] = Field(min_length=1, description="Subtracted per channel, of pixels in [0, 1]")
    std: list[Annotated[float, Field(gt=0)]] = Field(
        min_length=1, description="Divided by per channel, of pixels in [0, 1]"
    )
    classes: Annotated[list[str], AfterValidator(each_once)] = Field(
        min_length=2, description="Names of the labels in order"
    )

    @model_validator(mode="after")
    def _together(self) -> "DataSet":
        if self.version not in self.versions:
            raise ValueError(f"version: found {self.version!r}, wanted one of {', '.join(self.versions)}")
        if len(self.std) != len(self.mean):
            raise ValueError(f"std: found {len(self.std)} numbers, wanted one per channel as in mean, {len(self.mean)}")
        return self

    def pixels(self, grey: bool) -> tuple[int, int | None]:
        """Channels, and side of the image where it is said."""
        return 1 if grey else len(self.mean), self.image
