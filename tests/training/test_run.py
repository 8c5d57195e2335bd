"""Runs: what they leave behind, that networks do not depend on their companions, and that divergence is said."""

from dataclasses import replace

import pytest
import torch
from small_runs import LSTM, PERCEPTRON, RESIDUAL, block, company, images, same, text, trained
from torch.nn import functional as F

from netspectra.errors import TrainingError
from netspectra.networks.zoo import build
from netspectra.training.run import Run
from netspectra.training.tasks import evaluate


def test_a_run_records_every_step_and_test():
    settings = block(probes=[{"name": "alignment", "every": 3}], optimiser={"name": "adam", "rate": 0.03})
    found = trained(settings, images()).result()
    history = {name.removeprefix("history/"): t for name, t in found.items() if name.startswith("history/")}
    assert history["step"].tolist() == list(range(20))
    assert history["test/step"].tolist() == [0, 10, 20]
    assert history["alignment/step"].tolist() == [0, 3, 6, 9, 12, 15, 18]
    shapes = {name: tuple(t.shape) for name, t in history.items() if not name.endswith("step")}
    assert shapes == {
        "loss": (20, 3), "accuracy": (20, 3), "test/loss": (3, 3), "test/accuracy": (3, 3),
        "alignment/fc1": (7, 3, 12), "alignment/fc2": (7, 3, 8), "alignment/fc3": (7, 3, 3),
    }  # fmt: skip
    assert history["loss"][-5:].mean() < 0.8 * history["loss"][:5].mean()
    assert history["test/accuracy"].dtype == torch.float64
    assert (history["test/accuracy"][-1] > 0.8).all()


@pytest.mark.parametrize(("architecture", "data"), [(PERCEPTRON, images), (RESIDUAL, images), (LSTM, text)])
@pytest.mark.parametrize("order", ["own", "shared"])
def test_a_network_does_not_depend_on_its_companions(architecture, data, order):
    settings, rates = block(architecture, order=order, epochs=3, optimiser={"name": "sgd"}), [0.02, 0.1, 0.05]
    together = trained(settings, data(), rates=rates).result()
    for i in range(3):
        alone = trained(settings, data(), [i], rates[i : i + 1]).result()
        for name, t in alone.items():
            if not name.endswith("step"):
                dim = 1 if name.startswith("history/") else 0
                torch.testing.assert_close(
                    t.select(dim, 0), together[name].select(dim, i), rtol=1e-4, atol=1e-5, msg=name
                )


def test_a_residual_network_trains_as_one_of_torch():
    settings = block(RESIDUAL, optimiser={"name": "sgd", "rate": 0.1, "momentum": 0.9, "weight_decay": 5e-4}, epochs=4)
    data = images()
    run = trained(settings, data, [0])
    torch.manual_seed(settings["seed"])
    network, losses = build(RESIDUAL), []
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    for epoch in range(4):
        order = torch.randperm(90, generator=torch.Generator().manual_seed(settings["seed"] * 100_003 + epoch))
        for index in order.split(20):
            x, y = data.train.batch(index)
            optimiser.zero_grad()
            loss = F.cross_entropy(network(x), y)
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    result = run.result()
    torch.testing.assert_close(result["history/loss"][:, 0], torch.tensor(losses), rtol=0, atol=1e-5)
    for name, t in network.state_dict().items():
        torch.testing.assert_close(result[f"final/{name}"][0], t, rtol=1e-4, atol=1e-5, msg=name)
    loss = F.cross_entropy(network.eval()(data.test.batch(slice(None))[0]), data.test.labels)
    assert result["history/test/loss"][-1].item() == pytest.approx(loss.item(), abs=1e-5)


def test_an_lstm_learns_a_sequence_that_comes_back():
    data = text()
    run = trained(block(LSTM, epochs=40, clip=0.25, optimiser={"name": "adam", "rate": 0.02}), data, [0, 1])
    loss, accuracy = evaluate(run.stack(), data.test)
    assert (accuracy > 0.97).all() and (loss < 0.15).all()
    history = run.result()
    assert history["history/loss"].shape == (80, 2)
    assert history["history/test/loss"][0].mean().exp() > 4  # the perplexity of not knowing among seven


def test_dropout_is_that_of_the_network_alone():
    settings = block(LSTM | {"dropout": 0.3}, epochs=2)
    before = torch.get_rng_state()
    together = trained(settings, text()).result()
    assert torch.equal(torch.get_rng_state(), before)
    for i in range(3):
        alone = trained(settings, text(), [i]).result()
        torch.testing.assert_close(alone["history/loss"][:, 0], together["history/loss"][:, i], rtol=1e-5, atol=1e-6)
    none = trained(block(LSTM, epochs=2), text()).result()
    assert not torch.allclose(none["history/loss"], together["history/loss"], atol=1e-3)


def test_permuted_labels_are_learned_and_not_told_on_the_test_set():
    data = images()
    order = torch.randperm(90, generator=torch.Generator().manual_seed(3))
    permuted = replace(data, train=replace(data.train, labels=data.train.labels[order]))
    settings = block(PERCEPTRON | {"widths": [16, 60, 60, 3]}, epochs=120, optimiser={"name": "adam", "rate": 0.01})
    run = trained(settings, permuted, [0])
    assert evaluate(run.stack(), permuted.train)[1] > 0.95
    assert evaluate(run.stack(), permuted.test)[1] < 0.6


def test_snapshots_hold_parameters_and_buffers_of_their_step():
    settings = block(RESIDUAL, snapshots=[0, 0.5, 1.0], epochs=2, batch=30)
    run = Run(company(settings), images())
    start = {name: t.clone() for name, t in run.stack().state.items()}
    states = []
    while not run.finished:
        run.epoch()
        states.append({name: t.clone() for name, t in run.stack().state.items()})
    found = run.result()
    for fraction, wanted in (("0", start), ("0.5", states[0]), ("1", states[1])):
        assert same({n: found[f"snapshot/{fraction}/{n}"] for n in wanted}, wanted)
    assert "stem.bn.num_batches_tracked" in start and found["final/stem.bn.num_batches_tracked"].tolist() == [6, 6, 6]


def test_fractions_that_fall_on_one_step_are_each_kept_and_0_is_the_untrained_state():
    run = Run(company(block(snapshots=[0, 0.001, 0.04, 0.06, 1.0])), images())  # 20 steps: 0.001 and 0.04 are step 1
    start = {name: t.clone() for name, t in run.stack().state.items()}
    while not run.finished:
        run.epoch()
    found = run.result()
    of = {f: {n: found[f"snapshot/{f}/{n}"] for n in start} for f in ("0", "0.001", "0.04", "0.06", "1")}
    assert same(of["0"], start)
    assert not same(of["0.001"], start)
    assert same(of["0.001"], of["0.04"]) and same(of["0.04"], of["0.06"])
    assert same(of["1"], run.stack().state)
    tensors = [t.data_ptr() for name, t in found.items() if name.startswith("snapshot/")]
    assert len(set(tensors)) == len(tensors)  # files hold no tensor under two names


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"snapshots": [0.5, 0.50000001]}, "snapshots: wanted fractions that differ"),
        ({"snapshots": [1.5]}, r"fraction: wanted a share of training in \[0, 1\], found 1.5"),
        (
            {"probes": [{"name": "alignment", "every": 2}, {"name": "alignment", "every": 3}]},
            "probes: wanted each name once",
        ),
        ({"probes": [{"name": "gain", "every": 2}]}, "probes.name: wanted one of alignment, found 'gain'"),
        ({"schedule": {"name": "square"}}, "schedule.name: wanted one of constant, linear"),
        (
            {"freeze": [{"layers": "conv*", "at": 0.1}]},
            r"freeze.layers: wanted a pattern for some of flatten, fc1.*'conv\*'",
        ),
        (
            {"freeze": [{"layers": "fc1", "at": 0.1}], "intervention": {"name": "remove_low_variance", "every": 1}},
            "freeze: wanted none beside an intervention",
        ),
        ({"architecture": {"type": "transformer"}}, "architecture.type: wanted one of fully_connected"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Run(company(block(**changes)), images())


def test_a_diverging_training_says_which_network():
    with pytest.raises(TrainingError, match=r"seed 6 diverged: .* at step \d+; lower optimiser\.rate \(now 1e\+30\)"):
        trained(block(optimiser={"name": "sgd"}), images(), rates=[0.01, 1e30, 0.01])


@pytest.mark.parametrize("rate", [1e38, 1e25])
def test_a_training_that_diverges_in_its_last_step_is_no_success(rate):
    settings = block(optimiser={"name": "sgd", "rate": rate}, epochs=1, batch=90)  # one step, whose own loss is finite
    with pytest.raises(TrainingError, match=r"is not finite at step 1; lower optimiser\.rate"):
        trained(settings, images(), [0])


def test_buffers_that_are_not_finite_are_no_success():
    run = Run(company(block(RESIDUAL, epochs=1)), images())
    run.buffers["stem.bn.running_var"][2, 0] = torch.nan
    with pytest.raises(TrainingError, match="seed 7 diverged"):
        run.epoch()


def test_an_intervention_reaches_every_layer_in_training():
    action = {"name": "remove_low_variance", "every": 1, "split": "train", "cutoff": 0.2}
    run = Run(company(block(intervention=action, epochs=2)), images())
    run.epoch()
    for layer, rank in (("fc1", 4), ("fc2", 4), ("fc3", 3)):
        singular = torch.linalg.svdvals(run.stack().weight(layer))
        assert ((singular > 1e-5 * singular[:, :1]).sum(1) <= rank).all()
