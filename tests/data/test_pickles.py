"""What a pickle may ask for, and what it may cost."""

import os
import pickle
import struct
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from official import (
    BATCHES,
    CIFAR,
    IDX,
    Evil,
    archive,
    batches_of,
    dumps,
    prepared,
    put,
    python2_dumps,
    splice,
    with_batch,
    within_bounds,
)

from netspectra.data import pickles
from netspectra.data.images import Split
from netspectra.data.pickles import read_pickle
from netspectra.errors import DataError

BATCH = batches_of(CIFAR)[0]
REFUSED = "is not part of an array of unsigned bytes, and is not run"


@pytest.mark.parametrize("dump", [dumps, python2_dumps, lambda b: pickle.dumps(b, 2), lambda b: pickle.dumps(b, 3)])
def test_batch_of_every_python_comes_back(dump):
    found = read_pickle(dump(BATCH))
    assert found.keys() == {"labels", "data"}
    assert found["labels"] == BATCH["labels"]
    assert found["data"].dtype == np.uint8
    np.testing.assert_array_equal(found["data"], BATCH["data"])


def test_what_stands_beside_the_images_comes_back():
    beside = {"batch_label": "training batch 1 of 5", "filenames": ["a.png", "b.png"], "none": None, "big": 1 << 70}
    assert read_pickle(dumps(beside)) == beside


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    "call", [os.system, os.mkdir, eval, exec, open, np.load, np.save, getattr, __import__, pickle.loads, Split]
)
def test_pickle_that_asks_for_more_than_arrays_runs_nothing(tmp_path, monkeypatch, call, protocol):
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps({"labels": [1], "data": Evil(call, "mkdir evil" if call is os.system else "evil")}, protocol)
    with pytest.raises(pickle.UnpicklingError, match=REFUSED):
        read_pickle(content)
    with pytest.raises(DataError, match=rf"cifar-10-python\.tar\.gz: .* {REFUSED}"):
        prepared(tmp_path, "cifar10", CIFAR, archive(with_batch(lambda _: content)))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["raw"]


@pytest.mark.parametrize("code", ["i1", "u2", "f8", "O", "S1", "V8", "m8[s]", "?", [("a", "u1")]])
def test_array_of_another_type_is_refused(code):
    with pytest.raises(pickle.UnpicklingError, match=f"another type {REFUSED}|another layout {REFUSED}"):
        read_pickle(dumps({"data": np.zeros(3, code)}))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 0), np.uint8),
        np.asfortranarray(np.zeros((2, 3), np.uint8)),
        np.zeros((1,) * 9, np.uint8),
        np.ma.masked_array([1], dtype=np.uint8),
        np.uint8(1),
        np.array(1, np.uint8),
    ],
)
def test_array_of_another_layout_is_refused(array):
    with pytest.raises(pickle.UnpicklingError, match=REFUSED):
        read_pickle(dumps({"data": array}))


# ---------------------------------------------------------------- by hand: what no honest writer would write


def word(text):
    return b"\x8c" + bytes([len(text)]) + text


def name(module, attribute):
    return b"c" + module + b"\n" + attribute + b"\n"


def dtype(code, state=b""):
    return name(b"numpy", b"dtype") + word(code) + b"\x89\x88\x87R" + state


def array(kind, content=b"A" * 40, size=b"\x05"):
    made = name(b"numpy.core.multiarray", b"_reconstruct") + name(b"numpy", b"ndarray") + b"K\x00\x85C\x01b\x87R"
    return made + b"(K\x01K" + size + b"\x85" + kind + b"\x89C" + bytes([len(content)]) + content + b"tb"


def with_data(value):
    return b"\x80\x04}" + word(b"data") + value + b"s."


def object_field():
    """A type of eight bytes that holds an object, and says that it holds none."""
    fields = b"}" + word(b"a") + dtype(b"O8") + b"K\x00\x86s"
    return dtype(b"V8", b"(K\x03" + word(b"|") + b"N" + word(b"a") + b"\x85" + fields + b"K\x08K\x01K\x00tb")


def nested_key(depth):
    """A tuple of two of a tuple of two ...: its hash takes two to the power of its depth steps."""
    return b"\x80\x04})" + b"q\x00h\x00\x86" * depth + b"K\x01s."


def copies(times):
    """One long text, encoded again and again."""
    text = b"X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20)
    put_by = word(b"text") + text + b"q\x00s" + word(b"how") + word(b"latin1") + b"q\x01s"
    again = name(b"_codecs", b"encode") + b"h\x00h\x01\x86Ra"
    return b"\x80\x04}" + put_by + word(b"data") + b"]" + again * times + b"s."


UNSIGNED = dtype(b"u1", b"(K\x03" + word(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb")
HOSTILE = {
    "object field": b"\x80\x04}" + word(b"labels") + b"]" + array(object_field()) + b"as.",
    "object field in a type of bytes": with_data(
        array(dtype(b"u1", b"(K\x03" + word(b"|") + b"N" + word(b"a") + b"\x85}" + word(b"a") + b"NsK\x08K\x01K\x00tb"))
    ),
    "byte order": with_data(
        array(dtype(b"u1", b"(K\x03" + word(b">") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"))
    ),
    "more values than bytes": with_data(array(UNSIGNED, b"A" * 4)),
    "more bytes than values": with_data(array(UNSIGNED, b"A" * 6)),
    "array without a state": with_data(array(UNSIGNED)[: array(UNSIGNED).index(b"(K\x01K")]),
    "key nested 30 deep": nested_key(30),
    "key nested 100,000 deep": nested_key(100_000),
    "list in a list": with_data(b"](]e"),
    "list in itself": with_data(b"]q\x00h\x00a"),
    "dictionary in itself": b"\x80\x04}q\x00" + word(b"data") + b"h\x00s.",
    "memo at four thousand million": b"\x80\x04}r\xff\xff\xff\xffj\xff\xff\xff\xfe.",
    "text encoded a thousand times": copies(1000),
    "a million opcodes": b"\x80\x04}" + b"K\x01" * 1_000_000 + b".",
    "a long tuple": with_data(b"(" + b"K\x01" * 100_000 + b"t"),
    "a frame of all memory": b"\x80\x04\x95" + b"\xff" * 8 + b"}" + word(b"data") + b"\x8b\xff\xff\xff\x7f.",
    "a call of a call": with_data(dtype(b"u1") + b")R"),
    "a state of a list": with_data(b"]K\x01b"),
    "a number of two thousand million bits": with_data(b"\x8b\x00\x00\x00\x10"),
}


SAID = {
    "object field": "another type",
    "object field in a type of bytes": "a long or nested tuple",
    "byte order": "a type with fields or an order",
    "more values than bytes": "an array of another layout",
    "more bytes than values": "an array of another layout",
    "array without a state": "an array without content",
    "key nested 30 deep": "a long or nested tuple",
    "key nested 100,000 deep": "a long or nested tuple",
    "list in a list": "a list of anything but plain values",
    "list in itself": "a list of anything but plain values",
    "dictionary in itself": "a dictionary of anything but arrays and lists",
    "memo at four thousand million": "4278190079",  # nothing was put aside there
    "text encoded a thousand times": "another encoding",
    "a million opcodes": "what takes over 200000 opcodes",
    "a long tuple": "a long or nested tuple",
    "a frame of all memory": "not enough data",
    "a call of a call": "a call",
    "a state of a list": "a state",
    "a number of two thousand million bits": "not enough data",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_pickle_is_refused_at_once(kind):
    started = time.perf_counter()
    with pytest.raises((pickle.UnpicklingError, KeyError, ValueError), match=f"^{SAID[kind]}") as error:
        read_pickle(HOSTILE[kind])
    assert time.perf_counter() - started < 5
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("kind", ["object field", "key nested 30 deep", "memo at four thousand million"])
def test_process_that_reads_a_hostile_batch_lives(tmp_path, kind):
    path = put(
        tmp_path / "cifar-10-python.tar.gz",
        archive({BATCHES[0]: HOSTILE[kind]} | dict.fromkeys(BATCHES[1:], b".")).popitem()[1],
    )
    block = {"classes": list("abcdefghij"), "counts": {"train": 25, "test": 5}}
    said = within_bounds(f"formats.read_cifar10(path.parent, {block})", path)
    assert "not the CIFAR-10 archive" in said


def test_opcodes_of_a_full_batch_are_within_the_bound():
    batch = {"labels": [1] * 10_000, "filenames": [f"{i}.png" for i in range(10_000)], "data": BATCH["data"]}
    assert len(read_pickle(pickle.dumps(batch, 2))["filenames"]) == 10_000
    assert 3 * sum(1 for _ in pickles.pickletools.genops(pickle.dumps(batch, 2))) < pickles.OPCODES


FUZZ = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
PIECES = st.lists(
    st.one_of(
        st.binary(max_size=4),
        st.sampled_from(
            [dtype(b"u1"), UNSIGNED, object_field(), array(UNSIGNED), word(b"data"), b"(", b"]", b"}", b")"]
        ),
        st.sampled_from(
            [b"a", b"e", b"s", b"u", b"t", b"\x85", b"\x86", b"R", b"b", b"q\x00", b"h\x00", b"N", b"K\x01"]
        ),
    ),
    max_size=30,
)


@FUZZ
@given(PIECES, st.sampled_from([b"\x80\x02", b"\x80\x04", b""]))
def test_any_opcodes_give_plain_values_or_an_error(pieces, start):
    try:
        found = read_pickle(start + b"".join(pieces) + b".")
    except Exception:
        return
    for value in found.values():
        assert isinstance(value, int | str | bytes | list | None | np.ndarray)
        assert not isinstance(value, np.ndarray) or value.dtype == np.uint8


@FUZZ
@given(st.binary(min_size=1, max_size=6), st.integers(0, 10**6))
def test_damaged_batch_gives_bytes_or_an_error(junk, at):
    good = dumps({"labels": [1, 2], "data": IDX["train_images"][:2]})
    try:
        found = read_pickle(splice(good, at, junk)).get("data")
    except Exception:
        return
    assert not isinstance(found, np.ndarray) or found.dtype == np.uint8
