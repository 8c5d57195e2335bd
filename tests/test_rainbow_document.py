"""Contracts of the rainbow document's analyses and plots, and what they must say of networks whose answer is known."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from netspectra.data.images import Dataset, Split
from netspectra.experiments import drawing as plots
from netspectra.experiments.measuring import Given
from netspectra.experiments.rainbow_alignment import analysis as rainbow_alignment
from netspectra.experiments.rainbow_generation import analysis as rainbow_generation
from netspectra.experiments.rainbow_spectra import analysis as rainbow_spectra
from netspectra.experiments.rainbow_spectra.summaries import add_decay, add_likelihood_ratios, filter_kurtosis
from netspectra.experiments.rainbow_training import analysis as rainbow_training
from netspectra.lenses.hidden import hidden_layers, joint_moments, replicates
from netspectra.measures.procrustes import align
from netspectra.networks.checkpoints import Networks
from netspectra.networks.ensembles import Ensemble
from netspectra.networks.places import read
from netspectra.statistics.intervals import Metrics

ARCHITECTURES = {
    "mlp": {"type": "fully_connected", "widths": [64, 14, 12, 4], "bias": False},
    "cnn": {
        "type": "convolutional", "channels": [1, 6, 8], "kernel": 3, "stride": 2, "image": 8, "classes": 4,
        "bias": False,
    },
}  # fmt: skip
BATCH = {"rainbow_mlp": 100, "rainbow_cnn": 70}
SETTINGS = {
    "rainbow_spectra": {
        "batch": BATCH, "controls": ["rainbow_mlp"],
        "clipped_replicates": 2, "power_law": {"first": 2, "last": 10}, "head": [5, 4],
        "quoted_ranks": {"activation": [3], "weight": [2, 90]}, "resamples": 20, "draws": 2, "seed": 1,
        "dead": 1e-10, "chance": 25,
    },
    "rainbow_alignment": {
        "batch": BATCH, "controls": ["rainbow_mlp"],
        "shown": 10, "head": 3, "late": [6, 9], "learned": [4, 3], "seed": 1, "dead": 1e-10,
    },
    "rainbow_generation": {
        "batch": BATCH, "images": {"rainbow_mlp": 100, "rainbow_cnn": 70}, "draws": 2, "channel_draws": 1,
        "control_draws": 2, "other_draws": 1, "widths": [0.5, 2], "seed": 1, "chance": 25,
    },
    "rainbow_training": {"points": 10, "chance": 25},
}  # fmt: skip
FIGURES = {
    "rainbow_spectra": {"rainbow_activation_spectra", "rainbow_weight_spectra"},
    "rainbow_alignment": {"rainbow_activation_alignment", "rainbow_weight_alignment"},
}


def split(samples, seed):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (samples, 1, 8, 8), generator=generator, dtype=torch.uint8)
    labels = torch.randint(4, (samples,), generator=generator)
    return Split(images, labels, torch.full((1, 1), 1 / 128), torch.full((1,), -1.0))


def trained(kind, count=3):
    """Networks whose weights are their initial ones and a strong direction that all share in the first layer."""
    architecture = ARCHITECTURES[kind]
    initial = Ensemble.initial(architecture, range(count)).parameters
    first = next(iter(initial))
    shared = torch.randn(initial[first][0].flatten(1).shape[1], generator=torch.Generator().manual_seed(9))
    strong = torch.randn(initial[first].shape[:2], generator=torch.Generator().manual_seed(8))
    change = torch.einsum("rn,d->rnd", strong, shared / shared.norm()).reshape(initial[first].shape)
    final = initial | {first: initial[first] + change}
    history = {"step": torch.arange(4), "test/step": torch.tensor([0, 2, 4])}
    history |= {name: torch.linspace(0, 1, 4)[:, None].repeat(1, count) for name in ("loss", "accuracy")}
    history |= {f"test/{name}": torch.linspace(0, 1, 3)[:, None].repeat(1, count) for name in ("loss", "accuracy")}
    tensors = {f"final/{kind}/{n}": t for n, t in final.items()}
    tensors |= {f"snapshot/0/{kind}/{n}": t for n, t in initial.items()}
    tensors |= {f"history/{kind}/{n}": t for n, t in history.items()}
    settings = {"architecture": architecture, "variants": {kind: {}}, "snapshots": [0], "epochs": 2}
    return Networks(settings, tensors)


def given(experiment, monkeypatch, **networks):
    networks = networks or {f"rainbow_{kind}": trained(kind) for kind in ARCHITECTURES}
    data = Dataset(split(210, 0), split(90, 1), ("a", "b", "c", "d"), "none")
    monkeypatch.setattr(Given, "data", lambda *_: data)
    return Given(SETTINGS[experiment], networks)


@pytest.mark.parametrize("experiment", SETTINGS)
def test_tables_metrics_and_figures(experiment, monkeypatch):
    analyse = importlib.import_module(f"netspectra.experiments.{experiment}.analysis").analyse
    found = analyse(given(experiment, monkeypatch))
    assert found.table.equals(analyse(given(experiment, monkeypatch)).table)
    assert {"network", "replicate", "x", "value"} <= set(found.table.columns)
    assert np.isfinite(found.table.value).all()
    assert all(np.isfinite(value) for value in found.metrics.values())
    assert all(found.metrics[f"{n}_low"] <= found.metrics[n] for n in found.metrics if f"{n}_low" in found.metrics)
    plots.style.use()
    figures = importlib.import_module(f"netspectra.experiments.{experiment}.plot").draw(
        found.table, SETTINGS[experiment], {}
    )
    assert {f"{name}{end}" for name in FIGURES.get(experiment, set()) for end in ("", "_cnn")} <= set(figures)
    for figure in figures.values():
        figure.canvas.draw()
        assert all(axes.get_xlabel() or axes.get_title() or axes.get_ylabel() for axes in figure.axes)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_joint_moments_are_those_of_every_pair(kind):
    networks = replicates(trained(kind))
    images = split(60, 3)
    moments = joint_moments(networks, images.batches(25))
    x, _ = images.batch(slice(None))
    for h in hidden_layers(networks[0]):
        kept = [read(network, x, leaving=[f"relu{h.number}"]).leaving[f"relu{h.number}"] for network in networks]
        flat = [k.movedim(1, -1).flatten(0, -2).double() for k in kept]
        expected = flat[0].T @ flat[2] / len(flat[0])
        assert torch.allclose(moments[h.number].blocks(False)[0, 2], expected, atol=1e-6)


def test_the_planted_direction_is_the_only_one_above_the_edge(monkeypatch):
    metrics = rainbow_spectra.analyse(given("rainbow_spectra", monkeypatch)).metrics
    assert metrics["mlp_1_weight_above_edge"] == 1
    assert metrics["mlp_2_weight_above_edge"] == metrics["mlp_2_weight_initial_above_edge"]
    assert metrics["mlp_2_weight_median_over_initial"] == pytest.approx(1)
    assert metrics["mlp_1_activation_accuracy_full"] == pytest.approx(metrics["mlp_1_weight_accuracy_full"])
    assert "mlp_1_weight_loss_rank_2" in metrics
    assert "mlp_1_weight_loss_rank_90" not in metrics


def test_one_network_three_times_aligns_with_itself(monkeypatch):
    once = trained("mlp", 1)
    tensors = {n: t.repeat_interleave(3, 0) if n.startswith("final") else t for n, t in once.tensors.items()}
    copies = {"rainbow_mlp": replace(once, tensors=tensors)}
    metrics = rainbow_alignment.analyse(given("rainbow_alignment", monkeypatch, **copies)).metrics
    for name in ("1_r", "2_r", "1_explained_centred", "2_r_test", "1_activation_cosine_head", "2_weight_cosine_head"):
        assert metrics[f"mlp_{name}"] == pytest.approx(1, abs=1e-5)
    assert metrics["mlp_r_fall"] == pytest.approx(0, abs=1e-5)
    assert metrics["mlp_1_weight_random_cosine_head"] < 0.7


def test_explained_variance_is_the_square_of_r_for_every_pair(monkeypatch):
    metrics = rainbow_alignment.analyse(given("rainbow_alignment", monkeypatch)).metrics
    assert metrics["mlp_1_explained"] == pytest.approx(metrics["mlp_1_r"] ** 2, abs=0.01)
    assert metrics["mlp_1_explained"] < metrics["mlp_1_r"]
    assert metrics["mlp_1_r_overfit"] == pytest.approx(metrics["mlp_1_r"] - metrics["mlp_1_r_test"])


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_turned_directions_act_on_the_other_network_as_their_own_on_theirs(kind):
    """If the other network is a rotation of the channels, turned directions see exactly the same projections."""
    generator = torch.Generator().manual_seed(0)
    rest = 1 if kind == "mlp" else 9
    x = torch.randn(50, 6, rest, generator=generator, dtype=torch.float64)
    rotation = torch.linalg.qr(torch.randn(6, 6, generator=generator, dtype=torch.float64)).Q
    y = torch.einsum("ncr,cd->ndr", x, rotation)
    vectors = torch.randn(6 * rest, 3, generator=generator, dtype=torch.float64)
    alignment = align(torch.einsum("ncr,ndr->cd", x, y))
    found = rainbow_alignment.turned(vectors, alignment)
    assert torch.allclose(y.flatten(1) @ found, x.flatten(1) @ vectors)


def test_mismatched_networks_see_every_image_but_never_the_same():
    networks = replicates(trained("mlp"))
    x, y = split(60, 3).batch(slice(None))
    matched, mismatched = (joint_moments(networks, [(x, y)], mismatched=m)[1].blocks(False) for m in (False, True))
    assert torch.allclose(mismatched[1, 1], matched[1, 1])
    first, second = (read(n, x, leaving=["relu1"]).leaving["relu1"].double() for n in networks[:2])
    assert torch.allclose(mismatched[0, 1], first.T @ second.roll(1, 0) / 60, atol=1e-6)


def test_gains_are_those_of_known_accuracies():
    draws = {
        ("trained", 1.0): np.array([[50.0], [52.0], [54.0]]),
        ("all layers flat", 1.0): np.array([[40.0, 40.0], [41.0, 41.0], [42.0, 42.0]]),
        ("isotropic flat", 1.0): np.full((3, 1), 30.0),
        ("isotropic", 1.0): np.full((3, 2), 30.0),
    }
    metrics = Metrics()
    rainbow_generation.add_gains(metrics, "mlp", draws)
    assert metrics["mlp_gain_drawn"] == pytest.approx(11)
    assert metrics["mlp_most_drawn"] == pytest.approx(0.5)
    assert metrics["mlp_gain_control"] == metrics["mlp_most_control"] == 0


def test_a_lognormal_is_told_from_a_power_law():
    metrics, generator = Metrics(), torch.Generator().manual_seed(0)
    add_likelihood_ratios(metrics, "p", torch.arange(3.0, 201, dtype=torch.float64).pow(-1.3).repeat(3, 1), generator)
    assert metrics["p_lognormal_ratio"] < 3.84 / 10
    assert metrics["p_lognormal_ratio_control_low"] > 3.84


def test_kurtosis_is_zero_for_gaussian_and_high_for_sparse_filters():
    generator = torch.Generator().manual_seed(0)
    normal = torch.randn(400, 8, 3, 3, generator=generator)
    sparse = normal * (torch.rand(400, 8, 3, 3, generator=generator) < 0.1)
    assert filter_kurtosis(normal) == pytest.approx(0, abs=0.15)
    assert filter_kurtosis(sparse) > 5


def test_exponential_decay_is_straighter_in_the_rank_than_in_its_logarithm():
    metrics, ranks = Metrics(), np.arange(1, 31)
    add_decay(metrics, "e", np.exp(-0.1 * ranks)[None])
    add_decay(metrics, "p", (1.0 / ranks)[None])
    assert metrics["e_r_squared"] == pytest.approx(1)
    assert metrics["e_exponential_over_power"] > 0.1
    assert metrics["p_exponential_over_power"] < -0.1


def test_generation_counts_every_condition(monkeypatch):
    table = rainbow_generation.analyse(given("rainbow_generation", monkeypatch)).table
    counts = table[table.network == "cnn"].condition.value_counts().to_dict()
    once = "layer 1 alone", "layer 2 alone", "average covariance", "spatial filters kept", "not aligned", "trained"
    twice = "all layers flat", "isotropic", "width"
    assert counts == {"all layers": 3, "isotropic flat": 3, **dict.fromkeys(twice, 6), **dict.fromkeys(once, 3)}
    assert table.value.between(0, 100).all()


def test_training_is_told_by_epoch(monkeypatch):
    found = rainbow_training.analyse(given("rainbow_training", monkeypatch))
    assert found.metrics["mlp_test_accuracy"] == 100
    assert found.metrics["cnn_over_mlp"] == 0
    tests = found.table[found.table.quantity == "test_accuracy"]
    assert sorted(tests.x.unique()) == [0, 1, 2]
