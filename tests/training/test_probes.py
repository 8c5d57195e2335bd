"""Probes and interventions on any network: the numbers of a straightforward computation."""

import pytest
import torch
from small_runs import LSTM, PERCEPTRON, RESIDUAL, block, company, images, text, trained
from torch import nn

from netspectra.measures.alignment import alignment, patches
from netspectra.measures.projection import keep_high_variance
from netspectra.measures.spectra import eigenspectrum
from netspectra.networks.ensembles import Ensemble
from netspectra.networks.places import read
from netspectra.networks.zoo import build
from netspectra.training import interventions
from netspectra.training.probes import Alignment, places
from netspectra.training.run import Run

CIRCULAR = nn.Sequential(
    nn.Conv2d(1, 3, 3, padding=1, padding_mode="circular"), nn.ReLU(), nn.Flatten(), nn.Linear(48, 3)
)  # fmt: skip


@pytest.mark.parametrize("network", [build(PERCEPTRON), build(RESIDUAL), CIRCULAR])
def test_alignment_of_every_layer(network):
    network.eval()
    ensemble = Ensemble.from_state(network, {n: torch.stack([t, 2 * t]) for n, t in network.state_dict().items()})
    x = torch.randn(20, 1, 4, 4)
    probe = Alignment(network)
    found, names = probe.measure(ensemble, ensemble(x, *places([probe]))), probe.entering
    assert list(found) == names == [n for n, m in network.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    for i, single in enumerate(ensemble):
        entering = read(single, x, names).entering
        for name in names:
            layer = single.get_submodule(name)
            rows = patches(entering[name], layer) if isinstance(layer, nn.Conv2d) else entering[name]
            wanted = alignment(rows, layer.weight.flatten(1)).float()
            torch.testing.assert_close(found[name][i], wanted, rtol=1e-3, atol=1e-5)


def test_tokens_are_samples_of_an_alignment():
    ensemble, (x, _) = Ensemble.initial(LSTM, [1, 2]), text().train.batch(slice(None))
    probe = Alignment(ensemble.network)
    found = probe.measure(ensemble, ensemble(x, *places([probe])))
    assert list(found) == ["logits"]
    for i, single in enumerate(ensemble):
        rows = read(single, x, ["logits"]).entering["logits"].flatten(0, 1)
        torch.testing.assert_close(
            found["logits"][i], alignment(rows, single.logits.weight).float(), rtol=1e-4, atol=1e-6
        )


def test_probes_see_the_step_that_they_belong_to():
    data, settings = images(), block(RESIDUAL, probes=[{"name": "alignment", "every": 4}], batch=30, epochs=3)
    run = Run(company(settings), data)
    run.epoch()
    x, _ = data.train.batch(run.plan.order(1, run.group.seeds)[:, 30:60])
    run._learn(run.plan.order(1, run.group.seeds)[:, :30], None)  # step 3, which no probe looks at
    probe = Alignment(run.network)
    wanted = probe.measure(run.stack(), run.stack()(x, *places([probe]), training=True, own=True))
    other = Run(company(settings), data)
    other.epoch()
    other.epoch()
    history = other.records.history()
    assert history["alignment/step"].tolist() == [0, 4]
    for name, t in wanted.items():
        torch.testing.assert_close(history[f"alignment/{name}"][1], t, rtol=1e-4, atol=1e-6)


def test_early_steps_are_all_measured_and_no_measurement_disturbs_training():
    data, steps = images(), {}
    runs = {}
    for early in (0, 3, 7):
        settings = block(probes=[{"name": "alignment", "every": 4, "early": early}], batch=30, epochs=3)
        runs[early] = trained(settings, data).result()
        steps[early] = runs[early]["history/alignment/step"].tolist()
    assert steps == {0: [0, 4, 8], 3: [0, 1, 2, 4, 8], 7: [0, 1, 2, 3, 4, 5, 6, 8]}
    for name, t in runs[0].items():
        rows = [steps[7].index(step) for step in steps[0]] if name.startswith("history/alignment/") else slice(None)
        assert torch.equal(runs[7][name][rows], t), name


@pytest.mark.parametrize("network", [build(PERCEPTRON), CIRCULAR])
def test_low_variance_directions_leave_the_weights_of_every_layer(network):
    data = images()
    ensemble = Ensemble.from_state(network, {n: torch.stack([t, t + 0.1]) for n, t in network.state_dict().items()})
    singles = [ensemble.single(i) for i in range(2)]
    action = {"name": "remove_low_variance", "every": 1, "split": "train", "cutoff": 0.1}
    interventions.at_epoch(ensemble, data, 1, 2, action)
    x, _ = data.train.batch(slice(None))
    for i, single in enumerate(singles):
        for name in Alignment(network).layers:
            layer, rows = single.get_submodule(name), read(single, x, [name]).entering[name]
            rows = patches(rows, layer) if isinstance(layer, nn.Conv2d) else rows
            weight = keep_high_variance(layer.weight.flatten(1), eigenspectrum(rows.double().T.cov()), 0.1)
            torch.testing.assert_close(ensemble.weight(name)[i].flatten(1), weight, rtol=1e-3, atol=1e-4)


def test_an_intervention_that_has_no_matrix_to_work_on_is_refused():
    action = {"name": "remove_low_variance", "every": 1, "split": "train", "cutoff": 0.1}
    with pytest.raises(ValueError, match=r"intervention: wanted linear layers and convolutions .* found embedding"):
        interventions.at_epoch(Ensemble.initial(LSTM, [1]), text(), 1, 2, action)
    before = Ensemble.initial(LSTM, [1])
    interventions.at_epoch(before, text(), 1, 2, action | {"cutoff": None})
    interventions.at_epoch(before, text(), 2, 2, action)
    assert all(torch.equal(t, Ensemble.initial(LSTM, [1]).state[n]) for n, t in before.state.items())
