"""Killed trainings: taken up with the same bits, or, where the state is not theirs or is damaged, started over."""

import os

import pytest
import torch
from safetensors.torch import load_file
from toy_job import block, prepare, train

from netspectra.errors import TrainingError
from netspectra.training import resuming
from netspectra.training.store import Store

STEPS = 5  # of an epoch


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def epochs(monkeypatch):
    """Steps at which epochs begin."""
    begun = []
    epoch = resuming.Run.epoch

    def counted(run):
        begun.append(run.step)
        epoch(run)

    monkeypatch.setattr(resuming.Run, "epoch", counted)
    return begun


@pytest.fixture
def kill(epochs, monkeypatch):
    """Kill a training after so many epochs; its state is saved after each."""
    epoch = resuming.Run.epoch

    def after(count, network=None, **settings):
        def dies(run):
            if run.step == count * STEPS:
                raise KeyboardInterrupt
            epoch(run)

        monkeypatch.setattr(resuming.Run, "epoch", dies)
        with pytest.raises(KeyboardInterrupt):
            train(network or block(), save_every_s=-1.0, **settings)
        monkeypatch.setattr(resuming.Run, "epoch", epoch)
        epochs.clear()

    return after


def states(folder):
    return sorted((folder / ".resume").glob("*.safetensors"))


def undisturbed():
    """What comes out where nothing is kept or resumed."""
    return train(block(), "undisturbed.safetensors", code="undisturbed").read_bytes()


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_killed_training_ends_in_the_same_bits(folder, kill, stop, capsys):
    kill(stop)
    assert len(states(folder)) == 1
    assert train(block()).read_bytes() == undisturbed()
    assert f"resumed at step {STEPS * stop} of {STEPS * 4}" in capsys.readouterr().out
    assert not states(folder)


def rewrite(path, change):
    """Change the tensors of a state, which then has the right checksum of wrong numbers."""
    store = Store(path.parent)
    store.put(path.stem, change({name: t.clone() for name, t in store.get(path.stem).items()}))


def without(name):
    return lambda state: {key: t for key, t in state.items() if key != name}


def spoiled(name, value):
    def change(state):
        state[name].view(-1)[0] = value
        return state

    return change


def parameters(state):
    """The largest floating tensor, whatever it is called."""
    return max((name for name, t in state.items() if t.is_floating_point()), key=lambda name: state[name].numel())


WRONG = {
    "NaN": lambda state: spoiled(parameters(state), float("nan"))(state),
    "infinity": lambda state: spoiled(parameters(state), float("inf"))(state),
    "a step that no epoch ends with": spoiled("step", 7),
    "a step beyond the end": spoiled("step", 25),
    "a negative step": spoiled("step", -5),
    "a name that is missing": lambda state: without(parameters(state))(state),
    "no step": without("step"),
    "another shape": lambda state: state | {parameters(state): state[parameters(state)][:, :-1]},
    "fewer networks": lambda state: state | {parameters(state): state[parameters(state)][1:]},
    "nothing": lambda state: {"x": torch.zeros(1)},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_state_that_cannot_be_its_own_is_dropped_and_said(folder, kill, epochs, wrong, capsys):
    kill(2)
    (path,) = states(folder)
    rewrite(path, WRONG[wrong])
    wanted = undisturbed()
    epochs.clear()
    capsys.readouterr()
    assert train(block()).read_bytes() == wanted
    assert epochs[0] == 0
    said = [line for line in capsys.readouterr().out.splitlines() if str(path.name) in line]
    assert len(said) == 1
    assert "dropped" in said[0]


@pytest.mark.parametrize("damage", ["one bit", "truncated", "garbage", "empty"])
def test_a_damaged_state_is_dropped_and_said(folder, kill, epochs, damage, capsys):
    kill(2)
    (path,) = states(folder)
    content = path.read_bytes()
    flipped = content[:-1] + bytes([content[-1] ^ 1])
    path.write_bytes({"one bit": flipped, "truncated": content[:-9], "garbage": b"x" * 99, "empty": b""}[damage])
    wanted = undisturbed()
    epochs.clear()
    assert train(block()).read_bytes() == wanted
    assert epochs[0] == 0
    assert f"{path.name} is damaged" in capsys.readouterr().out


def test_edited_code_and_changed_data_start_over(folder, kill, epochs):
    kill(2)
    train(block(), code="edited")
    assert epochs[0] == 0
    epochs.clear()
    train(block(), data=str(prepare(seed=1)))
    assert epochs[0] == 0
    epochs.clear()
    train(block())
    assert epochs[0] == 2 * STEPS  # that of the first is still there


def test_finishing_one_scale_leaves_the_states_of_another(folder, kill, epochs):
    kill(2)
    train(block(epochs=2))
    assert len(states(folder)) == 1
    epochs.clear()
    train(block())
    assert epochs[0] == 2 * STEPS


def test_old_states_are_dropped_where_they_take_too_much_room(folder, kill):
    kill(2)
    (old,) = states(folder)
    kill(3, block(seed=20), store_mb=0)
    assert not old.exists()
    assert len(states(folder)) == 1
    train(block(seed=20), store_mb=0)
    assert not states(folder)


def test_a_state_of_a_finished_run_is_finished(folder, epochs, monkeypatch):
    drop = Store.drop
    monkeypatch.setattr(Store, "drop", lambda store, key: None)
    wanted = train(block(), store_mb=0).read_bytes()
    monkeypatch.setattr(Store, "drop", drop)
    epochs.clear()
    assert train(block()).read_bytes() == wanted
    assert not epochs
    assert not states(folder)


def test_a_diverging_training_says_so_and_keeps_nothing(folder):
    with pytest.raises(TrainingError, match=r"lower optimiser\.rate"):
        train(block(optimiser={"name": "sgd", "rate": 1e30}))
    assert not (folder / ".store").exists() or not os.listdir(folder / ".store")
    assert not (folder / "out.safetensors").exists()


def test_training_learns():
    loss = load_file(train(block(epochs=6)))["history/a/loss"]
    assert float(loss[-5:].mean()) < 0.8 * float(loss[:5].mean())
