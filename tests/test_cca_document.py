"""Contracts of the CCA document's analyses and plots: columns, finite values, same seed same table, every figure."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from netspectra.experiments import drawing as plots
from netspectra.experiments.cca_mnist import analysis as cca_mnist
from netspectra.experiments.cca_mnist import plot as mnist_plot
from netspectra.experiments.cca_recipe import analysis as cca_recipe
from netspectra.experiments.cca_recipe import plot as recipe_plot
from netspectra.experiments.cca_toy import analysis as cca_toy
from netspectra.experiments.cca_toy import plot as toy_plot
from netspectra.experiments.measuring import Given

TOY = {
    "samples": 60, "neurons": [6, 4], "datapoints": [7, 20, 60], "falls": [[20, 60]], "advised": 5, "draws": 3,
    "controls": 3, "seed": 1,
}  # fmt: skip
TOY_READ = {"spectrum": {"index": [1], "value": [0.4]}, "datapoints": {"samples": [7, 60], "mean": [1.0, 0.2]}}
MNIST = {"entering": "fc3", "batch": 50, "top": 3, "mass": 0.9, "level": 0.05, "seed": 1}


def layers():
    generator = torch.Generator().manual_seed(0)
    signal = torch.randn(200, 4, generator=generator, dtype=torch.float64)
    maps = [torch.randn(4, 8, generator=generator, dtype=torch.float64) for _ in range(3)]
    return [
        cca_mnist.Layer(signal @ m + 0.3 * torch.randn(200, 8, generator=generator, dtype=torch.float64), 3)
        for m in maps
    ]


@pytest.fixture
def mnist(monkeypatch):
    monkeypatch.setattr(cca_mnist, "replicates", lambda _, at: at)
    monkeypatch.setattr(cca_mnist, "activations", lambda at, *_: layers() if at is None else unrelated())
    monkeypatch.setattr(Given, "data", lambda *_: SimpleNamespace(test=None))
    return cca_mnist.analyse(Given(MNIST, {"cca_mnist": None}))


def unrelated():
    generator = torch.Generator().manual_seed(5)
    return [cca_mnist.Layer(torch.randn(200, 8, generator=generator, dtype=torch.float64), 3) for _ in range(3)]


def test_toy_table_and_figures():
    found = cca_toy.analyse(Given(TOY))
    assert found.table.equals(cca_toy.analyse(Given(TOY)).table)
    assert np.isfinite(found.table.value).all()
    assert found.metrics["mapped_smallest"] > 1 - 1e-9
    assert found.metrics["mean_at_7"] == pytest.approx(1, abs=1e-9)
    assert found.metrics["smallest_fall"] > 0
    assert found.metrics["fall_20_to_60"] == pytest.approx(found.metrics["mean_at_20"] - found.metrics["mean_at_60"])
    assert found.metrics["sharing_smallest"] > found.metrics["independent_smallest"]
    assert found.metrics["independent_mean_of_a_draw_low"] < found.metrics["independent_mean_low"]
    plots.style.use()
    assert set(toy_plot.draw(found.table, TOY, TOY_READ)) == {
        "cca_toy_spectrum",
        "cca_toy_invariance",
        "cca_datapoints",
    }


def test_mnist_table_metrics_and_figures(mnist):
    assert np.isfinite(mnist.table.value).all()
    assert all(np.isfinite(value) for value in mnist.metrics.values())
    assert set(mnist.table.network) == {"mnist", "untrained", "noise", "noise_kept", "permuted", "theory"}
    for method in cca_mnist.METHODS:
        assert mnist.metrics[f"mnist_{method}_low"] <= mnist.metrics[f"mnist_{method}"]
        assert mnist.metrics[f"{method}_over_permuted"] > 0.1
    ahead = mnist.metrics["svcca_accentuates"] - max(mnist.metrics[f"{m}_accentuates"] for m in ("top", "pwcca"))
    assert ahead >= mnist.metrics["svcca_ahead"] - 1e-12
    assert mnist.metrics["mnist_share_of_variance"] > mnist.metrics["mnist_share_of_sum"]
    plots.style.use()
    published = {"mnist": {"mean": 0.4}, "share": 0.5} | {
        name: {"index": [1], "value": [0.9]} for name in ("spectrum", "baseline", "svcca", "singular")
    }
    figures = mnist_plot.draw(mnist.table, MNIST, published)
    assert len(figures) == 5
    for name, figure in figures.items():
        figure.canvas.draw()
        assert all(axes.get_xlabel() or name == "cca_mnist_methods" for axes in figure.axes)


FACTS = dict(zip(recipe_plot.TITLES, (50.0, 1.0, 0.1, 1.0, 0.1, 3.0, 8.0, 0.5), strict=True))
RECIPE = {
    "batch": 50, "epsilon": 1e-10, "tolerance": 0.1, "similarity": 0.05, "candidates": ["a", "b"], "control": "c",
    "recipe": "b, 10 epochs",
}  # fmt: skip


def test_the_recipe_is_the_candidate_nearest_to_all_facts(monkeypatch):
    """Variant b gives the facts of the labels themselves; a and the control give noise."""
    labels = torch.arange(200) % 4
    good = torch.nn.functional.one_hot(labels, 4).double()
    said = iter(range(100))

    def logits(network, *_):
        noise = torch.randn(200, 4, generator=torch.Generator().manual_seed(next(said)), dtype=torch.float64)
        return 4 * good + 0.2 * noise if network == "b" else noise

    block = {"replicates": 3, "epochs": 5, "snapshots": [0.2], "variants": {"a": {}, "b": {"epochs": 10}, "c": {}}}
    networks = SimpleNamespace(settings=block, variants=["a", "b", "c"], stack=lambda variant, at: [variant] * 3)
    monkeypatch.setattr(cca_recipe, "activations", lambda *_: layers())
    monkeypatch.setattr(cca_recipe, "logits", logits)
    monkeypatch.setattr(Given, "data", lambda *_: SimpleNamespace(test=SimpleNamespace(labels=labels)))
    facts = {"accuracy": 99.5, "cross_entropy": 0.06, "logit_mean": 1.0, "logit_sd": 1.74, "logit_right": 4.0}
    facts |= {"logit_largest": 4.5, "kept": 8.0, "logit_cca": 0.97}
    found = cca_recipe.analyse(Given(RECIPE, {"nets": networks}, published={"facts": facts}))
    assert set(found.table.groupby("variant").epochs.unique()["b"]) == {2, 10}
    assert found.metrics["distance"] == min(found.metrics[f"distance of b, {n} epochs"] for n in (2, 10))
    assert found.metrics["distance_control"] > found.metrics["distance"]
    assert found.metrics["chosen_accuracy"] == 100
    plots.style.use()
    (figure,) = recipe_plot.draw(found.table, RECIPE, {"facts": facts}).values()
    assert len(figure.axes) == 8


def test_the_tolerance_of_an_accuracy_is_a_share_of_the_errors():
    printed = cca_recipe.tolerances(FACTS | {"accuracy": 97.0, "logit_mean": -15.0}, RECIPE)
    assert printed["accuracy"] == pytest.approx((97.0, 0.3))
    assert printed["logit_mean"] == pytest.approx((-15.0, 1.5))
    assert printed["logit_cca"] == (0.5, 0.05)
