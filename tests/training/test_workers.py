"""Processes that take turns: who dies, fails or is left alone changes no bit and hangs nobody."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import torch
from toy_job import block, convolution, train

from netspectra.training import job, resuming
from netspectra.training.workers import in_turns

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    torch.set_num_threads(1)


def note(name, text="x"):
    """Write down for other processes that something happened."""
    with Path(name).open("a") as file:
        file.write(f"{text}\n")


def noted(name):
    return Path(name).read_text().split() if Path(name).exists() else []


def test_tasks_take_turns_in_other_processes_until_they_are_done():
    def turn(task, before):
        note("turns", f"{task}:{before}:{os.getpid()}")
        return before == task

    assert in_turns(3, 2, turn) == {0, 1, 2}
    turns = [tuple(map(int, line.split(":"))) for line in noted("turns")]
    assert sorted((task, before) for task, before, _ in turns) == [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)]
    assert os.getpid() not in {process for _, _, process in turns}
    assert len({process for _, _, process in turns}) == 2


def test_a_task_that_fails_is_left_and_the_others_are_done(capfd):
    def turn(task, _):
        if task == 1:
            raise ValueError("no")
        return True

    assert in_turns(4, 2, turn) == {0, 2, 3}
    assert "ValueError: no" in capfd.readouterr().out


def test_a_process_that_is_killed_is_replaced(capfd):
    def turn(task, before):
        if task == 1 and not noted("killed"):
            note("killed")
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    assert in_turns(4, 2, turn) == {0, 1, 2, 3}
    assert "was killed" in capfd.readouterr().out


def test_a_process_that_is_killed_while_it_is_idle_is_replaced():
    def turn(task, before):
        if task == 0 and before == 0:
            note("first", os.getpid())
        if task == 1 and before == 0:  # by now the other is idle, or soon will be
            while not noted("first"):
                time.sleep(0.01)
            time.sleep(0.2)
            os.kill(int(noted("first")[0]), signal.SIGKILL)
        return task == 0 or before == 2

    assert in_turns(2, 2, turn) == {0, 1}


def test_a_task_that_kills_every_process_is_left():
    def turn(task, _):
        if task == 1:
            note("killed")
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    assert in_turns(3, 2, turn) == {0, 2}
    assert len(noted("killed")) == 2


def test_processes_end_when_their_parent_is_killed(folder):
    script = f"""
        import os, sys, time
        sys.path.insert(0, {str(ROOT / "src")!r})
        from netspectra.training.workers import in_turns

        def turn(task, before):
            os.write(1, f"{{os.getpid()}}\\n".encode())
            time.sleep(0.1)
            return False

        in_turns(2, 2, turn)
    """
    children = set()
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True) as parent:
        while len(children) < 2:
            children.add(int(parent.stdout.readline()))
        parent.kill()
    until = time.monotonic() + 20
    while any(running(child) for child in children):
        assert time.monotonic() < until
        time.sleep(0.05)


def running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def hook(monkeypatch):
    """Have something happen before every epoch."""

    def before(happens):
        epoch = resuming.Run.epoch

        def hooked(run):
            happens(run)
            epoch(run)

        monkeypatch.setattr(resuming.Run, "epoch", hooked)

    return before


def threads_of_sums(run):
    note("threads", f"{run.group.seeds[0]}:{torch.get_num_threads()}:{os.getpid()}")


BITS = {"granted": 2, "threads": 2, "turn_s": -1.0}  # a turn is one epoch


def test_turns_and_processes_change_no_bit(hook):
    wanted = train(convolution(), "one.safetensors", threads=2, granted=1, store_mb=0).read_bytes()
    hook(threads_of_sums)
    assert train(convolution(), **BITS).read_bytes() == wanted
    lines = [line.split(":") for line in noted("threads")]
    assert len(lines) == 3 * 4
    assert {threads for _, threads, _ in lines} == {"1"}
    assert len({process for _, _, process in lines}) == 2
    assert str(os.getpid()) not in {process for _, _, process in lines}


@pytest.mark.parametrize("granted", [1, 2])
def test_a_stack_alone_takes_the_threads_of_the_job_whatever_was_granted(hook, granted):
    hook(threads_of_sums)
    train(block(), threads=2, granted=granted)
    assert {line.split(":")[1] for line in noted("threads")} == {"2"}


@pytest.mark.parametrize("deaths", [1, 4])
def test_kill_9_in_the_middle_changes_no_bit(hook, deaths):
    """One death: another process goes on. Four: the parent does, with as many threads as its processes had."""
    wanted = train(convolution(), "one.safetensors", **BITS, store_mb=0).read_bytes()
    parent = os.getpid()

    def dies(run):
        threads_of_sums(run)
        if os.getpid() != parent and run.step == 10 and len(noted("killed")) < deaths:
            note("killed")
            os.kill(os.getpid(), signal.SIGKILL)

    hook(dies)
    assert train(convolution(), **BITS).read_bytes() == wanted
    assert len(noted("killed")) == deaths
    assert {line.split(":")[1] for line in noted("threads")} == {"1"}


def test_groups_left_from_a_larger_job_keep_their_threads(hook):
    """With all but one kept, that one is still a group of a block of three."""
    wanted = train(convolution(), **BITS).read_bytes()
    max(Path(".store").glob("*.safetensors")).unlink()
    hook(threads_of_sums)
    assert train(convolution(), **BITS).read_bytes() == wanted
    assert {line.split(":")[1] for line in noted("threads")} == {"1"}


def test_what_diverges_in_a_process_is_reported_by_the_job():
    network = convolution(variants={"a": {}, "b": {"optimiser": {"name": "sgd", "rate": 1e30}}})
    with pytest.raises(job.TrainingError, match=r"^b: .*lower optimiser\.rate"):
        train(network, **BITS)
    assert len(list(Path(".store").glob("*.safetensors"))) == 3
    assert not multiprocessing.active_children()
