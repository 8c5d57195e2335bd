"""The training loop: optimisers, independence of replicates, resuming, and network files."""

import json

import pytest
import torch

from netspectra.data.images import Dataset, Split
from netspectra.networks import checkpoints
from netspectra.networks.ensembles import Ensemble
from netspectra.training import job as training
from netspectra.training.groups import Group
from netspectra.training.job import train

CPU = torch.device("cpu")


@pytest.fixture
def block():
    return {
        "data": {"set": "toy", "train": None, "test": None, "grey": False},
        "architecture": {"type": "fully_connected", "widths": [16, 12, 8, 3], "bias": True},
        "optimiser": {"name": "adam", "rate": 0.01},
        "batch": 20,
        "epochs": 6,
        "order": "own",
        "replicates": 3,
        "seed": 5,
        "test_every": 2,
        "snapshots": [0, 0.5],
        "probes": [{"name": "alignment", "every": 3}],
        "intervention": {"name": "remove_low_variance", "every": 2, "split": "train", "cutoff": 0.01},
        "variants": {"a": {}},
    }


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 255, (90, 1, 4, 4), dtype=torch.uint8, generator=generator)
    labels = (images.flatten(1).float().mean(1) // 30 % 3).long()
    split = Split(images, labels, torch.tensor([[1 / 80]]), torch.tensor([-1.5]))
    return Dataset(split, split, ("a", "b", "c"), "none")


def only_final(result):
    return {name: t for name, t in result.items() if name.startswith("final/")}


@pytest.mark.parametrize("order", ["own", "shared"])
def test_a_replicate_does_not_depend_on_its_companions(block, data, tmp_path, order):
    block["order"] = order
    together = train(Group("a", block, range(3)), data, tmp_path)
    for r in range(3):
        alone = train(Group("a", block, range(r, r + 1)), data, tmp_path)
        for name, t in only_final(alone).items():
            torch.testing.assert_close(t[0], together[name][r], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_killed_training_ends_in_the_same_bits(block, data, tmp_path, monkeypatch, stop):
    group = Group("a", block, range(3))
    wanted = train(group, data, tmp_path / "undisturbed")
    monkeypatch.setattr(training, "SAVE_EVERY_S", -1.0)
    epoch = training.Run.epoch

    def dies(run):
        if run.step // run.plan.per_epoch == stop:
            raise KeyboardInterrupt
        epoch(run)

    monkeypatch.setattr(training.Run, "epoch", dies)
    with pytest.raises(KeyboardInterrupt):
        train(group, data, tmp_path / "killed")
    monkeypatch.setattr(training.Run, "epoch", epoch)
    found = train(group, data, tmp_path / "killed")
    assert found.keys() == wanted.keys()
    for name in wanted:
        assert torch.equal(found[name], wanted[name]), name


def test_groups_that_take_turns_end_in_the_same_bits(block, data, tmp_path, monkeypatch):
    found = [Group("a", block, range(r, r + 1)) for r in range(3)]
    wanted = [train(group, data, tmp_path / "alone") for group in found]
    monkeypatch.setattr(training, "TURN_S", -1.0)  # a turn is one epoch
    training._train_ahead(found, data, tmp_path / "turns", workers=2)
    monkeypatch.setattr(training.Run, "epoch", None)  # nothing is left to train
    for group, alone in zip(found, wanted, strict=True):
        ended = train(group, data, tmp_path / "turns")
        assert all(torch.equal(ended[name], t) for name, t in alone.items())


def test_training_learns_and_a_damaged_resume_file_is_dropped(block, data, tmp_path):
    group = Group("a", block, range(3))
    path = tmp_path / f"{group.key}.safetensors"
    path.write_bytes(b"not a checkpoint")
    history = {n: t for n, t in train(group, data, tmp_path).items() if n.startswith("history/")}
    loss = history["history/loss"]
    assert float(loss[-5:].mean()) < 0.8 * float(loss[:5].mean())
    assert history["history/alignment/fc1"].shape == (10, 3, 12)


TOO_LARGE = [
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 80000000000 bytes"),
]


@pytest.mark.parametrize("error", TOO_LARGE)
def test_a_stack_that_does_not_fit_is_split_and_goes_on(block, data, tmp_path, monkeypatch, error):
    group = Group("a", block, range(3))
    wanted = train(group, data, tmp_path)
    learn = training.Run._learn

    def small(run, *batch):
        if len(run.group.replicates) > 1:
            raise error
        learn(run, *batch)

    monkeypatch.setattr(training.Run, "_learn", small)
    parts = training._train_what_fits(group, data, tmp_path / "split")
    assert len(parts) == 3
    for name, t in only_final(checkpoints.joined(map(only_final, parts), 0)).items():
        torch.testing.assert_close(t, wanted[name], rtol=1e-5, atol=1e-5)


def test_one_network_that_does_not_fit_is_an_error_with_a_remedy(block, data, tmp_path, monkeypatch):
    def large(*_):
        raise TOO_LARGE[0]

    monkeypatch.setattr(training.Run, "_learn", large)
    with pytest.raises(training.TrainingError, match="lower batch"):
        training._train_what_fits(Group("a", block, range(2)), data, tmp_path)


def saved(block, tmp_path):
    stack = Ensemble.initial(block["architecture"], [1, 2, 3])
    tensors = {f"final/a/{name}": p for name, p in stack.parameters.items()}
    checkpoints.save(tmp_path / "toy.safetensors", block, tensors, seeds=[1, 2, 3])
    return tmp_path / "toy.safetensors"


def test_a_network_file_comes_back(block, tmp_path):
    path = saved(block, tmp_path)
    assert len(checkpoints.load(path, block).stack("a")) == 3
    block["variants"] = {"none": {}, "a": {}}
    assert checkpoints.load(saved(block, tmp_path), block).variants == ["none", "a"]
    block["variants"] = {"a": {}}
    path = saved(block, tmp_path)
    first = path.read_bytes()
    assert saved(block, tmp_path).read_bytes() == first


def test_a_network_file_from_other_settings_is_refused(block, tmp_path):
    path = saved(block, tmp_path)
    other = json.loads(json.dumps(block)) | {"epochs": 7}
    with pytest.raises(checkpoints.CheckpointError, match=r"epochs: file has 6, params\.yaml has 7"):
        checkpoints.load(path, other)


@pytest.mark.parametrize("damage", ["missing", "truncated", "garbage", "one bit"])
def test_a_damaged_network_file_is_refused(block, tmp_path, damage):
    path = saved(block, tmp_path)
    content = path.read_bytes()
    path.unlink()
    flipped = content[:-1] + bytes([content[-1] ^ 1])
    damaged = {"truncated": content[: len(content) // 2], "garbage": b"x" * 100, "one bit": flipped}
    if damage != "missing":
        path.write_bytes(damaged[damage])
    with pytest.raises(checkpoints.CheckpointError, match="train it again"):
        checkpoints.load(path, block)
