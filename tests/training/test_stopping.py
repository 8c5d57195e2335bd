"""Stopping at a training accuracy: every network alone, at the end of an epoch."""

import pytest
import torch
from small_runs import PERCEPTRON, RESIDUAL, block, company, images, same, trained

from netspectra.training.run import Run
from netspectra.training.tasks import evaluate

RATES = [0.003, 0.03, 0.01]  # end one after the other, the first not at all


def stopping(architecture=PERCEPTRON, accuracy=0.9, **changes):
    options = {"epochs": 14, "test_every": 3, "snapshots": [0.2, 0.9], "probes": [{"name": "alignment", "every": 4}]}
    return block(architecture, stop={"accuracy": accuracy}, **(options | changes))


def accuracies(settings, data, i):
    """Training accuracy of a network alone after every epoch, and its states, without a stop."""
    run, found = Run(company(settings | {"stop": None}, [i], [RATES[i]]), data), []
    while not run.finished:
        run.epoch()
        state = {name: t[0].clone() for name, t in run.stack().state.items()}
        found.append((evaluate(run.stack(), data.train)[1].item(), state))
    return found


@pytest.mark.parametrize("architecture", [PERCEPTRON, RESIDUAL])
@pytest.mark.parametrize("order", ["own", "shared"])
def test_each_network_ends_as_it_was_when_it_first_reached_the_accuracy(architecture, order):
    settings, data = stopping(architecture, order=order), images()
    found = trained(settings, data, rates=RATES).result()
    ends = []
    for i in range(3):
        alone = accuracies(settings, data, i)
        epoch = next((e for e, (accuracy, _) in enumerate(alone) if accuracy >= 0.9), len(alone) - 1)
        ends.append(5 * (epoch + 1))
        assert found["stopped/accuracy"][i] == pytest.approx(alone[epoch][0])
        for name, t in alone[epoch][1].items():
            torch.testing.assert_close(found[f"final/{name}"][i], t, rtol=1e-3, atol=1e-4, msg=name)
    assert found["stopped/step"].tolist() == ends
    assert len(set(ends)) > 1 and max(ends) <= 70


def test_a_group_ends_with_its_last_network_and_leaves_whole_records():
    settings, data = stopping(), images()
    run = trained(settings, data, [1, 2], RATES[1:])
    found = run.result()
    assert run.step == max(found["stopped/step"]) < run.steps == 70
    assert (found["stopped/accuracy"] >= 0.9).all()
    assert found["history/step"].tolist() == list(range(70))
    assert found["history/test/step"].tolist() == [0, 15, 30, 45, 60, 70]
    assert found["history/alignment/fc1"].shape == (18, 2, 12)
    loss, accuracy = evaluate(run.stack(), data.test)
    for i, end in enumerate(found["stopped/step"].tolist()):
        assert found["history/loss"][:end, i].isfinite().all() and found["history/loss"][end:, i].isnan().all()
        probed = -(-end // 4)
        assert found["history/alignment/fc2"][:probed, i].isfinite().all()
        assert found["history/alignment/fc2"][probed:, i].isnan().all()
        later = [row for row, step in enumerate(found["history/test/step"].tolist()) if step >= end]
        torch.testing.assert_close(found["history/test/loss"][later, i], loss[i].expand(len(later)))
        torch.testing.assert_close(found["history/test/accuracy"][later, i], accuracy[i].expand(len(later)))
    assert same({n: found[f"snapshot/0.9/{n}"] for n in run.stack().state}, run.stack().state)


def test_a_network_that_does_not_reach_the_accuracy_says_so():
    found = trained(stopping(accuracy=1.0, epochs=3), images(), [0], RATES[:1]).result()
    assert found["stopped/step"].tolist() == [15]
    assert found["stopped/accuracy"][0] < 1
    assert found["history/loss"].isfinite().all()


def test_without_a_stop_nothing_is_said_of_it():
    assert not [name for name in trained(block(epochs=1), images(), [0]).result() if name.startswith("stopped/")]


def test_an_ended_network_keeps_its_bits_while_others_train():
    settings = stopping(RESIDUAL)
    run = Run(company(settings, rates=RATES), images())
    kept = {}
    while not run.finished:
        run.epoch()
        for i, end in enumerate(run.ends.tolist()):
            if end <= run.step:
                now = {name: t[i].clone() for name, t in run.stack().state.items()}
                assert same(now, kept.setdefault(i, now))
    assert len(kept) == 3
