import contextlib
import errno
import gzip
import hashlib
import io
import json
import os
import pickle
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import load_file, save_file

from netspectra.data import download as downloading
from netspectra.data import fetch as fetching
from netspectra.data.fetch import fetch, mirrors_from_environment, stated_checksum
from netspectra.data.formats import read_cifar10, read_idx, unpickle_arrays
from netspectra.data.images import Split, load
from netspectra.data.prepare import prepare
from netspectra.errors import DataError
from netspectra.workflow.layout import version_of

PROJECT = Path(__file__).parents[1]
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


# ---------------------------------------------------------------- a loopback server that can misbehave


class Handler(BaseHTTPRequestHandler):
    """Serves `server.content` for any path but SHA256SUMS; `server.plan` says how the next requests are answered."""

    def do_GET(self):
        if self.path.endswith("SHA256SUMS"):
            return self.send_error(404)
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        how = self.server.plan.pop(0) if self.server.plan else self.server.manner
        content = self.server.content
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and how in ("ranges", "cut", "shifted") else 0
        if isinstance(how, int):
            return self.send_error(how)
        if asked and how == "416":
            return self.send_error(416)
        if how == "shifted" and asked:
            start += 7
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : start + 10_000] if how == "cut" else content[start:])
        self.server.sent.append(len(content) - start)
        return None

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("NETSPECTRA_MIRRORS", raising=False)


@pytest.fixture
def server():
    with serving(Handler) as server:
        server.content, server.manner, server.plan, server.asked, server.sent = CONTENT, "ranges", [], [], []
        yield server


bring = partial(fetch, "tiny", retries=2, timeout_s=5, pause_s=0)


# ---------------------------------------------------------------- fetch


def test_file_from_a_folder_is_kept_and_not_fetched_twice(tmp_path):
    source = put(tmp_path / "source/a.bin", CONTENT)
    block = one_file(source.parent)
    bring(block, tmp_path / "raw")
    source.unlink()
    bring(block, tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    assert sorted(p.name for p in (tmp_path / "raw").iterdir()) == ["a.bin", "a.bin.sha256"]
    assert (tmp_path / "raw/a.bin.sha256").read_text() == f"{digest(CONTENT)}  a.bin\n"


@pytest.mark.parametrize("scheme", ["path", "file", "http"])
def test_official_file_from_every_kind_of_address(tmp_path, scheme):
    put(tmp_path / "source/a.bin", CONTENT)
    with serving(partial(QuietFiles, directory=str(tmp_path / "source"))) as plain:
        source = {"path": tmp_path / "source", "file": (tmp_path / "source").as_uri(), "http": plain.url}[scheme]
        bring(one_file(f"{source}/"), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.mark.parametrize(
    ("manner", "requests"), [("ranges", 1), ("plain", 1), ("416", 2), ("shifted", 2)], ids=lambda v: str(v)
)
def test_partial_file_is_resumed_or_started_over(tmp_path, server, manner, requests):
    server.manner = manner
    put(tmp_path / "raw/a.bin.part", CONTENT[:15_000])
    bring(one_file(server.url), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    assert server.asked == ["bytes=15000-", None][:requests]
    assert server.sent[-1] == len(CONTENT) - (15_000 if manner == "ranges" else 0)


def test_cut_connection_is_resumed_where_it_broke(tmp_path, server):
    server.plan = ["cut", "cut"]
    bring(one_file(server.url), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=10000-", "bytes=20000-"]


def test_connection_cut_too_often_leaves_a_part_that_the_next_source_completes(tmp_path, server):
    server.plan = ["cut"] * 3
    bring(one_file(server.url, f"{server.url}/second"), tmp_path / "raw")
    assert server.asked == [None, "bytes=10000-", "bytes=20000-", "bytes=30000-"]
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT


def test_whole_part_of_a_killed_run_is_not_downloaded_again(tmp_path, server):
    put(tmp_path / "raw/a.bin.part", CONTENT)
    bring(one_file(server.url), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    assert server.asked == []


@pytest.mark.parametrize("size", [10_000, 40_000, 50_000])
def test_part_of_other_content_is_dropped(tmp_path, server, size):
    put(tmp_path / "raw/a.bin.part", bytes(size))
    bring(one_file(server.url), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT


def test_wrong_content_goes_on_to_the_next_source(tmp_path, server, capfd):
    put(tmp_path / "good/a.bin", CONTENT)
    server.content = bytes(len(CONTENT))
    bring(one_file(server.url, tmp_path / "good"), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    assert f"wrong checksum: expected sha256 {digest(CONTENT)}" in capfd.readouterr().err


@pytest.mark.parametrize("bad", [bytes(40_000), CONTENT + b"more"])
def test_wrong_content_everywhere_is_one_error_with_everything_in_it(tmp_path, server, bad):
    server.content = bad
    with pytest.raises(DataError) as error:
        bring(one_file(tmp_path / "absent", server.url), tmp_path / "raw")
    for part in (
        "raw/a.bin",
        digest(CONTENT),
        digest(bad),
        "absent/a.bin: ",
        f"{server.url}/a.bin: wrong",
        "NETSPECTRA_MIRRORS",
    ):
        assert part in str(error.value)
    assert list((tmp_path / "raw").iterdir()) == []


def test_what_is_too_long_is_not_read_to_its_end(tmp_path, monkeypatch, server):
    monkeypatch.setattr(downloading, "CHUNK", 1000)
    server.content = CONTENT * 3
    with pytest.raises(DataError, match=r"\(41000 bytes\)"):
        bring(one_file(server.url), tmp_path / "raw")


@pytest.mark.parametrize(
    ("status", "tries"), [(404, 1), (403, 1), (408, 3), (429, 3), (500, 3), (503, 3)], ids=lambda v: str(v)
)
def test_refusals_are_retried_only_where_it_may_help(tmp_path, server, status, tries):
    put(tmp_path / "good/a.bin", CONTENT)
    server.manner = status
    bring(one_file(server.url, tmp_path / "good"), tmp_path / "raw")
    assert len(server.asked) == tries
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT


def test_pauses_double(monkeypatch, tmp_path, server):
    pauses = []
    monkeypatch.setattr(downloading.time, "sleep", pauses.append)
    server.plan = [503, 503, 503]
    fetch("tiny", one_file(server.url), tmp_path / "raw", retries=3, pause_s=0.5, timeout_s=5)
    assert pauses == [0.5, 1.0, 2.0]


def test_silent_server_is_given_up(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(DataError, match="timed out"):
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        fetch("tiny", one_file(url), tmp_path / "raw", retries=0, timeout_s=0.1)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "ftp://127.0.0.1/x", "file:///nonexistent", "http://["])
def test_dead_or_impossible_addresses_are_named(tmp_path, address):
    with pytest.raises(DataError) as error:
        bring(one_file(address), tmp_path / "raw")
    assert f"{address}/a.bin: " in str(error.value)


def test_server_that_does_not_speak_http(tmp_path):
    class Rude(BaseHTTPRequestHandler):
        def handle(self):
            self.wfile.write(b"SSH-2.0 go away\r\n\r\n")

    with serving(Rude) as rude, pytest.raises(DataError, match=r"SSH-2\.0"):
        bring(one_file(rude.url), tmp_path / "raw")


def test_truncated_embedded_file(tmp_path):
    put(tmp_path / "embedded/a.bin", CONTENT[:-1])
    with pytest.raises(DataError, match="cut off after 39999 of 40000 bytes"):
        bring(one_file(tmp_path / "embedded"), tmp_path / "raw")
    assert not (tmp_path / "raw/a.bin").exists()


def test_full_disk_is_said_at_once(tmp_path, monkeypatch):
    asked = []

    def full(address, *_):
        asked.append(address)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching, "download", full)
    with pytest.raises(DataError, match=r"a\.bin: the disk is full .* free some space"):
        bring(one_file("one", "two"), tmp_path / "raw")
    assert len(asked) == 1


def test_damaged_or_outdated_file_is_fetched_again(tmp_path):
    put(tmp_path / "source/a.bin", CONTENT)
    bring(one_file(tmp_path / "source"), tmp_path / "raw")
    put(tmp_path / "raw/a.bin", CONTENT[:-5])
    bring(one_file(tmp_path / "source"), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    put(tmp_path / "source/a.bin", b"second edition")
    bring(one_file(tmp_path / "source", content=b"second edition"), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == b"second edition"


def test_progress_takes_at_most_ten_lines(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(downloading, "CHUNK", 100)
    put(tmp_path / "source/a.bin", CONTENT)
    bring(one_file(tmp_path / "source"), tmp_path / "raw")
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1].endswith("0.04 of 0.04 MB")


# ---------------------------------------------------------------- mirrors


def mirror(folder, content, *, listed=True, stated=None):
    put(folder / "tiny/a.bin", content)
    if listed:
        put(folder / "SHA256SUMS", f"{stated or digest(content)}  tiny/a.bin\n{'0' * 64}  tiny/b.bin\n".encode())
    return folder


@pytest.mark.parametrize("scheme", ["path", "file", "http"])
def test_mirror_may_state_its_own_checksum(tmp_path, scheme, capfd):
    own = mirror(tmp_path / "mirror", b"other edition")
    block = one_file(tmp_path / "nowhere")
    with serving(partial(QuietFiles, directory=str(own))) as plain:
        address = {"path": str(own), "file": own.as_uri(), "http": plain.url}[scheme]
        bring(block, tmp_path / "raw", mirrors=[address])
    assert (tmp_path / "raw/a.bin").read_bytes() == b"other edition"
    assert "mirror's own checksum" in capfd.readouterr().err
    assert stated_checksum(tmp_path / "raw/a.bin", block["files"]["a.bin"]) == digest(b"other edition")
    bring(block, tmp_path / "raw")  # kept, though the mirror is no longer named


def test_mirrors_come_first_and_in_order(tmp_path, server):
    one, two = mirror(tmp_path / "one", b"1"), mirror(tmp_path / "two", b"2")
    (one / "tiny/a.bin").unlink()
    bring(one_file(server.url), tmp_path / "raw", mirrors=[str(one), two.as_uri()])
    assert (tmp_path / "raw/a.bin").read_bytes() == b"2"
    assert server.asked == []


def test_mirror_without_a_list_is_held_to_the_official_checksum(tmp_path):
    put(tmp_path / "good/a.bin", CONTENT)
    bare = mirror(tmp_path / "bare", b"other edition", listed=False)
    bring(one_file(tmp_path / "good"), tmp_path / "raw", mirrors=[str(bare)])
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT


def test_mirror_is_held_to_what_it_states(tmp_path):
    liar = mirror(tmp_path / "liar", b"other edition", stated="1" * 64)
    with pytest.raises(DataError, match="wrong checksum: expected sha256 1111"):
        bring(one_file(tmp_path / "nowhere"), tmp_path / "raw", mirrors=[str(liar)])


def test_source_may_not_state_its_own_checksum(tmp_path):
    source = mirror(tmp_path / "source", b"other edition")
    put(source / "a.bin", b"other edition")
    put(source / "SHA256SUMS", f"{digest(b'other edition')}  a.bin\n{digest(b'other edition')}  tiny/a.bin\n".encode())
    with pytest.raises(DataError):
        bring(one_file(source), tmp_path / "raw")


def test_official_file_replaces_that_of_a_mirror_and_its_record(tmp_path):
    put(tmp_path / "good/a.bin", CONTENT)
    block = one_file(tmp_path / "good")
    bring(block, tmp_path / "raw", mirrors=[str(mirror(tmp_path / "mirror", b"other edition"))])
    (tmp_path / "raw/a.bin").unlink()
    bring(block, tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    assert stated_checksum(tmp_path / "raw/a.bin", block["files"]["a.bin"]) == digest(CONTENT)


def test_mirrors_from_environment(monkeypatch):
    assert mirrors_from_environment() == []
    monkeypatch.setenv("NETSPECTRA_MIRRORS", "file:///a, http://b:80/x ,,")
    assert mirrors_from_environment() == ["file:///a", "http://b:80/x"]


def test_run_reads_settings_and_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("NETSPECTRA_MIRRORS", str(mirror(tmp_path / "mirror", b"other edition")))
    how = {"mirrors": ["/nowhere"], "retries": 0, "timeout_s": 1}
    given = {"name": "tiny", "data": one_file("/nowhere"), "download": how}
    fetching.run({}, {"files": [str(tmp_path / "raw/a.bin")]}, given)
    assert (tmp_path / "raw/a.bin").read_bytes() == b"other edition"


def test_fetch_and_prepare_need_no_torch():
    code = (
        "import sys, netspectra.data.fetch, netspectra.data.prepare; print({'torch', 'torchvision'} & set(sys.modules))"
    )
    env = os.environ | {"PYTHONPATH": str(PROJECT / "src")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.strip() == "set()"


# ---------------------------------------------------------------- tiny sets in the official formats


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


def cifar_files(data, dump=pickle.dumps):
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


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A prepared grey set and a prepared colour set."""
    folder = tmp_path_factory.mktemp("ready")
    return {
        "idx": prepared(folder / "idx"),
        "cifar10": prepared(folder / "cifar10", "cifar10", CIFAR),
    }


# ---------------------------------------------------------------- prepare


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_comes_back_exactly(tmp_path, kind):
    _, data, files = KINDS[kind]
    path = prepared(tmp_path, kind, data, files)
    written = load_file(path)
    assert written.keys() == data.keys()
    for key, wanted in data.items():
        assert written[key].dtype == np.uint8
        np.testing.assert_array_equal(written[key], wanted)
    content = path.read_bytes()
    assert prepared(tmp_path, kind, data, files).read_bytes() == content


def test_checksum_is_that_of_the_files_that_were_used(tmp_path):
    _, data, files = KINDS["idx"]
    one = load(prepared(tmp_path / "one"), {"set": "tiny", **ALL})
    parts = "".join(digest(content) for _, content in sorted(files.items()))
    assert one.checksum == digest(parts.encode())
    changed = data | {"test_labels": (data["test_labels"] + 1) % 10}
    two = load(prepared(tmp_path / "two", "idx", changed, idx_files(changed)), {"set": "tiny", **ALL})
    assert two.checksum != one.checksum


@pytest.mark.parametrize("kind", ["idx", "cifar10", "sheets"])
def test_raw_files_are_verified_again(tmp_path, kind):
    form, data, files = KINDS[kind]
    block, raw = block_of(form, files, data), write(tmp_path / "raw", files)
    name = sorted(files)[0]
    put(raw / name, files[name][:-1])
    with pytest.raises(DataError) as error:
        prepare("tiny", block, raw, tmp_path / "out")
    for part in (name, facts_of(files[name])["sha256"], digest(files[name][:-1]), "delete it"):
        assert part in str(error.value)
    (raw / name).unlink()
    with pytest.raises(DataError, match=f"{name}: missing"):
        prepare("tiny", block, raw, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_file_of_a_mirror_is_prepared_and_verified_by_its_own_checksum(tmp_path):
    official, other = cifar_files(CIFAR), cifar_files(CIFAR, python2_dumps)
    (name, content), block = next(iter(other.items())), block_of("cifar10", official, CIFAR)
    put(tmp_path / f"mirror/tiny/{name}", content)
    put(tmp_path / "mirror/SHA256SUMS", f"{digest(content)}  tiny/{name}\n".encode())
    bring(block, tmp_path / "raw", mirrors=[(tmp_path / "mirror").as_uri()])
    prepare("tiny", block, tmp_path / "raw", tmp_path / "out")
    assert load(tmp_path / "out", {"set": "tiny", **ALL}).checksum == digest(digest(content).encode())
    put(tmp_path / "raw" / name, content + b"\0")
    with pytest.raises(DataError, match=f"expected sha256 {digest(content)}"):
        prepare("tiny", block, tmp_path / "raw", tmp_path / "out")


def broken(files, name, content):
    return {key: content(value) if key == name else value for key, value in files.items()}


def regzip(change):
    return lambda content: gzip.compress(change(gzip.decompress(content)))


IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


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
        (IMAGES, regzip(lambda c: c[:8] + b"\xff" * 8), "at most 1073741824 values"),
        (IMAGES, regzip(lambda c: idx(np.zeros((30, 4, 4), np.uint8))), r"test images of shape \(12, 1, 4, 4\)"),
        (LABELS, regzip(lambda c: idx(np.full(30, 10, np.uint8))), "wanted labels from 0 to 9, found 10 to 10"),
    ],
)
def test_damaged_idx(tmp_path, name, change, said):
    with pytest.raises(DataError, match=said) as error:
        prepared(tmp_path, files=broken(KINDS["idx"][2], name, change))
    assert name in str(error.value) or str(tmp_path / "raw") in str(error.value)
    assert "run again" in str(error.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["raw"]


class Evil:
    def __init__(self, call, *arguments):
        self.reduced = call, arguments

    def __reduce__(self):
        return self.reduced


def with_batch(change, index=1):
    batches = batches_of(CIFAR)
    batches[index] = change(batches[index])
    return {n: b if isinstance(b, bytes) else pickle.dumps(b) for n, b in zip(BATCHES, batches, strict=True)}


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    "call", [os.system, os.mkdir, eval, exec, open, np.load, np.save, getattr, __import__, pickle.loads, Split]
)
def test_pickle_that_asks_for_more_than_arrays_runs_nothing(tmp_path, monkeypatch, call, protocol):
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps({"labels": [1], "data": Evil(call, "mkdir evil" if call is os.system else "evil")}, protocol)
    with pytest.raises(pickle.UnpicklingError, match="is not part of an array"):
        unpickle_arrays(content)
    with pytest.raises(DataError, match=r"cifar-10-python\.tar\.gz: .* is not part of an array"):
        prepared(tmp_path, "cifar10", CIFAR, archive(with_batch(lambda _: content)))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["raw"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda b: b | {"labels": [10] * 5}, "labels from 0 to 9, found 10 to 10"),
        (lambda b: b | {"labels": [-1] * 5}, "labels from 0 to 9, found -1"),
        (lambda b: b | {"labels": [0.5] * 5}, "whole numbers"),
        (lambda b: b | {"labels": ["cat"] * 5}, "whole numbers"),
        (lambda b: b | {"labels": None}, "not the CIFAR-10 archive"),
        (lambda b: b | {"labels": [1] * 4}, r"bytes of shape \(4, 3072\)"),
        (lambda b: b | {"data": b["data"].astype(float)}, r"bytes of shape \(5, 3072\)"),
        (lambda b: b | {"data": b["data"][:, :3000]}, r"bytes of shape \(5, 3072\)"),
        (lambda b: b | {"data": b["data"].tolist()}, r"bytes of shape \(5, 3072\)"),
        (lambda b: {"labels": [1] * 4, "data": b["data"][:4]}, "wanted 25 whole numbers .* shape .24,"),
        (lambda b: {"data": b["data"]}, "KeyError: 'labels'"),
        (lambda b: [1, 2], "wanted a dictionary, found list"),
        (lambda b: b"\x80\x04", "not the CIFAR-10 archive"),
        (lambda b: bytes(300_000), "data_batch_2 of at most 167936 bytes, found 300000"),
    ],
)
def test_damaged_cifar10_batch(tmp_path, change, said):
    with pytest.raises(DataError, match=said) as error:
        prepared(tmp_path, "cifar10", CIFAR, archive(with_batch(change)))
    assert "cifar-10-python.tar.gz" in str(error.value)
    assert not (tmp_path / "tiny.safetensors").exists()


def test_damaged_cifar10_archive(tmp_path):
    members = with_batch(lambda b: b)
    link = tarfile.TarInfo(BATCHES[5])
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    without = {name: content for name, content in members.items() if name != BATCHES[2]}
    for files, said in [
        (archive(without), "found none of the name cifar-10-batches-py/data_batch_3"),
        (archive(members | {BATCHES[5]: link}), "found none of the name cifar-10-batches-py/test_batch"),
        ({"cifar-10-python.tar.gz": tar_bytes(members)}, "not the CIFAR-10 archive"),
        ({"cifar-10-python.tar.gz": b"<html>404</html>"}, "not the CIFAR-10 archive"),
        (broken(archive(members), "cifar-10-python.tar.gz", lambda c: c[: len(c) // 2]), "not the CIFAR-10 archive"),
    ]:
        with pytest.raises(DataError, match=said):
            prepared(tmp_path, "cifar10", CIFAR, files)


def test_other_members_of_the_archive_are_never_written(tmp_path):
    stray = {"../outside": b"x", str(tmp_path / "absolute"): b"x", "cifar-10-batches-py/readme.html": b"x"}
    prepared(tmp_path / "in", "cifar10", CIFAR, archive(stray | with_batch(lambda b: b)))
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["cifar-10-python.tar.gz", "in", "raw", "tiny.safetensors"]


def png(sheet):
    raw = io.BytesIO()
    Image.fromarray(sheet).save(raw, "PNG")
    return raw.getvalue()


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            "train-00.webp",
            lambda c: webp(np.zeros((32, 1280, 3), np.uint8)),
            r"1280 x 800 RGB pixels, found \(1280, 32\)",
        ),
        ("train-00.webp", lambda c: png(np.zeros((800, 1280, 3), np.uint8)), "not a WebP picture"),
        ("test-00.webp", lambda c: c[:500], "not a WebP picture"),
        ("test-00.webp", lambda c: b"", "not a WebP picture"),
        ("labels.npy", lambda c: c[:-1], "not an array of labels"),
        ("labels.npy", lambda c: npy(np.zeros(1999, np.uint8)), "2000 whole numbers"),
        ("labels.npy", lambda c: npy(np.zeros(2000)), "2000 whole numbers as labels, found float64"),
        ("labels.npy", lambda c: npy(np.full(2000, 266)), "labels from 0 to 9, found 266"),
        ("labels.npy", lambda c: npy(np.array([Evil(os.mkdir, "evil")] * 2000)), "not an array of labels"),
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

FUZZ = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def splice(content, at, junk):
    at = at % (len(content) + 1)
    return content[:at] + junk + content[at + len(junk) :]


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
        "batch": lambda: archive(with_batch(lambda _: pickle.dumps(junk), at)).popitem()[1],
    }[kind]()
    name = "cifar-10-python.tar.gz"
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(DataError):
        put(Path(folder) / name, content)
        read = read_cifar10(Path(folder), block_of("cifar10", {name: content}, CIFAR))
        assert {key: value.shape for key, value in read.items()} == {key: value.shape for key, value in CIFAR.items()}


# ---------------------------------------------------------------- load


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("kind", ["idx", "cifar10"])
def test_one_affine_map_is_all_three_steps(ready, kind, grey):
    block, data = block_of(kind, {}, KINDS[kind][1]), KINDS[kind][1]
    mean, std = (torch.tensor(block[key], dtype=torch.float64)[:, None, None] for key in ("mean", "std"))
    x = (torch.from_numpy(data["train_images"]).double() / 255 - mean) / std
    if grey and kind == "cifar10":
        x = 0.2989 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]
    found, labels = load(ready[kind], {"set": "tiny", **ALL, "grey": grey}).train.batch(slice(None))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), x, rtol=0, atol=1e-6)
    assert labels.dtype == torch.int64
    assert labels.tolist() == data["train_labels"].tolist()


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("shape", [(), (7,), (2, 3), (2, 1, 4)])
def test_index_of_any_shape(ready, shape, grey):
    split = load(ready["cifar10"], {"set": "tiny", **ALL, "grey": grey}).train
    index = torch.randint(0, len(split), shape)
    before = split.images.clone()
    x, y = split.batch(index)
    everything, labels = split.batch(slice(None))
    assert x.shape == (*shape, 1 if grey else 3, 32, 32)
    assert torch.equal(x, everything[index])
    assert torch.equal(y, labels[index])
    assert torch.equal(split.images, before)


@pytest.mark.parametrize("size", [1, 7, 12, 100])
def test_batches_are_everything_in_order(ready, size):
    split = load(ready["idx"], {"set": "tiny", **ALL}).test
    x, y = (torch.cat(parts) for parts in zip(*split.batches(size), strict=True))
    assert [len(y) for _, y in split.batches(size)] == [min(size, 12 - i) for i in range(0, 12, size)]
    assert torch.equal(x, split.batch(slice(None))[0])
    assert torch.equal(y, split.labels)


def test_first_so_many(ready):
    data = load(ready["idx"], {"set": "tiny", "train": 9, "test": 1, "grey": False})
    assert (len(data.train), len(data.test), data.classes) == (9, 1, tuple("abcdefghij"))
    np.testing.assert_array_equal(data.train.images, IDX["train_images"][:9])
    np.testing.assert_array_equal(data.train.labels, IDX["train_labels"][:9])


@pytest.mark.parametrize("seed", [0, 1])
def test_permuted_labels(ready, seed):
    asked = {"set": "tiny", **ALL, "permute_labels": True, "seed": seed}
    true = load(ready["idx"], {"set": "tiny", **ALL})
    one, same, other = (load(ready["idx"], asked | {"seed": s}) for s in (seed, seed, seed + 1))
    assert torch.equal(one.train.labels, same.train.labels)
    assert not torch.equal(one.train.labels, other.train.labels)
    assert not torch.equal(one.train.labels, true.train.labels)
    assert torch.equal(one.train.labels.bincount(), true.train.labels.bincount())
    assert torch.equal(one.train.images, true.train.images)
    assert torch.equal(one.test.labels, true.test.labels)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"set": "cifar99"}, "data.set asks for 'cifar99', the file holds 'tiny'"),
        ({"train": 31}, "data.train asks for 31 images, wanted 1 to 30, or null"),
        ({"test": 13}, "data.test asks for 13 images, wanted 1 to 12"),
        ({"train": 0}, "data.train asks for 0 images"),
        ({"test": -1}, "data.test asks for -1 images"),
        ({"permute_labels": True}, "data.seed"),
    ],
)
def test_impossible_settings(ready, asked, said):
    with pytest.raises(DataError, match=said):
        load(ready["idx"], {"set": "tiny", **ALL} | asked)


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"tiny\.safetensors: no such prepared data; .*snakemake"):
        load(tmp_path / "tiny.safetensors", {"set": "tiny", **ALL})


@pytest.mark.parametrize(
    "damage",
    [
        lambda c: c[:-1],
        lambda c: c[:100],
        lambda c: b"",
        lambda c: b"\xff" * 100,
        lambda c: c + b"1",
        lambda c: c.replace(b"test_labels", b"test_tables"),
        lambda c: c.replace(b'"std"', b'"sid"'),
        lambda c: c.replace(b'"__metadata__"', b'"__matedata__"'),
        lambda c: c.replace(b'"mean":"[', b'"mean":"{'),
    ],
)
def test_damaged_prepared_file(ready, tmp_path, damage):
    content = ready["idx"].read_bytes()
    assert damage(content) != content
    path = put(tmp_path / "tiny.safetensors", damage(content))
    with pytest.raises(DataError, match=r"tiny\.safetensors: damaged .*prepare it again"):
        load(path, {"set": "tiny", **ALL})


@pytest.mark.parametrize(
    "changed",
    [
        {"train_labels": np.zeros(29, np.uint8)},
        {"train_labels": np.full(30, 10, np.uint8)},
        {"train_labels": np.zeros((30, 1), np.uint8)},
        {"train_images": np.zeros((30, 3, 5, 4), np.uint8)},
        {"train_images": np.zeros((30, 20), np.uint8)},
        {"train_images": np.zeros((30, 1, 5, 4), np.float32)},
    ],
)
def test_prepared_file_of_other_tensors(tmp_path, changed):
    block = block_of("idx", {}, IDX)
    facts = {key: block[key] for key in ("mean", "std", "classes")} | {"set": "tiny", "checksum": ""}
    save_file(IDX | changed, tmp_path / "x", {key: json.dumps(value) for key, value in facts.items()})
    with pytest.raises(DataError, match="x: damaged"):
        load(tmp_path / "x", {"set": "tiny", **ALL})


# ---------------------------------------------------------------- what is embedded


@pytest.mark.parametrize(
    ("name", "version", "shape"), [("mnist", "full", (1, 28, 28)), ("cifar10", "sample", (3, 32, 32))]
)
def test_embedded_sets_are_whole(tmp_path, monkeypatch, name, version, shape):
    monkeypatch.chdir(PROJECT)
    block = yaml.safe_load((PROJECT / "params.yaml").read_text())["data"][name]
    block = version_of(name, block | {"version": version})
    fetch(name, block | {"sources": block["sources"][:1]}, tmp_path / name)
    prepare(name, block, tmp_path / name, tmp_path / "out")
    data = load(tmp_path / "out", {"set": name, **ALL, "test": 1000})
    assert data.train.images.shape == (block["counts"]["train"], *shape)
    assert data.train.labels.unique().tolist() == list(range(10))
    assert (len(data.test), len(data.classes)) == (1000, 10)
    if name == "mnist":
        assert abs(float(data.train.batch(slice(None))[0].mean())) < 1e-3  # what its mean is for
        assert data.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
