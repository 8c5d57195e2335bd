"""Layers of one network against those of another: themselves, other images, and quadrants by hand."""

import pandas as pd
import pytest
from notes_networks import CONVNET, RESNET, diamonds, drawn, given, initial, trained

from netspectra.experiments.svcca_cross_model.analysis import analyse, low_less_high

SETTINGS = {
    "networks": ["svcca_convnet", "svcca_resnet"], "variant": "base", "images": 100, "batch": 50, "side": 4, "seed": 5,
}  # fmt: skip


def twice(architecture, seed):
    """One network two times, and what it was before."""
    states = {("base", at): initial(architecture, [s, s]) for at, s in ((None, seed), (0.0, seed + 1))}
    return trained(architecture, states)


@pytest.fixture(scope="module")
def found():
    return analyse(given(SETTINGS, svcca_convnet=twice(CONVNET, 0), svcca_resnet=twice(RESNET, 2))).table


def test_one_network_against_itself_and_against_other_images(found):
    itself = found[(found.kind == "convolutional") & (found.row == found.column)]
    assert itself.value.tolist() == pytest.approx([1] * len(itself), abs=1e-4)
    image = found[(found.row == "in") & (found.column == "in")].groupby("kind").value.mean()
    assert image["trained"] == pytest.approx(1, abs=1e-4)
    assert image["permuted"] < 0.5
    assert set(found.column) >= {"stem", "b1.bncv1", "b3.bncv2"}


def test_the_lower_quadrant_less_the_upper_one_leaves_middle_layers_out():
    rows = [{"y": y, "x": x, "value": 0.0} for y in range(4) for x in range(3)]
    for row in rows:
        row["value"] = {(0, 0): 0.9, (1, 0): 0.7, (2, 2): 0.3, (3, 2): 0.1}.get((row["y"], row["x"]), 0.5)
    assert low_less_high(pd.DataFrame(rows)) == pytest.approx(0.8 - 0.2)


def test_the_figure(found):
    figure = drawn("svcca_cross_model", found, SETTINGS)
    assert diamonds(figure) == 10
    assert "100 test images" in figure.texts[-1].get_text()
