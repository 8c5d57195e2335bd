"""The official formats of pictures, decoded with suspicion: anything unexpected is one error that names the file."""

import gzip
import io
import math
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from netspectra.data.archives import read_tar, read_whole
from netspectra.data.damage import reading, wrong
from netspectra.data.pickles import read_pickle

Arrays = dict[str, np.ndarray]

LARGEST_SIDE = 64  # pixels of a picture in an IDX file; MNIST and its kin have 28
TILES = (25, 32, 40, 32, 3)  # of a sheet: rows, height, columns, width, colours
CIFAR10 = "cifar-10-batches-py"
BATCHES = [f"{CIFAR10}/{name}" for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")]
BESIDE_BATCHES = [f"{CIFAR10}/{name}" for name in ("batches.meta", "readme.html")]
NPY = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '\|u1', 'fortran_order': False, 'shape': \((\d{1,9}),\), \} *\n", re.S
)
LOSSLESS = re.compile(rb"RIFF....WEBPVP8L....\x2f(....)", re.S)


def read_idx(path: Path, wanted: tuple[int | None, ...]) -> np.ndarray:
    """An array from a gzipped IDX file of bytes (LeCun's format: magic, sizes, values).

    Args:
        path: The file.
        wanted: Shape, None where any size up to 64 will do.

    Raises:
        DataError: Not such a file, another shape, or more or fewer values than it says.
    """
    with reading(path, "a gzipped IDX file"), gzip.open(path) as stream:
        magic = stream.read(4)
        if magic != bytes((0, 0, 8, len(wanted))):
            raise wrong(path, f"magic 0000080{len(wanted)} (bytes in {len(wanted)} dimensions)", magic.hex())
        shape = struct.unpack(f">{len(wanted)}I", stream.read(4 * len(wanted)))
        if not all(s == w if w is not None else 0 < s <= LARGEST_SIDE for w, s in zip(wanted, shape, strict=True)):
            raise wrong(path, f"shape {wanted} (None is any size up to {LARGEST_SIDE})", shape)
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


def read_cifar10(raw: Path, block: dict) -> Arrays:
    """The official CIFAR-10 archive, read in memory by member name, so that no path in it is ever followed.

    Raises:
        DataError: Not that archive.
    """
    path, counts = raw / "cifar-10-python.tar.gz", block["counts"]
    with reading(path, "the CIFAR-10 archive"):
        limit = 4096 * max(counts.values()) + 65536  # an image, its label and its file name
        found = read_tar(path, BATCHES, BESIDE_BATCHES, limit)
        if absent := [member for member in BATCHES if member not in found]:
            raise wrong(path, "members " + ", ".join(BATCHES), "none of the name " + ", ".join(absent))
        images, labels = zip(*(_cifar_batch(path, m, found.pop(m), block) for m in BATCHES), strict=True)
    arrays = {"train_images": np.concatenate(images[:5]), "train_labels": np.concatenate(labels[:5])}
    arrays |= {"test_images": images[5], "test_labels": labels[5]}
    for split, count in counts.items():
        _labels(path, arrays[f"{split}_labels"], count, block)
    return arrays


def _cifar_batch(path: Path, member: str, content: bytes, block: dict) -> tuple[np.ndarray, np.ndarray]:
    batch = read_pickle(content)
    labels, images = batch["labels"], batch["data"]
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise wrong(path, f"{member}: a list of whole numbers as labels", type(labels).__name__)
    if not isinstance(images, np.ndarray) or images.shape != (len(labels), 3072):
        raise wrong(path, f"{member}: bytes of shape ({len(labels)}, 3072)", getattr(images, "shape", type(images)))
    return images.reshape(-1, 3, 32, 32), _labels(path, np.array(labels), len(labels), block)


def read_sheets(raw: Path, block: dict) -> Arrays:
    """Sheets of 25 rows of 40 tiles of 32 x 32 pixels, and the labels of training and then test tiles.

    Raises:
        DataError: A sheet of another size, too many or few of them, or labels that do not fit.
    """
    counts, path = block["counts"], raw / "labels.npy"
    labels = _labels(path, _read_npy(path, sum(counts.values())), sum(counts.values()), block)
    arrays = {"train_labels": labels[: counts["train"]], "test_labels": labels[counts["train"] :]}
    for split, count in counts.items():
        names = sorted(name for name in block["files"] if name.startswith(split))
        if len(names) * 1000 != count:
            raise wrong(raw, f"{split}: sheets of 1,000 for {count} images", f"{len(names)} sheets")
        arrays[f"{split}_images"] = np.concatenate([_read_sheet(raw / name) for name in names])
    return arrays


def _read_npy(path: Path, count: int) -> np.ndarray:
    """An array of bytes in numpy's format: of its many headers, the one that it writes for this."""
    with reading(path, "an array of labels"):
        content = read_whole(path, count + 1024)
        head = NPY.match(content)
        if not head or int(head[1]) != count or len(content) - head.end() != count:
            raise wrong(path, f"a header and {count} unsigned bytes", f"{content[:128]!r} in {len(content)} bytes")
    return np.frombuffer(content, np.uint8, offset=head.end())


def _read_sheet(path: Path) -> np.ndarray:
    from PIL import Image

    rows, height, columns, width, colours = TILES
    with reading(path, "a WebP picture"):
        content = read_whole(path, 2 * math.prod(TILES))
        _check_size(path, content, columns * width, rows * height)
        with Image.open(io.BytesIO(content), formats=["WEBP"]) as picture:
            if picture.size != (columns * width, rows * height) or picture.mode != "RGB":
                raise wrong(path, f"{columns * width} x {rows * height} RGB pixels", f"{picture.size} {picture.mode}")
            tiles = np.asarray(picture).reshape(TILES)
    return tiles.transpose(0, 2, 4, 1, 3).reshape(-1, colours, height, width)


def _check_size(path: Path, content: bytes, width: int, height: int) -> None:
    """Read the size before the decoder does: it takes memory for whatever size a file states."""
    head = LOSSLESS.match(content)
    if not head:
        raise wrong(path, "a lossless WebP picture", "another head")
    bits = int.from_bytes(head[1], "little")
    size = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if size != (width, height):
        raise wrong(path, f"{width} x {height} RGB pixels", size)


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
