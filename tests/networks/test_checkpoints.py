"""Network files: what comes back, and what is refused."""

import json

import pytest
import torch

from netspectra.networks import checkpoints
from netspectra.networks.ensembles import Ensemble

WIDTHS = [16, 12, 8, 3]


@pytest.fixture
def block():
    return {
        "architecture": {"type": "fully_connected", "widths": WIDTHS, "bias": True},
        "epochs": 6,
        "snapshots": [0, 0.5],
        "replicates": 3,
        "seed": 5,
        "variants": {"a": {}},
    }


def saved(block, tmp_path):
    tensors = {}
    for variant in block["variants"]:
        settings = checkpoints.variant_settings(block, variant)
        stack = Ensemble.initial(settings["architecture"], range(settings["replicates"]))
        for fraction in settings["snapshots"]:
            copies = {name: p.clone() for name, p in stack.parameters.items()}
            tensors |= checkpoints.prefixed(f"snapshot/{fraction:g}/{variant}/", copies)
        tensors |= checkpoints.prefixed(f"final/{variant}/", stack.parameters)
        tensors[f"history/{variant}/loss"] = torch.arange(6.0).view(2, 3)
    path = tmp_path / "toy.safetensors"
    checkpoints.save(path, block, tensors, seeds=[1, 2, 3])
    return path


def test_a_network_file_comes_back(block, tmp_path):
    networks = checkpoints.load(saved(block, tmp_path), block)
    wanted = Ensemble.initial(block["architecture"], range(3))
    assert len(networks.stack("a")) == 3
    for name, t in networks.stack("a", 0.5).parameters.items():
        assert torch.equal(t, wanted.parameters[name])
    assert networks.history("a")["loss"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_equal_networks_make_equal_files_and_variants_keep_their_order(block, tmp_path):
    first = saved(block, tmp_path).read_bytes()
    assert saved(block, tmp_path).read_bytes() == first
    block["variants"] = {"none": {}, "a": {}}
    assert checkpoints.load(saved(block, tmp_path), block).variants == ["none", "a"]


def test_variants_may_differ_in_replicates_widths_and_snapshots(block, tmp_path):
    block["variants"] = {
        "a": {},
        "wide": {"architecture": {"widths": [16, 24, 3], "bias": False}, "replicates": 2, "snapshots": [0.25]},
    }
    networks = checkpoints.load(saved(block, tmp_path), block)
    assert (len(networks.stack("a")), len(networks.stack("wide"))) == (3, 2)
    assert networks.stack("wide", 0.25).weight("fc1").shape == (2, 24, 16)
    assert set(networks.stack("wide").parameters) == {"fc1.weight", "fc2.weight"}
    with pytest.raises(checkpoints.CheckpointError, match=r"snapshots kept: 0\.25"):
        networks.stack("wide", 0.5)


def test_a_variant_that_is_not_there_is_named(block, tmp_path):
    networks = checkpoints.load(saved(block, tmp_path), block)
    with pytest.raises(checkpoints.CheckpointError, match="no variant 'b'; there are: a"):
        networks.stack("b")


def test_a_network_file_from_other_settings_is_refused(block, tmp_path):
    path = saved(block, tmp_path)
    other = json.loads(json.dumps(block)) | {"epochs": 7}
    with pytest.raises(checkpoints.CheckpointError, match=r"epochs: file has 6, params\.yaml has 7"):
        checkpoints.load(path, other)


@pytest.mark.parametrize("damage", ["missing", "truncated", "garbage", "one bit", "no facts"])
def test_a_damaged_network_file_is_refused(block, tmp_path, damage):
    path = saved(block, tmp_path)
    content = path.read_bytes()
    path.unlink()
    flipped = content[:-1] + bytes([content[-1] ^ 1])
    damaged = {"truncated": content[: len(content) // 2], "garbage": b"x" * 100, "one bit": flipped}
    damaged["no facts"] = b"\x02\0\0\0\0\0\0\0{}"
    if damage != "missing":
        path.write_bytes(damaged[damage])
    with pytest.raises(checkpoints.CheckpointError, match="train it again"):
        checkpoints.load(path, block)
