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
    "samples": 60, "neurons": [6, 4], "datapoints": [7, 20, 60], "fall": [20, 60], "advised": 5, "draws": 3, "seed": 1,
}  # fmt: skip
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
    monkeypatch.setattr(cca_mnist, "replicates", lambda _: [])
    monkeypatch.setattr(cca_mnist, "activations", lambda *_: layers())
    monkeypatch.setattr(Given, "data", lambda *_: SimpleNamespace(test=None))
    return cca_mnist.analyse(Given(MNIST, {"cca_mnist": None}))


def test_toy_table_and_figures():
    found = cca_toy.analyse(Given(TOY))
    assert found.table.equals(cca_toy.analyse(Given(TOY)).table)
    assert np.isfinite(found.table.value).all()
    assert found.metrics["mapped_smallest"] > 1 - 1e-9
    assert found.metrics["mean_at_7"] == pytest.approx(1, abs=1e-9)
    assert found.metrics["smallest_fall"] > 0
    assert found.metrics["fall_20_to_60"] == pytest.approx(found.metrics["mean_at_20"] - found.metrics["mean_at_60"])
    plots.style.use()
    assert set(toy_plot.draw(found.table, TOY, {})) == {"cca_toy_spectrum", "cca_toy_invariance", "cca_datapoints"}


def test_mnist_table_metrics_and_figures(mnist):
    assert np.isfinite(mnist.table.value).all()
    assert all(np.isfinite(value) for value in mnist.metrics.values())
    assert set(mnist.table.network) == {"mnist", "noise", "permuted", "theory"}
    for method in cca_mnist.METHODS:
        assert mnist.metrics[f"mnist_{method}_low"] <= mnist.metrics[f"mnist_{method}"]
        assert mnist.metrics[f"{method}_over_permuted"] > 0.1
    plots.style.use()
    figures = mnist_plot.draw(mnist.table, MNIST, {})
    assert len(figures) == 6
    for name, figure in figures.items():
        figure.canvas.draw()
        assert all(axes.get_xlabel() or name == "cca_mnist_methods" for axes in figure.axes)


def test_recipe_table_and_figure(monkeypatch):
    block = {"replicates": 3, "epochs": 5, "snapshots": [0.2, 1.0], "variants": {"a": {}, "b": {"epochs": 10}}}
    networks = SimpleNamespace(settings=block, variants=["a", "b"], stack=lambda *_: [])
    monkeypatch.setattr(cca_recipe, "activations", lambda *_: layers())
    monkeypatch.setattr(Given, "data", lambda *_: SimpleNamespace(test=None))
    settings, published = {"top": 3}, {"mean": 0.5, "svcca": 0.9, "share": 0.4}
    found = cca_recipe.analyse(Given(settings, {"nets": networks}, published=published))
    assert set(found.table.groupby("variant").epochs.unique()["b"]) == {2, 10}
    for name, printed in published.items():
        mean = found.table[found.table.quantity == name].value.mean()
        assert found.metrics[f"{name}_nearest"] == pytest.approx(mean - printed)
        assert found.metrics[f"{name}_least"] == pytest.approx(mean)
    plots.style.use()
    (figure,) = recipe_plot.draw(found.table, settings, published).values()
    assert len(figure.axes) == 3
