"""Standings are read from states that the training itself has saved."""

import os
import struct

import pytest
from training.small_runs import block, company, images, text

from netspectra.console import states
from netspectra.console.trainings import Training, standings
from netspectra.training.run import Run
from netspectra.training.store import Store

NOW = 2_000_000_000.0
LOG = "threads: 2\nmine: 1 of 4 networks are in .store\nmine: a, replicates [0, 1, 2]\n"


def saved(folder, settings, epochs, data=None, name="state", at=NOW):
    """A training that has come so far, and the file of its state."""
    run = Run(company(settings), data or images())
    for _ in range(epochs):
        run.epoch()
    Store(folder).put(name, run.state())
    os.utime(folder / f"{name}.safetensors", (at, at))
    return run, folder / f"{name}.safetensors"


def training(tmp_path, settings, name="mine", began=NOW - 100, log=LOG):
    (tmp_path / f"{name}.log").write_text(log)
    whole = settings | {"variants": {"a": {}}, "data": {"train": 90}}
    return Training(name, whole, tmp_path / f"{name}.log", began)


@pytest.mark.parametrize("changes", [{}, {"stop": {"accuracy": 2.0}}, {"optimiser": {"name": "sgd", "rate": 0.01}}])
def test_a_state_is_read_as_it_was_saved(tmp_path, changes):
    run, file = saved(tmp_path, block(**changes), 3)
    found, history = states.read(file), run.records.history()
    assert (found.step, found.networks, found.stops) == (15, 3, "stop" in changes)
    assert found.loss == pytest.approx(float(history["loss"][-1].mean()))
    assert found.accuracy == pytest.approx(float(history["accuracy"][-1].mean()))
    assert found.tests == (0, 10)
    assert found.series == {"", "test"}


def test_networks_that_have_ended_do_not_count(tmp_path):
    run, _ = saved(tmp_path, block(), 2)
    state = run.state()
    state["history/loss"][-1, 0] = float("nan")
    Store(tmp_path).put("state", state)
    found = states.read(tmp_path / "state.safetensors")
    assert found.loss == pytest.approx(float(state["history/loss"][-1, 1:].mean()))


def test_before_the_first_step_there_is_no_loss(tmp_path):
    found = states.read(saved(tmp_path, block(), 0)[1])
    assert (found.step, found.loss, found.tests) == (0, None, ())


@pytest.mark.parametrize(
    "content", [b"", b"short", struct.pack("<Q", 2) + b"{}", struct.pack("<Q", 2**60), struct.pack("<Q", 4) + b"null"]
)
def test_what_is_no_state_says_nothing(tmp_path, content):
    (tmp_path / "x.safetensors").write_bytes(content)
    assert states.read(tmp_path / "x.safetensors") is None


def test_a_state_that_was_cut_off_says_nothing(tmp_path):
    _, file = saved(tmp_path, block(), 2)
    file.write_bytes(file.read_bytes()[:-400])
    found = states.read(file)
    assert found is None or found.step == 10


def test_a_training_says_where_it_is(tmp_path):
    saved(tmp_path / "states", block(), 3)
    one = training(tmp_path, block())
    found = standings([one], NOW, tmp_path / "states")["mine"]
    assert (found.missing, found.step, found.steps) == (3, 15, 20)
    assert found.done == pytest.approx(0.75)
    assert found.left == pytest.approx(100 / 3)
    assert str(found).startswith("3 networks, step 15 of 20, loss ")
    assert str(found).endswith("75% done, less than a minute left")


def test_groups_before_the_last_are_done(tmp_path):
    saved(tmp_path / "states", block(), 2)
    log = "mine: 0 of 6 networks are in .store\nmine: a, replicates [0, 1, 2]\nmine: b, replicates [0, 1, 2]\n"
    found = standings([training(tmp_path, block(), log=log)], NOW, tmp_path / "states")["mine"]
    assert found.done == pytest.approx((3 + 3 * 0.5) / 6)


def test_a_state_from_before_the_job_began_is_another_s(tmp_path):
    saved(tmp_path / "states", block(), 3, at=NOW - 200)
    found = standings([training(tmp_path, block())], NOW, tmp_path / "states")["mine"]
    assert (found.missing, found.step, found.done) == (3, None, None)
    assert str(found) == "3 networks"


def test_a_state_that_fits_one_of_two_trainings_is_its(tmp_path):
    saved(tmp_path / "states", block(), 3)
    stopping = training(tmp_path, block(stop={"accuracy": 0.9}), "other")
    found = standings([training(tmp_path, block()), stopping], NOW, tmp_path / "states")
    assert (found["mine"].step, found["other"].step) == (15, None)


def test_of_a_state_that_fits_two_trainings_nothing_is_said(tmp_path):
    saved(tmp_path / "states", block(), 3)
    pair = [training(tmp_path, block()), training(tmp_path, block(), "other")]
    assert {one.step for one in standings(pair, NOW, tmp_path / "states").values()} == {None}


def test_steps_of_a_language_model_are_known_once_it_was_tested_twice(tmp_path):
    settings = block({"type": "lstm_language_model", "vocabulary": 7, "embedding": 8, "hidden": 12, "layers": 1})
    one = training(tmp_path, settings)
    for epochs, steps in ((1, None), (3, 4 * 2)):
        saved(tmp_path / "states", settings, epochs, text())
        assert standings([one], NOW, tmp_path / "states")["mine"].steps == steps


def test_a_training_that_has_said_nothing_yet(tmp_path):
    one = training(tmp_path, block(), log="")
    assert str(standings([one], NOW, tmp_path / "none")["mine"]) == ""
