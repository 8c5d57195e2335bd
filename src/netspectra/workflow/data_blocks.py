"""What params.yaml says of data sets, and of how their files are fetched."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from netspectra.blocks import Block, Name, Positive, each_once

Checksum = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256, 64 hexadecimal digits")]


class Mirror(Block):
    """A mirror whose own list of checksums is pinned, so that it may state them over http too."""

    address: str = Field(description="file:// or http(s):// with <set>/<file> below")
    sums_sha256: Checksum = Field(description="Checksum of its SHA256SUMS")


class Download(Block):
    """How files are fetched."""

    mirrors: list[str | Mirror] = Field(
        description="Your own mirrors, tried first: file:// or http(s):// with <set>/<file> below"
    )
    retries: int = Field(ge=0, description="Further tries per source")
    timeout_s: float = Field(gt=0, description="Silence after which a source is given up, in seconds")
    total_s: float = Field(default=3600.0, gt=0, description="Seconds after which one source of a file is given up")
    max_bytes: Positive = Field(default=2**30, description="Bytes that a file may have whose size is not stated")


class File(Block):
    """What an official file must be."""

    sha256: Checksum
    bytes: Positive = Field(description="Size")


class Counts(Block):
    """Images or tokens per split."""

    train: Positive = Field(description="To train on")
    test: Positive = Field(description="To test on")


class Version(Block):
    """Files of a data set and where they are found."""

    sources: list[str] = Field(
        min_length=1, description="Folders or addresses that hold the files, in order of preference"
    )
    files: dict[Annotated[str, Field(pattern=r"^\w[\w.-]*$")], File] = Field(
        min_length=1, description="Official files, by their plain names"
    )
    counts: Counts = Field(description="Images or tokens per split")


class ImageVersion(Version):
    """Files of a set of images."""

    format: Literal["idx", "cifar10", "sheets"] = Field(description="How the files are decoded")


class Member(Block):
    """Where the text of a split stands."""

    file: str = Field(description="One of the files")
    member: str | None = Field(default=None, description="Its name within a zip")


class Parts(Block):
    """The text of each split."""

    train: Member = Field(description="To train on; it decides the vocabulary")
    test: Member = Field(description="To test on")


class TextVersion(Version):
    """Files of a text."""

    format: Literal["text"] = Field(description="How the files are decoded")
    parts: Parts = Field(description="The text of each split")
    vocabulary: int = Field(ge=2, description="Words that are told apart, the commonest of the training text")


class Described(Block):
    """Where a data set comes from."""

    about: str = Field(description="What it is, and whose")
    licence: str = Field(description="Licence as far as stated")
    homepage: str = Field(description="Where its authors present it")
    version: Name = Field(description="Which of the versions is used")
    versions: dict[Name, Any]

    @model_validator(mode="after")
    def _chosen(self) -> "Described":
        if self.version not in self.versions:
            raise ValueError(f"version: found {self.version!r}, wanted one of {', '.join(self.versions)}")
        return self

    @property
    def counts(self) -> Counts:
        """Images or tokens of the version that is used."""
        return self.versions[self.version].counts


class Images(Described):
    """A set of images with labels."""

    versions: dict[Name, ImageVersion] = Field(
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
    def _one_each(self) -> "Images":
        if len(self.std) != len(self.mean):
            raise ValueError(f"std: found {len(self.std)} numbers, wanted one per channel as in mean, {len(self.mean)}")
        return self

    def pixels(self, grey: bool) -> tuple[int, int | None]:
        """Channels, and side of the image where it is said."""
        return 1 if grey else len(self.mean), self.image


class Text(Described):
    """A text in words."""

    versions: dict[Name, TextVersion] = Field(min_length=1, description="Forms in which the text is had")


def _kind(block: Any) -> str:
    keys = block if isinstance(block, dict) else type(block).model_fields
    return "images" if {"mean", "std", "classes", "image"} & set(keys) else "text"


DataSet = Annotated[Annotated[Images, Tag("images")] | Annotated[Text, Tag("text")], Discriminator(_kind)]
