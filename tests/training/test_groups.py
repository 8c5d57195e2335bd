"""Which networks train together, and how their results find their variants."""

import pytest
import torch
from safetensors.torch import load_file
from toy_job import block, convolution, prepare, train

from netspectra.networks import checkpoints
from netspectra.training import job, resuming
from netspectra.training.groups import Member, gather, groups, stacks, taken_apart

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def names(found):
    return [[f"{member.variant}{member.replicate}" for member in group.members] for group in found]


def test_networks_are_stacked_on_a_gpu_and_on_a_cpu_where_it_pays():
    assert names(groups(block(), CPU)) == [["a0", "a1", "a2"]]
    assert names(groups(convolution(), CPU)) == [["a0"], ["a1"], ["a2"]]
    assert names(groups(convolution(), GPU)) == [["a0", "a1", "a2"]]
    wide = {"type": "fully_connected", "widths": [784, 500, 10], "bias": True}
    assert names(groups(block(architecture=wide), CPU)) == [["a0"], ["a1"], ["a2"]]
    assert names(groups(block(architecture=wide, order="shared"), CPU)) == [["a0", "a1", "a2"]]
    assert names(groups(block(stop={"accuracy": 0.9}), CPU)) == [["a0"], ["a1"], ["a2"]]


def test_a_stack_on_a_cpu_has_five_slots_and_seeds_say_which():
    one, two = groups(block(replicates=8), CPU)
    assert (one.seeds, two.seeds) == ([5, 6, 7, 8, 9], [10, 11, 12])
    assert two.only([1]).slots == [1]
    assert two.only([1]).stacked().seeds == [11] * 5
    assert two.stacked().seeds == [10, 11, 12, 10, 10]
    assert len(stacks(block(replicates=8), CPU)) == 1


def test_variants_stack_together_where_they_differ_in_rate_or_seed_alone():
    variants = {
        "slow": {},
        "fast": {"optimiser": {"rate": 0.1}, "seed": 8, "replicates": 2},
        "other": {"optimiser": {"name": "sgd", "rate": 0.01}},
        "long": {"epochs": 5},
    }
    together = groups(block(variants=variants), CPU)
    assert names(together)[0] == ["slow0", "slow1", "slow2", "fast0", "fast1"]
    assert together[0].seeds == [5, 6, 7, 8, 9]
    assert together[0].rates == [0.01, 0.01, 0.01, 0.1, 0.1]
    assert names(together)[1:] == [["other0", "other1", "other2"], ["long0", "long1", "long2"]]
    shared = block(variants={"slow": {}, "fast": {"optimiser": {"rate": 0.1}}, "late": {"seed": 8}}, order="shared")
    one, late = names(groups(shared, GPU))
    assert one == ["slow0", "slow1", "slow2", "fast0", "fast1", "fast2"]
    assert late == ["late0", "late1", "late2"]  # another seed is another order of the images


@pytest.mark.parametrize("order", ["own", "shared"])
def test_a_network_has_the_same_bits_in_any_company(order):
    """Fails where a stack has as many networks as there are: their last columns are summed in another order."""
    architecture = {"type": "fully_connected", "widths": [16, 20, 3], "bias": True}
    given = block(order=order, architecture=architecture, intervention=None)
    whole = load_file(train(given | {"replicates": 5}))
    for count in range(1, 5):
        fewer = load_file(train(given | {"replicates": count}, code=f"{count} of them"))
        for name, t in fewer.items():
            wanted = whole[name] if name.endswith("step") else whole[name].narrow(int("history" in name), 0, count)
            assert torch.equal(t, wanted), name


def test_a_variant_trains_on_its_own_data_labels_widths_and_epochs():
    """Fault 4: its `data:` was recorded and not used."""
    files = [str(prepare()), str(prepare("other", 1))]
    variants = {
        "a": {},
        "few": {"data": {"train": 40}},
        "other": {"data": {"set": "other"}},
        "permuted": {"data": {"permute_labels": True, "seed": 3}},
        "wide": {"architecture": {"widths": [16, 20, 3]}, "replicates": 1, "epochs": 2, "snapshots": []},
    }
    found = load_file(train(block(variants=variants), data=files))
    for name, changed in variants.items():
        alone = block(data=block()["data"] | changed.get("data", {}))
        alone |= {key: value for key, value in changed.items() if key not in ("data", "architecture")}
        alone["architecture"] = alone["architecture"] | changed.get("architecture", {})
        wanted = load_file(train(alone | {"variants": {name: {}}}, data=files, code="alone"))
        own = {key: t for key, t in found.items() if f"/{name}/" in key}
        assert own.keys() == wanted.keys()
        assert all(torch.equal(own[key], t) for key, t in wanted.items()), name
    weights = [found[f"final/{name}/fc1.weight"] for name in ("a", "few", "other", "permuted")]
    assert not any(torch.equal(one, two) for i, one in enumerate(weights) for two in weights[:i])
    assert len(found["history/few/step"]) == 8
    assert len(found["final/wide/fc1.weight"]) == 1


def test_a_data_set_that_is_not_among_the_inputs_is_named():
    with pytest.raises(ValueError, match=r"data\.set: wanted one of toy, found 'other'"):
        train(block(variants={"b": {"data": {"set": "other"}}}))


def test_networks_with_rates_of_their_own_are_those_trained_apart():
    variants = {"slow": {}, "fast": {"optimiser": {"rate": 0.1}, "seed": 8, "replicates": 2}}
    found = load_file(train(block(variants=variants)))
    wanted = load_file(
        train(block(variants={"fast": {}}, optimiser={"name": "adam", "rate": 0.1}, seed=8, replicates=2))
    )
    for name, t in wanted.items():
        assert torch.equal(found[name], t), name


def test_what_is_taken_apart_is_gathered_by_variant():
    result = {
        "final/w": torch.arange(6.0).view(3, 2),
        "snapshot/0.5/w": torch.arange(3.0).view(3, 1),
        "history/step": torch.tensor([0, 1]),
        "history/loss": torch.arange(6.0).view(2, 3),
        "stopped/step": torch.tensor([7, 8, 9]),
    }
    parts = taken_apart(result, [2, 0])
    members = [Member("b", 0, 1, 0.1), Member("a", 0, 1, 0.1)]
    found = gather(dict(zip(members, parts, strict=True)))
    assert found["final/b/w"].tolist() == [[4, 5]]
    assert found["snapshot/0.5/a/w"].tolist() == [[0]]
    assert found["history/b/loss"].tolist() == [[2], [5]]
    assert found["history/a/step"].tolist() == [0, 1]
    assert found["stopped/b/step"].tolist() == [9]
    both = gather({Member("a", i, 1, 0.1): part for i, part in enumerate(taken_apart(result, range(3)))})
    assert torch.equal(both["final/a/w"], result["final/w"])
    assert torch.equal(both["history/a/loss"], result["history/loss"])


TOO_LARGE = [
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 80000000000 bytes"),
]


@pytest.mark.parametrize("error", TOO_LARGE)
def test_a_stack_that_does_not_fit_is_split_and_goes_on(monkeypatch, error):
    wanted = load_file(train(block()))
    epoch = resuming.Run.epoch

    def small(run):
        if len(run.group) > 1:
            raise error
        epoch(run)

    monkeypatch.setattr(resuming.Run, "epoch", small)
    found = load_file(train(block(), code="anew"))
    assert found.keys() == wanted.keys()
    for name, t in found.items():
        torch.testing.assert_close(t, wanted[name], rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(resuming.Run, "epoch", epoch)
    again = load_file(train(block(), code="anew"))  # the halves are not taken for networks of a whole stack
    assert all(torch.equal(again[name], t) for name, t in wanted.items())


def test_one_network_that_does_not_fit_is_an_error_with_a_remedy(monkeypatch):
    def large(_):
        raise TOO_LARGE[0]

    monkeypatch.setattr(resuming.Run, "epoch", large)
    with pytest.raises(job.TrainingError, match="lower batch"):
        train(block(replicates=2))


def test_seeds_and_checksums_are_told_by_variant_where_they_differ():
    files = [str(prepare()), str(prepare("other", 1))]
    variants = {"a": {}, "b": {"replicates": 2, "seed": 9, "data": {"set": "other"}}}
    _, facts = checkpoints.read(train(block(variants=variants), data=files))
    assert facts["seeds"] == {"a": [5, 6, 7], "b": [9, 10]}
    assert facts["data_checksum"] == {"a": "toy 0", "b": "other 1"}
    _, facts = checkpoints.read(train(block(variants={"a": {}, "c": {"epochs": 2}})))
    assert facts["seeds"] == [5, 6, 7]
    assert facts["data_checksum"] == "toy 0"
