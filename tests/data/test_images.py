import json

import numpy as np
import pytest
import torch
from official import ALL, IDX, KINDS, block_of, put
from safetensors.numpy import save_file

from netspectra.data.images import load
from netspectra.errors import DataError


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
    with pytest.raises(
        DataError, match=r"tiny\.safetensors: no such prepared data\nRemedy: snakemake --forcerun prepare_tiny$"
    ):
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
    with pytest.raises(DataError, match=r"tiny\.safetensors: damaged .*\nRemedy: snakemake --forcerun prepare_tiny$"):
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
