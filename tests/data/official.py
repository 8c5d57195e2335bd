"""Tiny sets in the official formats, and what damages them."""

import gzip
import hashlib
import io
import os
import pickle
import struct
import subprocess
import sys
import tarfile
from functools import partial

import numpy as np
from PIL import Image

from netspectra.data.prepare import prepare

CONTENT = np.random.default_rng(0).bytes(40_000)
ALL = {"train": None, "test": None, "grey": False}


def digest(content):
    return hashlib.sha256(content).hexdigest()


def facts_of(content):
    return {"sha256": digest(content), "bytes": len(content)}


def one_file(*sources, content=CONTENT):
    return {"sources": [str(s) for s in sources], "files": {"a.bin": facts_of(content)}}


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def mirror(folder, content, *, listed=True, stated=None):
    put(folder / "tiny/a.bin", content)
    if listed:
        put(folder / "SHA256SUMS", f"{stated or digest(content)}  tiny/a.bin\n{'0' * 64}  tiny/b.bin\n".encode())
    return folder


def arrays(train, test, shape, seed=0):
    rng = np.random.default_rng(seed)
    return {
        f"{split}_{kind}": rng.integers(0, top, (n, *(shape if kind == "images" else ())), np.uint8)
        for split, n in (("train", train), ("test", test))
        for kind, top in (("images", 256), ("labels", 10))
    }


def idx(array):
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def idx_files(data):
    return {
        f"{prefix}-{kind}-idx{3 if kind == 'images' else 1}-ubyte.gz": gzip.compress(
            idx(data[f"{split}_{kind}"].squeeze(1) if kind == "images" else data[f"{split}_{kind}"])
        )
        for split, prefix in (("train", "train"), ("test", "t10k"))
        for kind in ("images", "labels")
    }


BATCHES = [f"cifar-10-batches-py/{name}" for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")]


def batches_of(data):
    images = np.concatenate([data["train_images"], data["test_images"]]).reshape(6, -1, 3072)
    labels = np.concatenate([data["train_labels"], data["test_labels"]]).reshape(6, -1)
    return [{"labels": y.tolist(), "data": x} for x, y in zip(images, labels, strict=True)]


def tar_bytes(members):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            body = None if isinstance(content, tarfile.TarInfo) else content
            info.size = len(body or b"")
            tar.addfile(info, io.BytesIO(body) if body is not None else None)
    return raw.getvalue()


def archive(members):
    return {"cifar-10-python.tar.gz": gzip.compress(tar_bytes(members), 1)}


dumps = partial(pickle.dumps, protocol=4)


def cifar_files(data, dump=dumps):
    return archive({name: dump(batch) for name, batch in zip(BATCHES, batches_of(data), strict=True)})


def python2_dumps(batch):
    """A batch as Python 2 pickled it in 2009: byte strings for keys and for the array's content."""

    def text(s):
        return b"U" + bytes([len(s)]) + s

    data = batch["data"]
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85" + text(b"b") + b"tR("
    dtype = b"cnumpy\ndtype\n(" + text(b"u1") + b"K\x00K\x01tR(K\x03" + text(b"|")
    dtype += b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    shape = b"K" + bytes([len(data)]) + b"M\x00\x0c\x86"
    content = b"T" + struct.pack("<I", data.size) + data.tobytes()
    state = b"K\x01" + shape + dtype + b"\x89" + content + b"tb"
    labels = b"](" + b"".join(b"K" + bytes([y]) for y in batch["labels"]) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + state + text(b"labels") + labels + b"u."


def webp(sheet):
    raw = io.BytesIO()
    Image.fromarray(sheet).save(raw, "WEBP", lossless=True, quality=0, method=0)
    return raw.getvalue()


def npy(array):
    raw = io.BytesIO()
    np.save(raw, array)
    return raw.getvalue()


def sheet_arrays():
    """One sheet per split, every tile of one colour, except for a mark that says which way is up."""
    data = arrays(1000, 1000, (3, 1, 1))
    for split in ("train", "test"):
        data[f"{split}_images"] = data[f"{split}_images"].repeat(32, 2).repeat(32, 3)
        data[f"{split}_images"][:, 0, 2, 5] ^= 255
    return data


def sheet_files(data):
    files = {"labels.npy": npy(np.concatenate([data["train_labels"], data["test_labels"]]))}
    for split in ("train", "test"):
        tiles = data[f"{split}_images"].reshape(25, 40, 3, 32, 32).transpose(0, 3, 1, 4, 2)
        files[f"{split}-00.webp"] = webp(tiles.reshape(800, 1280, 3))
    return files


def block_of(kind, files, data):
    channels = data["train_images"].shape[1]
    return {
        "format": kind,
        "sources": ["nowhere"],
        "files": {name: facts_of(content) for name, content in files.items()},
        "counts": {split: len(data[f"{split}_labels"]) for split in ("train", "test")},
        "mean": [0.485, 0.456, 0.406][:channels],
        "std": [0.229, 0.224, 0.225][:channels],
        "classes": list("abcdefghij"),
    }


IDX = arrays(30, 12, (1, 5, 4))
CIFAR = arrays(25, 5, (3, 32, 32))
SHEETS = sheet_arrays()
SHEET_FILES = sheet_files(SHEETS)
KINDS = {
    "idx": ("idx", IDX, idx_files(IDX)),
    "cifar10": ("cifar10", CIFAR, cifar_files(CIFAR)),
    "cifar10, protocol 2": ("cifar10", CIFAR, cifar_files(CIFAR, partial(pickle.dumps, protocol=2))),
    "cifar10, Python 2": ("cifar10", CIFAR, cifar_files(CIFAR, python2_dumps)),
    "sheets": ("sheets", SHEETS, SHEET_FILES),
}


def write(folder, files):
    for name, content in files.items():
        put(folder / name, content)
    return folder


def prepared(folder, kind="idx", data=IDX, files=None):
    files = files or KINDS[kind][2]
    block = block_of(KINDS[kind][0], files, data)
    prepare("tiny", block, write(folder / "raw", files), folder / "tiny.safetensors")
    return folder / "tiny.safetensors"


def broken(files, name, content):
    return {key: content(value) if key == name else value for key, value in files.items()}


def regzip(change):
    return lambda content: gzip.compress(change(gzip.decompress(content)))


IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


class Evil:
    def __init__(self, call, *arguments):
        self.reduced = call, arguments

    def __reduce__(self):
        return self.reduced


def with_batch(change, index=1):
    batches = batches_of(CIFAR)
    batches[index] = change(batches[index])
    return {n: b if isinstance(b, bytes) else dumps(b) for n, b in zip(BATCHES, batches, strict=True)}


def png(sheet):
    raw = io.BytesIO()
    Image.fromarray(sheet).save(raw, "PNG")
    return raw.getvalue()


def splice(content, at, junk):
    at = at % (len(content) + 1)
    return content[:at] + junk + content[at + len(junk) :]


def within_bounds(call, path, *, seconds=20, memory=3 << 30):
    """What `call`, an expression over `path`, is refused with, in a process that may end badly, slowly or too large."""
    code = f"""if True:
        import resource, sys
        from pathlib import Path
        from netspectra.data import archives, formats
        from netspectra.errors import DataError
        resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
        path = Path(sys.argv[1])
        try:
            {call}
        except DataError as error:
            print(error)
        """
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, env=env, timeout=seconds
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
