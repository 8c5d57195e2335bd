import hashlib
import json
import lzma
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from official import (
    ALL,
    CIFAR,
    IDX,
    KINDS,
    archive,
    block_of,
    cifar_files,
    digest,
    facts_of,
    idx_files,
    prepared,
    put,
    python2_dumps,
    with_batch,
    write,
)
from safetensors import safe_open
from safetensors.numpy import load_file

from netspectra.data import prepare as preparing
from netspectra.data.fetch import fetch
from netspectra.data.images import load
from netspectra.data.mirrors import Mirror
from netspectra.data.prepare import prepare
from netspectra.data.tokens import load as tokens_of
from netspectra.errors import DataError
from netspectra.workflow.layout import version_of

PROJECT = Path(__file__).parents[2]


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
    for part in (
        name,
        facts_of(files[name])["sha256"],
        digest(files[name][:-1]),
        "Remedy: snakemake --forcerun fetch_tiny",
    ):
        assert part in str(error.value)
    (raw / name).unlink()
    with pytest.raises(DataError, match=f"{name}: missing"):
        prepare("tiny", block, raw, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_file_of_a_mirror_is_prepared_and_verified_by_its_own_checksum(tmp_path):
    official, other = cifar_files(CIFAR), cifar_files(CIFAR, python2_dumps)
    block, mirrors = block_of("cifar10", official, CIFAR), [Mirror((tmp_path / "mirror").as_uri())]
    name, content = of_mirror(tmp_path, block, other, mirrors)
    prepare("tiny", block, tmp_path / "raw", tmp_path / "out", mirrors)
    assert load(tmp_path / "out", {"set": "tiny", **ALL}).checksum == digest(digest(content).encode())
    with pytest.raises(DataError, match="a mirror no more\nRemedy: snakemake --forcerun fetch_tiny"):
        prepare("tiny", block, tmp_path / "raw", tmp_path / "out")
    put(tmp_path / "raw" / name, content + b"\0")
    with pytest.raises(DataError, match=f"expected sha256 {digest(content)}"):
        prepare("tiny", block, tmp_path / "raw", tmp_path / "out", mirrors)


def of_mirror(folder, block, files, mirrors):
    ((name, content),) = files.items()
    put(folder / f"mirror/tiny/{name}", content)
    put(folder / "mirror/SHA256SUMS", f"{digest(content)}  tiny/{name}\n".encode())
    fetch("tiny", block, folder / "raw", mirrors=mirrors)
    return name, content


def test_damage_that_a_mirror_vouches_for_names_the_mirror(tmp_path):
    bad = archive(with_batch(lambda batch: batch | {"labels": [10] * 5}))
    block, mirrors = block_of("cifar10", cifar_files(CIFAR), CIFAR), [Mirror(str(tmp_path / "mirror"))]
    of_mirror(tmp_path, block, bad, mirrors)
    with pytest.raises(DataError, match="wanted labels from 0 to 9") as error:
        prepare("tiny", block, tmp_path / "raw", tmp_path / "out", mirrors)
    assert error.value.remedy == (
        f"mend tiny/cifar-10-python.tar.gz at {tmp_path}/mirror, "
        "or take that mirror out of NETSPECTRA_MIRRORS or download.mirrors"
    )


def test_run_takes_the_mirrors_of_settings_and_environment(tmp_path, monkeypatch):
    block, other = block_of("cifar10", cifar_files(CIFAR), CIFAR), cifar_files(CIFAR, python2_dumps)
    name, _ = of_mirror(tmp_path, block, other, [Mirror(str(tmp_path / "mirror"))])
    places = {"files": [str(tmp_path / "raw" / name)]}, {"data": str(tmp_path / "out")}
    preparing.run(*places, {"name": "tiny", "data": block, "mirrors": [f"{tmp_path}/mirror/"]})
    with pytest.raises(DataError, match="a mirror no more"):
        preparing.run(*places, {"name": "tiny", "data": block, "mirrors": []})
    monkeypatch.setenv("NETSPECTRA_MIRRORS", f"{tmp_path}/mirror")
    preparing.run(*places, {"name": "tiny", "data": block, "mirrors": []})


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", ".hidden", "a/b", "a\0b", "x" * 101, "a.sha256", ""])
def test_name_that_leaves_the_folder_is_refused(tmp_path, name):
    block = block_of("idx", {name: b"content"}, IDX)
    with pytest.raises(DataError, match=r"data\.tiny\.files: wanted a name") as error:
        prepare("tiny", block, tmp_path / "raw", tmp_path / "out")
    assert error.value.remedy == "correct data.tiny.files in params.yaml"


def text_block(files, **changed):
    parts = {"train": {"file": "valid.txt.xz"}, "test": {"file": "test.txt"}}
    block = {"format": "text", "files": {name: facts_of(content) for name, content in files.items()}, "parts": parts}
    return block | {"vocabulary": 4, "counts": {"train": 8, "test": 4}} | changed


TEXT = {"valid.txt.xz": lzma.compress(b" \n b b a a \n c \n"), "test.txt": b"a c <unk> \n"}


def test_text_becomes_tokens_with_their_words(tmp_path):
    prepare("tiny", text_block(TEXT), write(tmp_path / "raw", TEXT), tmp_path / "out")
    with safe_open(tmp_path / "out", "numpy") as file:
        facts = {key: json.loads(value) for key, value in file.metadata().items()}
        tokens = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (it is no dictionary)
    assert facts["words"] == ["<unk>", "<eos>", "a", "b"]
    assert (facts["set"], facts["counts"]) == ("tiny", {"train": 8, "test": 4})
    assert {key: value.dtype for key, value in tokens.items()} == dict.fromkeys(
        ["train_tokens", "test_tokens"], np.int32
    )
    assert tokens["train_tokens"].tolist() == [1, 3, 3, 2, 2, 1, 0, 1]
    assert tokens["test_tokens"].tolist() == [2, 0, 0, 1]


def test_checksum_of_a_text_is_that_of_its_words_too(tmp_path):
    write(tmp_path / "raw", TEXT)
    blocks = [text_block(TEXT), text_block(TEXT), text_block(TEXT, vocabulary=3)]
    for place, block in zip("abc", blocks, strict=True):
        prepare("tiny", block, tmp_path / "raw", tmp_path / place)
    one, two, three = (safe_open(tmp_path / place, "numpy").metadata()["checksum"] for place in "abc")
    assert one == two != three
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_fetch_and_prepare_need_no_torch():
    code = (
        "import sys, netspectra.data.fetch, netspectra.data.prepare; print({'torch', 'torchvision'} & set(sys.modules))"
    )
    env = os.environ | {"PYTHONPATH": str(PROJECT / "src")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.strip() == "set()"


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


EMBEDDED_TEXT = {
    "format": "text",
    "sources": ["data/embedded/wikitext2"],
    "files": {
        "test.txt.xz": {"sha256": "07eeba52fffcd71044ced625bc3f6694b0aa4d4cd812481bda7bc48eedd3c533", "bytes": 335764},
        "valid.txt.xz": {"sha256": "69ca8b1132d18104a1f4b4569a7fda6f79f422348867f755b4308964ae859153", "bytes": 305832},
    },
    "parts": {"train": {"file": "valid.txt.xz"}, "test": {"file": "test.txt.xz"}},
    "vocabulary": 2000,
    "counts": {"train": 217646, "test": 245569},
}


def test_embedded_text_is_the_official_one():
    """SHA-1 of wiki.valid.tokens and wiki.test.tokens, as libraries that download them have it."""
    folder = PROJECT / "data/embedded/wikitext2"
    texts = {name: lzma.decompress((folder / f"{name}.txt.xz").read_bytes()) for name in ("valid", "test")}
    assert {name: hashlib.sha1(text).hexdigest() for name, text in texts.items()} == {
        "valid": "0418625c8b4da6e4b5c7a0b9e78d4ae8f7ee5422",
        "test": "c7b8ce0aa086fb34dab808c5c49224211eb2b172",
    }


def test_embedded_text_is_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(PROJECT)
    fetch("wikitext2", EMBEDDED_TEXT, tmp_path / "raw")
    prepare("wikitext2", EMBEDDED_TEXT, tmp_path / "raw", tmp_path / "out")
    tokens, text = load_file(tmp_path / "out"), lzma.decompress((tmp_path / "raw/test.txt.xz").read_bytes()).decode()
    words = json.loads(safe_open(tmp_path / "out", "numpy").metadata()["words"])
    assert words[:5] == ["<unk>", "<eos>", "the", ",", "."]
    assert np.unique(tokens["train_tokens"]).tolist() == list(range(2000))
    data = tokens_of(tmp_path / "out", {"set": "wikitext2", "train": None, "test": None}, length=35, vocabulary=500)
    assert data.test.tokens.tolist() == np.where(tokens["test_tokens"] < 500, tokens["test_tokens"], 0).tolist()
    known = [word if word in words else "<unk>" for word in text.replace("\n", " <eos> ").split()]
    assert [words[token] for token in tokens["test_tokens"][:5000]] == known[:5000]
