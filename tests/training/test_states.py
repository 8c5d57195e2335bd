"""Saved states: training goes on from them bit for bit, and what cannot be of this training is refused."""

import pytest
import torch
from small_runs import LSTM, PERCEPTRON, RESIDUAL, block, company, images, same, text, trained

from netspectra.training.run import Run

CASES = {
    "perceptron": (
        block(
            probes=[{"name": "alignment", "every": 3}],
            intervention={"name": "remove_low_variance", "every": 2, "split": "train", "cutoff": 0.01},
            snapshots=[0, 0.5], optimiser={"name": "sgd", "rate": 0.05, "momentum": 0.9},
        ),
        images,
    ),
    "residual": (
        block(
            RESIDUAL, snapshots=[0, 0.5, 1.0], freeze=[{"layers": "stem", "at": 0.5}], clip=1.0,
            schedule={"name": "cosine", "end": 0.0},
        ),
        images,
    ),
    "lstm": (block(LSTM | {"dropout": 0.2}, schedule={"name": "linear", "end": 0.0}), text),
    "stopping": (block(RESIDUAL, stop={"accuracy": 0.9}, epochs=12, snapshots=[0.5]), images),
}  # fmt: skip


def saved(state):
    return {name: t.detach().cpu().clone() for name, t in state.items()}


@pytest.mark.parametrize("case", CASES)
def test_a_training_that_is_taken_up_ends_in_the_same_bits(case):
    settings, data = CASES[case][0], CASES[case][1]()
    rates = [0.004, 0.03, 0.01]
    whole = Run(company(settings, rates=rates), data)
    states = []
    while not whole.finished:
        whole.epoch()
        states.append(saved(whole.state()))
    wanted = whole.result()
    assert len(states) > 3
    for state in (*states[:4], states[-1]):
        run = Run(company(settings, rates=rates), data)
        run.restore(state)
        assert run.step == state["step"]
        while not run.finished:
            run.epoch()
        assert same(run.result(), wanted)


def test_a_state_before_the_first_step_is_taken_up():
    settings, data = block(RESIDUAL), images()
    state = saved(Run(company(settings), data).state())
    run = Run(company(settings), data)
    run.restore(state)
    while not run.finished:
        run.epoch()
    assert same(run.result(), trained(settings, data).result())


SETTINGS = block(RESIDUAL, snapshots=[0, 0.5], probes=[{"name": "alignment", "every": 3}], stop={"accuracy": 1.0})


def wrong(state, how):
    """A state with one thing changed."""
    change = {
        "no step": lambda s: s.pop("step"),
        "negative step": lambda s: s["step"].fill_(-5),
        "step within an epoch": lambda s: s["step"].fill_(7),
        "step after the end": lambda s: s["step"].fill_(25),
        "another step": lambda s: s["step"].fill_(15),
        "step of floats": lambda s: s.update(step=torch.tensor(10.0)),
        "a name less": lambda s: s.pop("buffers/stem.bn.running_var"),
        "a name more": lambda s: s.update(more=torch.zeros(1)),
        "another shape": lambda s: s.update(theta=s["theta"][:, :-1]),
        "other networks": lambda s: s.update({"optimiser/first": s["optimiser/first"][:2]}),
        "another type": lambda s: s.update(theta=s["theta"].double()),
        "NaN": lambda s: s["theta"][1].fill_(torch.nan),
        "infinity in a buffer": lambda s: s["buffers/b1.bncv1.bn.running_mean"][0].fill_(torch.inf),
        "no snapshot": lambda s: [s.pop(name) for name in list(s) if name.startswith("kept/snapshot/0.5/")],
        "a record less": lambda s: s.update({"history/loss": s["history/loss"][1:]}),
        "records of other networks": lambda s: s.update({"history/loss": s["history/loss"][:, :2]}),
        "records of other steps": lambda s: s["history/step"].add_(1),
        "no tests": lambda s: [s.pop(f"history/test/{name}") for name in ("step", "loss", "accuracy")],
        "no probes": lambda s: [s.pop(name) for name in list(s) if name.startswith("history/alignment/")],
        "other records": lambda s: s.update({"history/gain/fc1": torch.zeros(10, 3)}),
        "an end between epochs": lambda s: s["stopped/step"][0].fill_(3),
        "nothing": lambda s: s.clear(),
    }[how]
    change(state)
    return state


@pytest.mark.parametrize(
    "how",
    [
        "no step", "negative step", "step within an epoch", "step after the end", "another step", "step of floats",
        "a name less", "a name more", "another shape", "other networks", "another type", "NaN", "infinity in a buffer",
        "no snapshot", "a record less", "records of other networks", "records of other steps", "no tests", "no probes",
        "other records", "an end between epochs", "nothing",
    ],
)  # fmt: skip
def test_a_state_of_no_such_training_is_refused_and_changes_nothing(how):
    data = images()
    before = Run(company(SETTINGS), data)
    before.epoch()
    before.epoch()
    run = Run(company(SETTINGS), data)
    fresh = saved(run.state())
    with pytest.raises(ValueError, match=r"^state: wanted "):
        run.restore(wrong(saved(before.state()), how))
    assert same(run.state(), fresh)
    run.restore(saved(before.state()))
    assert run.step == 10


def test_a_state_of_other_settings_is_refused():
    data = images()
    run = Run(company(block(PERCEPTRON)), data)
    run.epoch()
    other = Run(company(block(PERCEPTRON | {"widths": [16, 12, 9, 3]})), data)
    with pytest.raises(ValueError, match=r"state: wanted theta of shape .*, found"):
        other.restore(run.state())
