"""Compression without loss where a layer reads two shared directions, with loss elsewhere, and counts by hand."""

import pytest
from notes_networks import diamonds, drawn, given, planted

from netspectra.experiments.svcca_compression.analysis import analyse

SETTINGS = {
    "images": 400,
    "batch": 100,
    "share": 1.0,
    "inputs": {"fc2.linear": "bn3", "fc1.linear": "p2"},
    "pair": [1 / 3, 0.5],
    "logits": [1 / 3, 0.5],
    "seed": 2,
}


@pytest.fixture(scope="module")
def found():
    networks, data = planted()
    return analyse(given(SETTINGS, data, svcca_convnet=networks)).table


def accuracy(table, kind, share, layers, split="test"):
    rows = table[(table.kind == kind) & (table.share == share) & (table.layers == layers) & (table.quantity == split)]
    return rows.value.mean()


def test_two_shared_directions_of_six_lose_nothing(found):
    for split in ("train", "test"):
        assert accuracy(found, "pair", 1 / 3, 1, split) > 0.99
        assert accuracy(found, "pair control", 1 / 3, 1, split) < 0.8
        assert accuracy(found, "pca", 1 / 3, 1, split) < 0.8


def test_the_signals_come_first_against_the_logits_too(found):
    assert accuracy(found, "logits", 1 / 3, 1) > 0.99
    assert accuracy(found, "logits control", 1 / 3, 1) < 0.8


def test_sizes_are_counted(found):
    one = found[(found.kind == "fc1.linear") & (found.share == 0.5) & (found.replicate == 0)]
    assert dict(zip(one.quantity, one.value, strict=True)) == {
        "before": 32 * 6, "after": 16 * 38, "rank": 16, "break_even": 32 * 6 / 38,
    }  # fmt: skip


def test_the_figure(found):
    figure = drawn("svcca_compression", found, SETTINGS | {"pair": [1 / 3, 0.5]})
    assert diamonds(figure) == 2  # of the whole network; the published shares are others
    assert [axes.get_title() for axes in figure.axes] == ["training images", "test images", "size of layers"]
