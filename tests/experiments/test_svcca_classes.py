"""Classes: what the logits are made of holds them whole, and findings of curves by hand."""

import numpy as np
import pandas as pd
import pytest
from notes_networks import RESNET, diamonds, drawn, given, initial, trained

from netspectra.experiments.svcca_classes.analysis import add, analyse, layers_of
from netspectra.networks.zoo import build
from netspectra.statistics.intervals import Metrics

SETTINGS = {"variant": "base", "images": 100, "batch": 50, "related": ["cat", "dog"], "other": "ship"}


@pytest.fixture(scope="module")
def resnets():
    end, other = initial(RESNET, (0, 1)), initial(RESNET, (2, 3))
    start = {name: (end if name.startswith(("stem", "b1", "b2")) else other)[name] for name in end}
    resnet = trained(RESNET, {("base", None): end, ("base", 0.0): start})
    return analyse(given(SETTINGS, svcca_resnet=resnet))


def test_the_last_layer_holds_the_logits_of_the_trained_network_alone(resnets):
    assert resnets.metrics["last"] == pytest.approx(1, abs=1e-5)
    assert resnets.metrics["last_control"] < 0.99
    assert set(resnets.table["class"]) == {"cat", "dog", "ship", "truck"}
    assert resnets.table.value.between(0, 1 + 1e-9).all()


def test_findings_of_curves():
    curves = {"cat": [0.1, 0.2, 0.5, 1.0], "dog": [0.2, 0.3, 0.6, 1.0], "ship": [0.5, 0.6, 0.7, 1.0]}
    rows = [
        {"replicate": i, "class": label, "x": x, "value": value}
        for i in (0, 1)
        for label, curve in curves.items()
        for x, value in enumerate(curve, 1)
    ]
    metrics = Metrics()
    add(metrics, "", pd.DataFrame(rows), SETTINGS)
    assert metrics["rise"] == pytest.approx(np.mean([0.4, 0.4, 0.2]))
    within = np.mean([0.1, 0.1, 0.1, 0])
    between = np.mean([[0.4, 0.4, 0.2, 0], [0.3, 0.3, 0.1, 0]])
    assert metrics["related"] == pytest.approx(between - within)
    assert metrics["order"] == pytest.approx(1)


def test_layers_are_the_notes_ones():
    assert layers_of(build(RESNET)) == [
        "stem",
        "b1.bncv1",
        "b1.res",
        "b2.bncv1",
        "b2.res",
        "b3.bncv1",
        "b3.res",
        "mean",
    ]


def test_the_figure(resnets):
    figure = drawn("svcca_classes", resnets.table, SETTINGS | {"shown": ["cat", "ship"]})
    assert diamonds(figure) == 12
    assert [axes.get_title() for axes in figure.axes] == ["trained", "before training"]
