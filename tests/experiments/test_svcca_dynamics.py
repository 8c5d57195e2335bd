"""Dynamics: networks whose lower layers are at their end early, layers that copy each other, and sums of blocks."""

import pandas as pd
import pytest
from notes_networks import CONVNET, RESNET, diamonds, drawn, given, initial, trained

from netspectra.experiments.svcca_dynamics.analysis import add_check, add_residual, analyse, places_of
from netspectra.networks.zoo import build
from netspectra.statistics.intervals import Metrics

SETTINGS = {
    "variant": "base",
    "images": 100,
    "spread": 20,
    "batch": 50,
    "share": 0.99,
    "judged": 0.35,
    "low": ["c1", "c2", "p1"],
    "high": ["c4", "c5", "p2"],
    "normalised": {"bn1": "c2", "bn2": "c5"},
    "seed": 3,
}


def bottom_up(architecture, low):
    """Two networks that start at random; what starts with `low` is at its end from 35 % of training on."""
    end, start = initial(architecture, (0, 1)), initial(architecture, (2, 3))
    half = {name: (end if name.startswith(low) else start)[name] for name in end}
    states = {("base", None): end, ("base", 0.0): start, ("base", 0.35): half, ("base", 0.75): end}
    return trained(architecture, states)


@pytest.fixture(scope="module")
def found():
    convnet, resnet = bottom_up(CONVNET, ("c1", "c2", "bn1")), bottom_up(RESNET, ("stem", "b1"))
    return analyse(given(SETTINGS, svcca_convnet=convnet, svcca_resnet=resnet))


def at(table, network, time, kind="trained"):
    rows = table[(table.network == network) & (table.quantity == "diagonal") & (table.kind == kind) & (table.x == time)]
    return rows.groupby("row", sort=False).value.mean()


def test_layers_that_are_done_are_at_their_end(found):
    early = at(found.table, "convnet", 0.35)
    assert early[["in", "c1", "c2", "bn1", "p1"]].tolist() == pytest.approx([1] * 5, abs=1e-5)
    assert early[["c3", "c4", "c5", "bn2", "p2", "fc1", "logits"]].max() < 0.98
    assert at(found.table, "convnet", 0.75).min() == pytest.approx(1, abs=1e-5)
    residual = at(found.table, "resnet", 0.35)
    assert residual[["stem", "b1.bncv1", "b1.bncv2", "b1.res"]].tolist() == pytest.approx([1] * 4, abs=1e-5)


def test_the_contrast_is_that_of_the_layers_and_gone_with_permuted_images(found):
    early, metrics = at(found.table, "convnet", 0.35), found.metrics
    wanted = early[SETTINGS["low"]].mean() - early[SETTINGS["high"]].mean()
    assert metrics["bottom_up"] == pytest.approx(wanted)
    assert metrics["bottom_up"] > 0.1 > metrics["bottom_up_control"]
    assert metrics["gain"] > 0.1
    drift = at(found.table, "convnet", 0.35, "drift")
    lost = drift[SETTINGS["low"]].mean() - drift[SETTINGS["high"]].mean()
    assert metrics["beyond_drift"] == pytest.approx(wanted - lost)


def test_normalisation_is_like_what_enters_it(found):
    assert found.metrics["normalised"] == pytest.approx(1, abs=1e-4)


def test_sums_against_what_follows_them():
    names = ["b1.res", "b2.bncv1", "b2.bncv2", "b2.res"]
    values = {("b1.res", "b2.res"): 0.9, ("b1.res", "b2.bncv1"): 0.4, ("b1.res", "b2.bncv2"): 0.6}
    rows = [
        {"quantity": quantity, "x": x, "replicate": i, "row": a, "column": b, "value": values.get((a, b), 0.0) * factor}
        for quantity, x, factor in (("grid", 1.0, 1), ("start", 0.0, 0.5))
        for i in (0, 1)
        for a in names
        for b in names
    ]
    metrics = Metrics()
    add_residual(metrics, pd.DataFrame(rows))
    assert metrics["residual"] == pytest.approx(0.4)
    assert metrics["residual_control"] == pytest.approx(0.2)


def test_places_are_those_of_the_figure():
    assert " ".join(places_of(build(CONVNET))) == "in c1 c2 bn1 p1 c3 c4 c5 bn2 p2 fc1 bn3 fc2 bn4 logits out"
    assert places_of(build(RESNET))[:5] == ["in", "stem", "b1.bncv1", "b1.bncv2", "b1.res"]


def test_the_figure(found):
    figure = drawn("svcca_dynamics", found.table, SETTINGS)
    assert diamonds(figure) == 16
    assert [axes.get_title() for axes in figure.axes[:4]] == [f"{at} % of training" for at in (0, 35, 75, 100)]
    assert "curves 2 networks" in figure.texts[-1].get_text()


def test_the_least_step_is_of_layers_and_not_of_the_input_which_never_moves():
    rises = {"in": [1, 1, 1], "c1": [0.2, 0.5, 0.6], "c2": [0.1, 0.2, 0.9]}
    rows = [
        {"quantity": "diagonal", "kind": "trained", "row": row, "x": x, "replicate": i, "value": value + i * x / 100}
        for i in range(2)
        for row, values in rises.items()
        for x, value in zip((0, 0.5, 1), values, strict=True)
    ]
    metrics = Metrics()
    add_check(metrics, "convnet", pd.DataFrame(rows))
    assert metrics["convnet_rise"] == pytest.approx((0.1 + 0.105) / 2)
    assert metrics["convnet_rise_low"] < metrics["convnet_rise"] < metrics["convnet_rise_high"]
