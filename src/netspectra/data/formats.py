"""The official file formats, decoded with suspicion: anything unexpected is one error that names the file."""

import gzip
import io
import math
import pickle
import struct
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from netspectra.errors import DataError

Arrays = dict[str, np.ndarray]

REMEDY = "delete it and run again"
LARGEST = 1 << 30  # bytes in one array; more is damage, and must not be allocated
TILES = (25, 32, 40, 32, 3)  # of a sheet: rows, height, columns, width, colours

# What numpy's arrays are pickled with, under the names of Python 2 and 3 and of old and new numpy.
ARRAY_PARTS = {
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


def read_idx(path: Path, wanted: tuple[int | None, ...]) -> np.ndarray:
    """An array from a gzipped IDX file of bytes (LeCun's format: magic, sizes, values).

    Args:
        path: The file.
        wanted: Shape, None where any size will do.

    Raises:
        DataError: Not such a file, another shape, or more or fewer values than it says.
    """
    with _reading(path, "a gzipped IDX file"), gzip.open(path) as stream:
        magic = stream.read(4)
        if magic != bytes((0, 0, 8, len(wanted))):
            raise wrong(path, f"magic 0000080{len(wanted)} (bytes in {len(wanted)} dimensions)", magic.hex())
        shape = struct.unpack(f">{len(wanted)}I", stream.read(4 * len(wanted)))
        if any(w not in (None, s) for w, s in zip(wanted, shape, strict=True)) or not 0 < math.prod(shape) <= LARGEST:
            raise wrong(path, f"shape {wanted} (None is any) of at most {LARGEST} values", shape)
        content = stream.read(math.prod(shape) + 1)
        if len(content) != math.prod(shape):
            more = "more than " * (len(content) > math.prod(shape))
            raise wrong(
                path, f"{math.prod(shape)} values of shape {shape}", f"{more}{min(len(content), math.prod(shape))}"
            )
    return np.frombuffer(content, np.uint8).reshape(shape)


def read_idx_set(raw: Path, block: dict) -> Arrays:
    """MNIST's four files.

    Raises:
        DataError: One of them is not what it should be.
    """
    arrays = {}
    for split, prefix in (("train", "train"), ("test", "t10k")):
        images, labels = raw / f"{prefix}-images-idx3-ubyte.gz", raw / f"{prefix}-labels-idx1-ubyte.gz"
        count = block["counts"][split]
        arrays[f"{split}_images"] = read_idx(images, (count, None, None))[:, None]
        arrays[f"{split}_labels"] = _labels(labels, read_idx(labels, (count,)), count, block)
    return arrays


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in ARRAY_PARTS:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of an array, and is not run")
        return super().find_class(module, name)


def unpickle_arrays(content: bytes) -> dict:
    """Unpickle a dictionary that holds nothing but arrays, lists, numbers and bytes; keys come back as text.

    Raises:
        pickle.UnpicklingError: It asks for anything else. Damaged content raises whatever the unpickler meets.
    """
    batch = _ArraysOnly(io.BytesIO(content), encoding="bytes").load()
    if not isinstance(batch, dict):
        raise pickle.UnpicklingError(f"wanted a dictionary, found {type(batch).__name__}")
    return {key.decode() if isinstance(key, bytes) else key: value for key, value in batch.items()}


def read_cifar10(raw: Path, block: dict) -> Arrays:
    """The official CIFAR-10 archive, read in memory by member name, so that no path in it is ever followed.

    Raises:
        DataError: Not that archive.
    """
    path = raw / "cifar-10-python.tar.gz"
    members = [f"cifar-10-batches-py/{name}" for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")]
    counts = block["counts"]
    with _reading(path, "the CIFAR-10 archive"):
        found = _members(path, members, 4096 * max(counts.values()) + 65536)  # an image, its label and its file name
        if absent := [member for member in members if member not in found]:
            raise wrong(path, "members " + ", ".join(members), "none of the name " + ", ".join(absent))
        images, labels = zip(*(_cifar_batch(path, m, found.pop(m), block) for m in members), strict=True)
    arrays = {"train_images": np.concatenate(images[:5]), "train_labels": np.concatenate(labels[:5])}
    arrays |= {"test_images": images[5], "test_labels": labels[5]}
    for split, count in counts.items():
        _labels(path, arrays[f"{split}_labels"], count, block)
    return arrays


def _members(path: Path, names: list[str], limit: int) -> dict[str, bytes]:
    """Contents by name, in the order they stand in: a compressed tar cannot be read backwards without starting over."""
    contents = {}
    with tarfile.open(path, "r:gz") as tar:
        for member in tar:
            if member.name in names and member.isfile():
                if member.size > limit:
                    raise wrong(path, f"{member.name} of at most {limit} bytes", member.size)
                contents[member.name] = tar.extractfile(member).read()
    return contents


def _cifar_batch(path: Path, member: str, content: bytes, block: dict) -> tuple[np.ndarray, np.ndarray]:
    batch = unpickle_arrays(content)
    labels, images = np.asarray(batch["labels"]), batch["data"]
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape != (len(labels), 3072):
        raise wrong(path, f"{member}: bytes of shape ({len(labels)}, 3072)", getattr(images, "shape", type(images)))
    return images.reshape(-1, 3, 32, 32), _labels(path, labels, len(labels), block)


def read_sheets(raw: Path, block: dict) -> Arrays:
    """Sheets of 25 rows of 40 tiles of 32 x 32 pixels, and the labels of training and then test tiles.

    Raises:
        DataError: A sheet of another size, too many or few of them, or labels that do not fit.
    """
    counts, path = block["counts"], raw / "labels.npy"
    with _reading(path, "an array of labels"):  # a memory map allocates nothing that the file does not hold
        labels = _labels(path, np.lib.format.open_memmap(path, mode="r"), sum(counts.values()), block)
    arrays = {"train_labels": labels[: counts["train"]], "test_labels": labels[counts["train"] :]}
    for split, count in counts.items():
        names = sorted(name for name in block["files"] if name.startswith(split))
        if len(names) * 1000 != count:
            raise wrong(raw, f"{split}: sheets of 1,000 for {count} images", f"{len(names)} sheets")
        arrays[f"{split}_images"] = np.concatenate([_read_sheet(raw / name) for name in names])
    return arrays


def _read_sheet(path: Path) -> np.ndarray:
    from PIL import Image

    rows, height, columns, width, colours = TILES
    with _reading(path, "a WebP picture"), Image.open(path, formats=["WEBP"]) as picture:
        if picture.size != (columns * width, rows * height) or picture.mode != "RGB":
            raise wrong(path, f"{columns * width} x {rows * height} RGB pixels", f"{picture.size} {picture.mode}")
        tiles = np.asarray(picture).reshape(TILES)
    return tiles.transpose(0, 2, 4, 1, 3).reshape(-1, colours, height, width)


@contextmanager
def _reading(path: Path, what: str) -> Iterator[None]:
    """One error that names the file, whatever a decoder stumbles over in it."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{path}: not {what} ({type(error).__name__}: {error}); {REMEDY}") from error


def wrong(path: Path, wanted: object, found: object) -> DataError:
    """The error for a file that holds something else than wanted."""
    return DataError(f"{path}: wanted {wanted}, found {found}; {REMEDY}")


def _labels(path: Path, labels: np.ndarray, count: int, block: dict) -> np.ndarray:
    """Labels as bytes, after checking their number and range."""
    if labels.shape != (count,) or not count or labels.dtype.kind not in "iu":
        raise wrong(path, f"{count} whole numbers as labels", f"{labels.dtype} of shape {labels.shape}")
    low, high, classes = int(labels.min()), int(labels.max()), len(block["classes"])
    if low < 0 or high >= classes:
        raise wrong(path, f"labels from 0 to {classes - 1}", f"{low} to {high}")
    return labels.astype(np.uint8)


FORMATS: dict[str, Callable[[Path, dict], Arrays]] = {
    "idx": read_idx_set,
    "cifar10": read_cifar10,
    "sheets": read_sheets,
}
