"""Freezing: gains over paired networks by hand, planted bits, and the work that a schedule saves."""

from itertools import product

import pytest
from notes_networks import CONVNET, RESNET, diamonds, draw, drawn, given, initial, trained

from netspectra.experiments.svcca_freeze.analysis import analyse, bits
from netspectra.lenses.training_cost import training_cost
from netspectra.networks.zoo import build

SETTINGS = {"base": "base", "points": 4, "late": 0.5}
LINEAR = {"snapshots": [0.5], "freeze": [{"layers": "[cb]*", "at": 0.5}]}
FROZEN = {"snapshots": [], "freeze": [{"layers": "[!l]*", "at": 0.0}]}
ENDS = {"base": [0.5, 0.6, 0.7], "linear": [0.6, 0.6, 0.9], "frozen": [0.2, 0.1]}


def networks(architecture, prefix):
    """Three networks; those that freeze keep all that starts with the prefix from half of training on."""
    end, half = initial(architecture, range(3)), initial(architecture, range(3, 6))
    moved = {name: t + 1 for name, t in end.items()}
    half = {name: end[name] if name.startswith(prefix) else moved[name] for name in half}
    states = {("base", None): end, ("linear", None): end, ("linear", 0.5): half}
    states[("frozen", None)] = {name: t[:2] for name, t in end.items()}
    return trained(architecture, states, {"base": {}, "linear": LINEAR, "frozen": FROZEN}, ends=ENDS)


@pytest.fixture(scope="module")
def found():
    return analyse(given(SETTINGS, svcca_convnet=networks(CONVNET, ("c", "b")), svcca_resnet=networks(RESNET, "b")))


def test_gains_are_over_the_networks_of_the_same_seeds(found):
    metrics = found.metrics
    assert metrics["conv_linear_final"] == pytest.approx(0.1)
    half = 4.302653 * 0.1 / 3**0.5  # Student, two degrees of freedom; standard deviation of 0.1, 0 and 0.2
    assert metrics["conv_linear_final_low"] == pytest.approx(0.1 - half, abs=1e-6)
    assert metrics["conv_linear_late"] == pytest.approx(0.75 * 0.1)
    assert metrics["resnet_frozen_final"] == pytest.approx(-0.4)


def test_what_froze_is_as_it_was_and_nothing_else_is(found):
    for kind in ("conv", "resnet"):
        assert (found.metrics[f"{kind}_identical"], found.metrics[f"{kind}_identical_control"]) == (1, 0)


def test_one_bit_in_one_buffer_is_seen():
    changed = networks(CONVNET, ("c", "b"))
    name = "final/linear/bn2.running_var"
    bit = changed.tensors[name].clone()
    bit[1, 2] = bit[1, 2].nextafter(draw(1)[0] + 9)
    changed.tensors[name] = bit
    ((frozen, others),) = bits(changed)
    assert 0.9 < frozen < 1
    assert others == 0


def test_the_saving_is_that_of_the_schedule(found):
    x = draw(2, 3, 8, 8)
    whole = sum(cost.backward for cost in training_cost(build(CONVNET), x))
    frozen = build(CONVNET)
    for name, p in frozen.named_parameters():
        p.requires_grad_(not name.startswith(("c", "b")))
    left = sum(cost.backward for cost in training_cost(frozen, x))
    assert found.metrics["conv_linear_backward"] == pytest.approx((1 + left / whole) / 2)
    assert found.metrics["conv_base_backward"] == 1
    assert found.metrics["conv_frozen_backward"] == pytest.approx(5 * 4 / whole)


def test_the_table_has_curves_times_and_gains(found):
    for kind, quantity in product(("conv", "resnet"), ("test_accuracy", "frozen", "final", "late", "backward")):
        assert ((found.table.network == kind) & (found.table.quantity == quantity)).any()
    assert found.table[found.table.quantity == "test_accuracy"].x.max() == 1


def test_the_figure_shows_gains_and_published_values(found):
    figure = drawn("svcca_freeze", found.table, SETTINGS | {"chance": 25})
    assert diamonds(figure) == 2 * (2 + 1)
    ticks = [tick.get_text() for tick in figure.axes[2].get_xticklabels()]
    assert ticks[1].startswith("all\n")
    assert ticks[0] == f"linear\n{100 * found.metrics['conv_linear_backward']:.0f} %"
    assert figure.texts[-1].get_text().startswith("3 convolutional and 3 residual networks")
