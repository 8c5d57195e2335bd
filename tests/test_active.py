"""The active-subspace experiments on small networks: contracts of tables and figures, and the limit by symmetry."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt

from netspectra.data.images import Dataset, Split
from netspectra.experiments.active_choices import analysis as active_choices
from netspectra.experiments.active_choices import plot as draw_choices
from netspectra.experiments.active_spectrum import analysis as active_spectrum
from netspectra.experiments.active_spectrum import plot as draw_spectrum
from netspectra.experiments.active_trained import analysis as active_trained
from netspectra.experiments.active_trained import plot as draw_trained
from netspectra.experiments.measuring import Given
from netspectra.figures import style
from netspectra.lenses import prior
from netspectra.lenses.gradients import blocks, gradients
from netspectra.measures import subspaces
from netspectra.networks.checkpoints import Networks
from netspectra.networks.ensembles import Ensemble

SETTING = {"widths": [1, 4, 4, 4, 1], "activation": "tanh", "output": "linear", "prior": 1.0}
SETTING |= {"loss_on": "point", "points": 20, "range": [0.0, 6.0]}
SPECTRUM = {
    "figures": ["active_eigenvalues", "active_eigenvectors", "active_layers", "active_sample_size"],
    "setting": SETTING,
    "samples": 120,
    "replicates": 2,
    "seed": 0,
    "fractions": [0.25, 0.5, 1.5],
    "ranks": [0.1, 0.5],
    "subspaces": [1, 4],
    "directions": 8,
    "gap": 4,
    "middle": 0.8,
    "resolution": 1e-14,
    "randomised": {"oversampling": 4, "iterations": 6},
    "bootstrap": {"directions": 12, "shown": 6, "resamples": 10},
    "cell": 5,
    "corner": 10,
    "bins": 10,
    "held": [0.99, 0.9],
}
READ_OFF = {"index": [1, 4, 5], "eigenvalue": [6.0, 1.9, 0.6]}
CHOICES = {
    "figures": ["active_choices"],
    "setting": SETTING,
    "choices": {"point": {}, "grid": {"loss_on": "grid"}, "relu": {"activation": "relu"}},
    "labels": {"point": "one point", "grid": "all points", "relu": "ReLU"},
    "candidates": ["point", "grid"],
    "default": "point",
    "tolerance": 0.2,
    "samples": 80,
    "replicates": 2,
    "seed": 0,
    "directions": 8,
    "gap": 4,
    "middle": 0.8,
    "held": [0.99, 0.9],
    "resolution": 1e-14,
    "randomised": {"oversampling": 4, "iterations": 6},
}
TRAINED = {"figures": ["active_trained"], "samples": 60, "share": 0.9, "fractions": [0.0, 0.5, 0.9], "seed": 0}
TRAINED |= {"batch": 5000, "chance": 10}


@pytest.fixture(autouse=True)
def _look():
    style.use()


def turns(net: torch.nn.Sequential) -> list[torch.Tensor]:
    """Changes of sign that leave the loss of a network of odd hidden units alone."""
    found, names = [], sorted({name.partition(".")[0] for name in blocks(net)})
    shapes = {name: net.get_parameter(name).shape for name in blocks(net)}
    for layer, after in pairwise(names):
        for neuron in range(shapes[f"{layer}.bias"][0]):
            signs = {name: torch.ones(shape, dtype=torch.float64) for name, shape in shapes.items()}
            signs[f"{layer}.weight"][neuron] = signs[f"{layer}.bias"][neuron] = -1
            signs[f"{after}.weight"][:, neuron] = -1
            found.append(torch.cat([s.flatten() for s in signs.values()]))
    return found


@pytest.mark.parametrize("output", ["linear", "tanh"])
def test_turns_of_signs_leave_only_single_parameters_and_pairs(output):
    """What makes C blocks of one and two: the loss does not change under any turn, which part all but 2 x 4 pairs."""
    net = prior.network(SETTING | {"output": output})
    signs = torch.stack(turns(net))
    x = torch.linspace(*SETTING["range"], SETTING["points"], dtype=torch.float64)[:, None]
    thetas = torch.randn(3, signs.shape[1], generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    g = gradients(net, thetas, x, x.sin())
    for turn in signs:
        torch.testing.assert_close(gradients(net, thetas * turn, x, x.sin()), g * turn, rtol=1e-9, atol=1e-12)
    together = signs.T @ signs == len(signs)
    assert together.sum() == signs.shape[1] + 2 * 8
    at = blocks(net)
    for one, other in (("fc1.weight", "fc1.bias"), ("fc4.weight", "fc3.bias")):
        assert together[at[one], at[other]].diagonal().all()


@pytest.mark.parametrize("change", [{}, {"loss_on": "grid", "range": [-6.0, 6.0]}])
def test_the_limit_is_where_the_spectrum_goes(change):
    setting = {**SETTING, "widths": [1, 3, 3, 1], "prior": 0.5, **change}
    g = prior.draw(setting, 60_000, seed=0)
    limit = prior.limit(g.T @ g / len(g), prior.network(setting))
    values = subspaces.active_eigenvalues(g)
    assert len(limit.unique()) == 6
    assert float(limit.sum()) == pytest.approx(float(values.sum()))
    torch.testing.assert_close(values, limit, rtol=0.2, atol=0)


def test_one_point_at_a_time_averages_to_the_grid():
    """The gradient of the loss on a point drawn at random is that on the grid on average, with a larger C."""
    setting = {**SETTING, "widths": [1, 3, 3, 1], "prior": 0.5}
    point, grid = (prior.draw({**setting, "loss_on": on}, 20_000, seed=1) for on in ("point", "grid"))
    torch.testing.assert_close(point.mean(0), grid.mean(0), rtol=0, atol=0.05)
    assert (point.square().mean(0) > grid.square().mean(0)).all()
    again = prior.draw({**setting, "loss_on": "point"}, 20_000, seed=1)
    assert torch.equal(point, again)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_active_spectrum(activation):
    settings = {**SPECTRUM, "setting": {**SETTING, "activation": activation}}
    found, again = (active_spectrum.analyse(Given(settings, published=READ_OFF)) for _ in range(2))
    pd.testing.assert_frame_equal(found.table, again.table)
    assert list(found.table) == ["quantity", "replicate", "layer", "x", "y", "value"]
    assert np.isfinite(found.table.value).all()
    sizes = found.table.groupby("quantity").size()
    assert sizes["eigenvalue"] == 2 * 53
    assert sizes["coefficient"] == 11**2
    assert sizes["corner"] == 10**2
    assert found.metrics["zeros_off"] == 0
    shares = found.table[found.table.quantity == "share"].groupby("x").value.sum()
    np.testing.assert_allclose(shares, 1)
    assert {"half_over_first_noise", "error_median_0.25", "first_over_hidden_leading_shuffled_low"} <= set(
        found.metrics
    )
    assert found.metrics["first_over_hidden_all_shuffled"] < found.metrics["first_over_hidden_all"]
    assert_figures(draw_spectrum.draw(found.table, settings, READ_OFF), settings)


def test_active_choices():
    found = active_choices.analyse(Given(CHOICES, published=READ_OFF))
    assert list(found.table) == ["quantity", "replicate", "layer", "x", "y", "value", "choice"]
    assert np.isfinite(found.table.value).all()
    assert {f"first_over_hidden_{choice}" for choice in CHOICES["choices"]} <= set(found.metrics)
    near = min(found.metrics[f"distance_{choice}"] for choice in CHOICES["candidates"])
    assert found.metrics["nearest"] == pytest.approx(near / CHOICES["tolerance"])
    assert found.metrics["default_is_nearest"] == float(near == found.metrics["distance_point"])
    assert_figures(draw_choices.draw(found.table, CHOICES, READ_OFF), CHOICES)


def test_active_trained():
    found = active_trained.analyse(trained())
    assert list(found.table) == ["quantity", "replicate", "layer", "x", "y", "value"]
    assert np.isfinite(found.table.value).all()
    intact = found.table[(found.table.quantity == "accuracy") & (found.table.x == 0)]
    assert intact.groupby("replicate").value.nunique().eq(1).all()
    assert found.metrics["held_trained"] <= 60
    assert_figures(draw_trained.draw(found.table, TRAINED, {}), TRAINED)


def trained() -> Given:
    """Two small networks that nobody trained, on noise."""
    architecture = {"type": "fully_connected", "widths": [16, 8, 6, 3], "bias": True}
    tensors = {}
    for at, seeds in (("final", (0, 1)), ("snapshot/0", (2, 3))):
        stack = Ensemble.initial(architecture, seeds)
        tensors |= {f"{at}/mlp/{name}": p for name, p in stack.parameters.items()}
    settings = {"architecture": architecture, "variants": {"mlp": {}}, "snapshots": [0], "replicates": 2, "data": {}}
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (120, 1, 4, 4), generator=generator, dtype=torch.uint8)
    split = Split(images, torch.randint(0, 3, (120,), generator=generator), torch.eye(1) / 255, torch.zeros(1))
    given = Given(TRAINED, {"net": Networks(settings, tensors)})
    given._loaded['{"data": {}}'] = Dataset(split, split, ("a", "b", "c"), "")
    return given


def assert_figures(figures: dict, settings: dict) -> None:
    style.use()
    assert list(figures) == settings["figures"]
    for figure in figures.values():
        figure.canvas.draw()
        assert all(axis.get_xlabel() or axis.get_title() or axis.get_ylabel() for axis in figure.axes)
        plt.close(figure)
