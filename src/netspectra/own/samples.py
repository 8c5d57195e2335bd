"""A reader's samples, read batch by batch and as often as asked: a folder of pictures, an .npz, a set of torchvision's.

Pictures are scaled to [0, 1], then normalised where a mean and a deviation are given. Nothing is unpickled; what
torchvision reads it checks against its own checksums.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from netspectra.errors import DataError, NetspectraError
from netspectra.own.listing import arrays_in, classes_in, pictures_in

Pair = tuple[torch.Tensor, int]
Batch = torch.Tensor | tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Preparation:
    """What is done to a picture.

    Attributes:
        side: Pixels of the square that is cut from its middle once the shorter side has that length; None leaves it.
        mean: Subtracted per channel, of pixels in [0, 1]; one number for all; None for nothing.
        std: Divided by per channel.
    """

    side: int | None = None
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None

    def picture(self, picture: "object") -> torch.Tensor:
        """(channels, height, width), float32, of a PIL image; grey ones have one channel."""
        picture = picture if picture.mode == "L" else picture.convert("RGB")
        if self.side:
            picture = _square(picture, self.side)
        pixels = np.atleast_3d(np.asarray(picture, np.uint8))
        return self.normalised(torch.from_numpy(pixels.copy()).movedim(-1, 0).float() / 255)

    def normalised(self, x: torch.Tensor) -> torch.Tensor:
        """(..., channels, height, width) less the mean over the deviation."""
        mean, std = (torch.tensor(value)[..., None, None] for value in (self.mean or [0.0], self.std or [1.0]))
        return (x - mean) / std


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples in batches, read anew every time they are gone through.

    Attributes:
        count: How many there are.
        classes: Names of the classes in the order of the labels; empty where they have none.
        batch: Samples in a batch.
        read: Inputs, and labels or None, from one number up to another.
    """

    count: int
    classes: tuple[str, ...]
    batch: int
    read: Callable[[int, int], tuple[torch.Tensor, torch.Tensor | None]]

    def __len__(self) -> int:
        return -(-self.count // self.batch)

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, self.count, self.batch):
            x, y = self.read(start, min(start + self.batch, self.count))
            yield x if y is None else (x, y)


def from_folder(folder: Path | str, prepared: Preparation, *, count: int | None = None, batch: int = 100) -> Samples:
    """Pictures of a folder that holds one folder per class, the classes in turn.

    Raises:
        DataError: As `listing.classes_in` says; while reading, a damaged picture, or one of another size.
    """
    classes = tuple(classes_in(folder))
    files = pictures_in(folder, count)
    labels = {name: i for i, name in enumerate(classes)}

    def read(start: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = files[start:end]
        y = torch.tensor([labels[path.relative_to(folder).parts[0]] for path in chosen])
        return _stacked([_opened(path, prepared) for path in chosen], chosen), y

    return Samples(len(files), classes, batch, read)


def from_arrays(file: Path | str, prepared: Preparation, *, count: int | None = None, batch: int = 100) -> Samples:
    """Inputs and labels of an .npz, as `x` and `y`.

    Bytes are pixels, with channels second or last; whole numbers are tokens; other numbers are taken as they are.

    Raises:
        DataError: As `listing.arrays_in` says; arrays of objects; or labels of another length.
    """
    names = arrays_in(file)
    try:
        with np.load(file, allow_pickle=False) as arrays:
            x, y = (None if name is None else arrays[name][:count] for name in names)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{file}: damaged, or arrays of objects ({error})", "np.savez(FILE, x=inputs, y=labels)"
        ) from None
    if y is not None and y.shape != x.shape[:1]:
        raise DataError(f"{file}: wanted one label per input, found {y.shape} for {x.shape}", "give y (samples,)")
    if x.dtype == np.uint8 and x.ndim == 4 and x.shape[-1] in (1, 3) and x.shape[1] not in (1, 3):
        x = np.moveaxis(x, -1, 1)
    inputs = torch.from_numpy(np.ascontiguousarray(x))
    labels = None if y is None else torch.from_numpy(np.ascontiguousarray(y)).long()
    classes = () if labels is None else tuple(map(str, range(int(labels.max()) + 1)))

    def read(start: int, end: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        return _numbers(inputs[start:end], prepared), None if labels is None else labels[start:end]

    return Samples(len(inputs), classes, batch, read)


def from_torchvision(
    name: str, root: Path | str, split: str, prepared: Preparation, *, count: int | None = None, batch: int = 100
) -> Samples:
    """A set of torchvision's that lies under `root`; nothing is fetched.

    Args:
        name: Of its class in torchvision.datasets, such as CIFAR10.
        root: Where it lies.
        split: "train" or "test", or what the set itself calls its splits.
        prepared: What is done to its pictures.
        count: The first so many; None for all.
        batch: Samples in a batch.

    Raises:
        NetspectraError: torchvision is not installed, has no such set, or does not find its files.
    """
    try:
        from torchvision import datasets
    except ModuleNotFoundError:
        raise NetspectraError("torchvision is not installed", "pip install torchvision") from None
    if name not in datasets.__all__:
        raise DataError(f"torchvision: has no set {name!r}", "see torchvision.datasets for those it has")
    found = _torchvision_set(getattr(datasets, name), root, split)
    total = len(found) if count is None else min(count, len(found))

    def read(start: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        pairs = [found[i] for i in range(start, end)]
        numbers = list(range(start, end))
        return _stacked([prepared.picture(x) for x, _ in pairs], numbers), torch.tensor([int(y) for _, y in pairs])

    return Samples(total, tuple(getattr(found, "classes", ())), batch, read)


def _torchvision_set(kind: type, root: Path | str, split: str) -> "object":
    try:
        return kind(root=str(root), train=split == "train")
    except TypeError:  # it names its splits
        pass
    except RuntimeError as error:
        raise DataError(
            f"{root}: torchvision: {error}", f"fetch it once: {kind.__name__}({str(root)!r}, download=True)"
        ) from None
    try:
        return kind(root=str(root), split=split)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"{root}: torchvision.datasets.{kind.__name__}: {error}", "name its split, and fetch it once"
        ) from None


def _opened(path: Path, prepared: Preparation) -> torch.Tensor:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return prepared.picture(picture)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: no picture that can be read ({error})", f"rm {path}, or write it anew") from None


def _square(picture: "object", side: int) -> "object":
    scale = side / min(picture.size)
    width, height = (max(side, round(length * scale)) for length in picture.size)
    left, top = (width - side) // 2, (height - side) // 2
    picture = picture if (width, height) == picture.size else picture.resize((width, height))
    return picture.crop((left, top, left + side, top + side))


def _stacked(pictures: list[torch.Tensor], names: Sequence[object]) -> torch.Tensor:
    for picture, name in zip(pictures, names, strict=True):
        if picture.shape != pictures[0].shape:
            found = f"{tuple(picture.shape)} after {tuple(pictures[0].shape)}"
            raise DataError(
                f"{name}: wanted pictures of one size, found {found}", "say a side, to which all are brought"
            )
    return torch.stack(pictures)


def _numbers(x: torch.Tensor, prepared: Preparation) -> torch.Tensor:
    if x.dtype == torch.uint8:
        return prepared.normalised(x.float() / 255)
    return x.float() if x.is_floating_point() else x.long()
