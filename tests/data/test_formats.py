import contextlib
import gzip
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from official import (
    BATCHES,
    CIFAR,
    IDX,
    KINDS,
    SHEET_FILES,
    SHEETS,
    Evil,
    archive,
    block_of,
    broken,
    dumps,
    idx,
    npy,
    png,
    prepared,
    put,
    regzip,
    splice,
    tar_bytes,
    webp,
    with_batch,
)

from netspectra.data.formats import read_cifar10, read_idx
from netspectra.errors import DataError

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
REMEDY = "its checksum is the one in params.yaml: correct the block data.tiny there (git diff params.yaml)"


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (IMAGES, lambda c: c[:200], "EOFError"),
        (IMAGES, lambda c: b"not gzip", "BadGzipFile"),
        (IMAGES, lambda c: b"", "magic 00000803"),
        (IMAGES, regzip(lambda c: b"\0\0\x0d\x03" + c[4:]), "wanted magic 00000803.*found 00000d03"),
        (IMAGES, regzip(lambda c: idx(np.zeros(30, np.uint8))), "found 00000801"),
        (LABELS, regzip(lambda c: idx(np.zeros((30, 1, 1), np.uint8))), "found 00000803"),
        (IMAGES, regzip(lambda c: c[:10]), "unpack requires"),
        (IMAGES, regzip(lambda c: c[:-1]), "wanted 600 values of shape .* found 599"),
        (IMAGES, regzip(lambda c: c + b"1"), "wanted 600 values of shape .* found more than 600"),
        (IMAGES, regzip(lambda c: idx(np.zeros((29, 5, 4), np.uint8))), r"wanted shape \(30, None, None\)"),
        (IMAGES, regzip(lambda c: idx(np.zeros((30, 0, 4), np.uint8))), "wanted shape"),
        (IMAGES, regzip(lambda c: c[:8] + b"\xff" * 8), "any size up to 64.*4294967295, 4294967295"),
        (IMAGES, regzip(lambda c: idx(np.zeros((30, 4, 4), np.uint8))), r"test images of shape \(12, 1, 4, 4\)"),
        (LABELS, regzip(lambda c: idx(np.full(30, 10, np.uint8))), "wanted labels from 0 to 9, found 10 to 10"),
    ],
)
def test_damaged_idx(tmp_path, name, change, said):
    with pytest.raises(DataError, match=said) as error:
        prepared(tmp_path, files=broken(KINDS["idx"][2], name, change))
    assert name in str(error.value) or str(tmp_path / "raw") in str(error.value)
    assert error.value.remedy == REMEDY
    assert sorted(p.name for p in tmp_path.iterdir()) == ["raw"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda b: b | {"labels": [10] * 5}, "labels from 0 to 9, found 10 to 10"),
        (lambda b: b | {"labels": [-1] * 5}, "labels from 0 to 9, found -1"),
        (lambda b: b | {"labels": [0.5] * 5}, "BINFLOAT is not part of an array of unsigned bytes"),
        (lambda b: b | {"labels": ["cat"] * 5}, "whole numbers"),
        (lambda b: b | {"labels": None}, "a list of whole numbers as labels, found NoneType"),
        (lambda b: b | {"labels": [True] * 5}, "whole numbers"),
        (lambda b: b | {"labels": [10**40] * 5}, "whole numbers"),
        (lambda b: b | {"labels": [1] * 4}, r"bytes of shape \(4, 3072\)"),
        (lambda b: b | {"data": b["data"].astype(float)}, "another type is not part of an array"),
        (lambda b: b | {"data": b["data"][:, :3000]}, r"bytes of shape \(5, 3072\)"),
        (lambda b: b | {"data": b["data"].tolist()}, "a list of anything but plain values"),
        (lambda b: b | {"data": b["labels"]}, r"bytes of shape \(5, 3072\)"),
        (lambda b: {"labels": [1] * 4, "data": b["data"][:4]}, "wanted 25 whole numbers .* shape .24,"),
        (lambda b: {"data": b["data"]}, "KeyError: 'labels'"),
        (lambda b: [1, 2], "wanted a dictionary, found list"),
        (lambda b: b"\x80\x04", "not the CIFAR-10 archive"),
        (lambda b: dumps(b)[:-1], "not the CIFAR-10 archive"),
        (lambda b: bytes(300_000), "data_batch_2 once, of at most 167936 bytes, found 300000"),
    ],
)
def test_damaged_cifar10_batch(tmp_path, change, said):
    with pytest.raises(DataError, match=said) as error:
        prepared(tmp_path, "cifar10", CIFAR, archive(with_batch(change)))
    assert "cifar-10-python.tar.gz" in str(error.value)
    assert not (tmp_path / "tiny.safetensors").exists()


def test_damaged_cifar10_archive(tmp_path):
    members = with_batch(lambda b: b)
    without = {name: content for name, content in members.items() if name != BATCHES[2]}
    for files, said in [
        (archive(without), "found none of the name cifar-10-batches-py/data_batch_3"),
        ({"cifar-10-python.tar.gz": tar_bytes(members)}, "not the CIFAR-10 archive"),
        ({"cifar-10-python.tar.gz": b"<html>404</html>"}, "not the CIFAR-10 archive"),
        (broken(archive(members), "cifar-10-python.tar.gz", lambda c: c[: len(c) // 2]), "not the CIFAR-10 archive"),
    ]:
        with pytest.raises(DataError, match=said):
            prepared(tmp_path, "cifar10", CIFAR, files)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            "train-00.webp",
            lambda c: webp(np.zeros((32, 1280, 3), np.uint8)),
            r"1280 x 800 RGB pixels, found \(1280, 32\)",
        ),
        ("train-00.webp", lambda c: png(np.zeros((800, 1280, 3), np.uint8)), "a lossless WebP picture"),
        ("test-00.webp", lambda c: c[:500], "not a WebP picture"),
        ("test-00.webp", lambda c: b"", "a lossless WebP picture"),
        ("test-00.webp", lambda c: c[:21] + b"\xff" * 4 + c[25:], r"1280 x 800 RGB pixels, found \(16384, 16384\)"),
        ("labels.npy", lambda c: c[:-1], "a header and 2000 unsigned bytes"),
        ("labels.npy", lambda c: c + b"1", "a header and 2000 unsigned bytes"),
        ("labels.npy", lambda c: bytes(10_000), "at most 3024 bytes, found more"),
        ("labels.npy", lambda c: npy(np.zeros(1999, np.uint8)), "a header and 2000 unsigned bytes"),
        ("labels.npy", lambda c: npy(np.zeros(2000, "S1")), "a header and 2000 unsigned bytes"),
        ("labels.npy", lambda c: npy(np.full(2000, 10, np.uint8)), "labels from 0 to 9, found 10"),
        ("labels.npy", lambda c: npy(np.array([Evil(os.mkdir, "evil")] * 9)), "a header and 2000 unsigned bytes"),
        ("labels.npy", lambda c: c.replace(b"(2000,)", b"(-200,)"), "a header and 2000 unsigned bytes"),
        ("labels.npy", lambda c: c.replace(b"False", b"-----"), "a header and 2000 unsigned bytes"),
    ],
)
def test_damaged_sheets(tmp_path, monkeypatch, name, change, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=said) as error:
        prepared(tmp_path, "sheets", SHEETS, broken(SHEET_FILES, name, change))
    assert name in str(error.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["raw"]


def test_missing_sheet_is_counted(tmp_path):
    files = {name: content for name, content in SHEET_FILES.items() if name != "test-00.webp"}
    with pytest.raises(DataError, match="sheets of 1,000 for 1000 images, found 0 sheets"):
        prepared(tmp_path, "sheets", SHEETS, files)


# ---------------------------------------------------------------- fuzz: only DataError may come out

FUZZ = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@FUZZ
@given(st.binary(max_size=60), st.integers(0, 10_000), st.sampled_from(["raw", "zipped", "head", "body", "stream"]))
def test_idx_reader_raises_nothing_else(junk, at, where):
    good = idx(IDX["train_labels"])
    content = {
        "raw": junk,
        "zipped": gzip.compress(junk),
        "head": gzip.compress(splice(good, at % 8, junk)),
        "body": gzip.compress(splice(good, at, junk)),
        "stream": splice(gzip.compress(good), at, junk),
    }[where]
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(DataError):
        assert read_idx(put(Path(folder) / "x.gz", content), (30,)).shape == (30,)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=9) | st.text(max_size=9)
    | st.builds(np.zeros, st.lists(st.integers(0, 5), max_size=3), st.sampled_from(["u1", "f8", "O", "S3", "m8[s]"])),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=8,
)  # fmt: skip
DAMAGE = st.one_of(
    st.tuples(st.just("bytes"), st.binary(max_size=99), st.integers(0, 10**6)),
    st.tuples(st.just("tar"), st.binary(max_size=99), st.integers(0, 10**6)),
    st.tuples(st.just("gzip"), st.binary(min_size=1, max_size=9), st.integers(0, 10**6)),
    st.tuples(st.just("labels"), VALUES, st.integers(0, 5)),
    st.tuples(st.just("data"), VALUES, st.integers(0, 5)),
    st.tuples(st.just("batch"), VALUES, st.integers(0, 5)),
)
GOOD_TAR = tar_bytes(with_batch(lambda b: b))
GOOD_ARCHIVE = gzip.compress(GOOD_TAR, 1)


@FUZZ
@given(DAMAGE)
def test_cifar10_reader_raises_nothing_else(damage):
    kind, junk, at = damage
    content = {
        "bytes": lambda: junk,
        "tar": lambda: gzip.compress(splice(GOOD_TAR, at % 512, junk), 0),
        "gzip": lambda: splice(GOOD_ARCHIVE, at, junk),
        "labels": lambda: archive(with_batch(lambda b: b | {"labels": junk}, at)).popitem()[1],
        "data": lambda: archive(with_batch(lambda b: b | {"data": junk}, at)).popitem()[1],
        "batch": lambda: archive(with_batch(lambda _: dumps(junk), at)).popitem()[1],
    }[kind]()
    name = "cifar-10-python.tar.gz"
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(DataError):
        put(Path(folder) / name, content)
        read = read_cifar10(Path(folder), block_of("cifar10", {name: content}, CIFAR))
        assert {key: value.shape for key, value in read.items()} == {key: value.shape for key, value in CIFAR.items()}
