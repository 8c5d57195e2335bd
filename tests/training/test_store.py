"""Nothing is trained twice: what decides a network's key, and what a store does with networks."""

import multiprocessing
import os
import time

import pytest
import torch
from safetensors.torch import load_file
from toy_job import block, convolution, prepare, train

from netspectra.data.images import load
from netspectra.networks import checkpoints
from netspectra.training import resuming
from netspectra.training.groups import groups
from netspectra.training.keys import circumstances, fingerprint, network_keys
from netspectra.training.store import Store

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NETSPECTRA_STORE", raising=False)
    yield tmp_path
    torch.set_num_threads(1)


@pytest.fixture
def trained(monkeypatch):
    """Seeds of the networks that are trained, group by group."""
    seeds = []

    class Watched(resuming.Run):
        def __init__(self, group, data):
            super().__init__(group, data)
            seeds.append(sorted(set(group.seeds)))

    monkeypatch.setattr(resuming, "Run", Watched)
    return seeds


# Keys


def keys(network, code="code", device=CPU, threads=1, data="data"):
    facts = circumstances(code, device, threads)
    return [key for group in groups(network, device) for key in network_keys(group, data, facts)]


def test_a_key_is_made_of_all_that_decides_the_numbers():
    one = {
        "plain": keys(block()),
        "code": keys(block(), code="other"),
        "threads": keys(block(), threads=2),
        "data": keys(block(), data="other"),
        "device": keys(block(), device=torch.device("cuda")),
        "order": keys(block(order="shared")),
        **{name: keys(block(**{name: 9})) for name in ("batch", "epochs", "test_every")},
        "seed": keys(block(seed=20)),
        "rate": keys(block(optimiser={"name": "adam", "rate": 0.1})),
        "decay": keys(block(optimiser={"name": "adam", "rate": 0.01, "weight_decay": 0.1})),
        "snapshots": keys(block(snapshots=[])),
        "architecture": keys(convolution()),
    }
    every = [key for found in one.values() for key in found]
    assert len(every) == 3 * len(one) == len(set(every))


def test_a_key_does_not_know_names_companions_or_how_the_data_were_asked_for():
    plain = keys(block())
    assert keys(block(replicates=8))[:3] == plain
    assert keys(block(seed=6))[:2] == plain[1:]
    assert keys(block(variants={"b": {"epochs": 9}, "renamed": {}}))[3:] == plain
    assert keys(block(data={"set": "copy", "train": 90, "test": None, "grey": False})) == plain
    assert keys(block(seed=6, order="shared"))[0] not in keys(block(order="shared"))  # it has another order of images
    assert keys(block(), threads=2, device=torch.device("cuda")) == keys(block(), device=torch.device("cuda"))


def test_a_fingerprint_sees_every_pixel_and_label():
    settings = block()["data"]
    plain = fingerprint(load(prepare(), settings))
    assert fingerprint(load(prepare(), settings)) == plain
    assert fingerprint(load(prepare(seed=1), settings)) != plain
    assert fingerprint(load(prepare(), settings | {"train": 80})) != plain
    assert fingerprint(load(prepare(), settings | {"permute_labels": True, "seed": 0})) != plain


# Folders


def tensors():
    return {"a": torch.arange(6.0).view(2, 3), "steps": torch.tensor([1, 2]), "empty": torch.zeros(0)}


def test_what_is_put_comes_back(tmp_path):
    store = Store(tmp_path / "store")
    assert store.get("k") is None
    store.put("k", tensors())
    found = store.get("k")
    assert found.keys() == tensors().keys()
    assert all(torch.equal(found[name], t) for name, t in tensors().items())
    store.drop("k")
    store.drop("k")
    assert store.get("k") is None


def test_any_damaged_byte_is_noticed_and_the_entry_dropped(tmp_path, capsys):
    store = Store(tmp_path)
    store.put("k", tensors())
    whole = store.path("k").read_bytes()
    noticed = 0
    for i in range(len(whole)):
        store.path("k").write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        found = store.get("k")
        if found is None:
            noticed += 1
            assert not store.path("k").exists()
            assert "is damaged" in capsys.readouterr().out
        else:  # padding of the header
            assert whole[i] == ord(" ")
            assert all(torch.equal(found[name], t) for name, t in tensors().items())
    assert noticed > 0.9 * len(whole)


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\x02\0\0\0\0\0\0\0{}"])
def test_garbage_is_dropped(tmp_path, content):
    store = Store(tmp_path)
    store.path("k").write_bytes(content)
    assert store.get("k") is None
    assert not store.path("k").exists()


def test_an_entry_under_another_key_is_dropped(tmp_path):
    store = Store(tmp_path)
    store.put("k", tensors())
    store.path("k").rename(store.path("other"))
    assert store.get("other") is None


def test_what_was_not_used_for_longest_goes_first(tmp_path):
    store = Store(tmp_path)
    for age, key in enumerate(["used", "old", "spared", "new"]):
        store.put(key, {"t": torch.zeros(25_000)})  # 0.1 MB
        os.utime(store.path(key), (time.time() - 1000 + age,) * 2)
    store.get("used")
    store.trim(0.5)
    assert len(list(tmp_path.glob("*.safetensors"))) == 4
    store.trim(0.25, spared=frozenset({"spared"}))
    assert {path.stem for path in tmp_path.glob("*.safetensors")} == {"spared", "used"}
    store.trim(0)
    assert not list(tmp_path.glob("*.safetensors"))
    Store(tmp_path / "none").trim(1)


def put_often(folder):
    for _ in range(50):
        Store(folder).put("k", tensors())
        Store(folder).trim(1)


def test_processes_that_store_one_key_at_once_never_break_it(tmp_path, capfd):
    writers = [multiprocessing.get_context("fork").Process(target=put_often, args=(tmp_path,)) for _ in range(2)]
    for writer in writers:
        writer.start()
    seen = 0
    while any(writer.is_alive() for writer in writers):
        found = Store(tmp_path).get("k")
        seen += found is not None
        assert found is None or torch.equal(found["a"], tensors()["a"])
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert seen
    assert "damaged" not in capfd.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["k.safetensors"]


# Jobs


@pytest.mark.parametrize("network", [block, convolution])
def test_a_network_is_trained_once(network, trained, capsys):
    first = train(network()).read_bytes()
    count = len(trained)
    assert "0 of 3 networks are in .store" in capsys.readouterr().out
    assert train(network(), "again.safetensors").read_bytes() == first
    assert len(trained) == count
    assert "3 of 3 networks are in .store" in capsys.readouterr().out


def test_settings_changed_and_changed_back_train_nothing(trained):
    first = train(block()).read_bytes()
    train(block(epochs=2, data=block()["data"] | {"train": 40}))
    assert len(trained) == 2
    assert train(block()).read_bytes() == first
    train(block(epochs=2, data=block()["data"] | {"train": 40}))
    train(block(variants={"renamed": {}}), name="renamed")
    assert len(trained) == 2
    train(block(variants={"a": {}, "b": {"epochs": 3}}))
    assert len(trained) == 3


@pytest.mark.parametrize("network", [block, convolution])
def test_from_five_to_eight_replicates_three_are_trained(network, trained, monkeypatch):
    train(network(replicates=5))
    trained.clear()
    grown = train(network(replicates=8)).read_bytes()
    assert sorted(seed for seeds in trained for seed in seeds) == [10, 11, 12]
    monkeypatch.setenv("NETSPECTRA_STORE", "empty")
    assert train(network(replicates=8)).read_bytes() == grown


def test_code_data_and_threads_that_change_train_anew(trained):
    train(block())
    train(block(), code="edited")
    train(block(), threads=2)
    train(block(), data=str(prepare(seed=1)))
    assert trained == [[5, 6, 7]] * 4


def test_only_what_is_missing_of_a_stack_is_trained(trained, folder):
    first = train(block(replicates=5)).read_bytes()
    gone = keys_on_disk(folder)[2]
    gone.unlink()
    trained.clear()
    assert train(block(replicates=5)).read_bytes() == first
    assert len(trained) == 1
    assert len(trained[0]) == 1


def keys_on_disk(folder):
    return sorted((folder / ".store").glob("*.safetensors"))


def test_a_damaged_entry_is_trained_again_and_said(trained, folder, capsys):
    first = train(block()).read_bytes()
    path = keys_on_disk(folder)[0]
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    trained.clear()
    assert train(block()).read_bytes() == first
    assert len(trained) == 1
    assert len(trained[0]) == 1
    assert f".store/{path.name} is damaged" in capsys.readouterr().out
    assert path.read_bytes() == content


def test_clones_may_share_a_store(trained, folder, monkeypatch):
    monkeypatch.setenv("NETSPECTRA_STORE", str(folder / "shared"))
    for clone in ("one", "two"):
        (folder / clone).mkdir()
        monkeypatch.chdir(folder / clone)
        train(block())
        assert not (folder / clone / ".store").exists()
    assert trained == [[5, 6, 7]]


def test_the_store_is_bounded_and_without_room_all_goes_on(trained, folder):
    first = train(block(), store_mb=0).read_bytes()
    assert not keys_on_disk(folder)
    assert train(block(), store_mb=0).read_bytes() == first
    assert len(trained) == 2
    train(block())
    old = keys_on_disk(folder)
    train(block(seed=20), store_mb=3.5 * max(path.stat().st_size for path in old) / 1e6)
    assert len(keys_on_disk(folder)) == 3
    assert not any(path.exists() for path in old)


def test_a_store_that_cannot_be_written_stops_nothing(folder, monkeypatch, capsys):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "put", lambda store, *given: full() if store.folder.name == ".store" else None)
    assert train(block()).is_file()
    assert "not kept for another time: [Errno 28] No space left on device" in capsys.readouterr().out


def test_a_file_says_the_same_whether_its_networks_were_kept_or_trained(folder):
    network = block(variants={"a": {}, "b": {"replicates": 2, "optimiser": {"rate": 0.1}, "seed": 8}})
    train(network)
    facts = checkpoints.read(train(network))[1]
    assert facts["settings"] == network
    kept = load_file("out.safetensors")
    assert [len(kept[f"final/{name}/fc1.bias"]) for name in "ab"] == [3, 2]
