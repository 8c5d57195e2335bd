"""Directions on networks that use two of the six that their layer holds, and the two are what networks share."""

import pytest
from notes_networks import diamonds, drawn, given, planted

from netspectra.experiments.svcca_directions.analysis import analyse

SETTINGS = {
    "images": 400,
    "batch": 100,
    "share": 1.0,
    "counts": {"fc1": [1, 2, 4]},
    "few": {"fc1": 2},
    "carried": 2,
    "carried_most": 2,
    "neurons": {"fc1": [2, 4]},
    "draws": 2,
    "seed": 1,
}


@pytest.fixture(scope="module")
def found():
    networks, data = planted()
    return analyse(given(SETTINGS, data, svcca_convnet=networks))


def test_two_shared_directions_are_all_that_the_network_uses(found):
    for split in ("train", "test"):
        assert found.metrics[f"fc1_{split}_full"] > 0.99
        assert found.metrics[f"fc1_{split}_gap"] < 0.01
        assert found.metrics[f"fc1_{split}_over_pca"] > 0.2


def test_directions_of_permuted_images_and_neurons_are_not(found):
    for name in ("gap_control", "over_random", "over_strongest", "distributed"):
        assert found.metrics[f"fc1_train_{name}"] > 0.2, name
    assert found.metrics["fc1_train_over_random_control"] < found.metrics["fc1_train_over_random"] - 0.2


def test_the_table_holds_every_count_and_network(found):
    kinds = {"full", "svcca", "control", "pca", "strongest", "random 0", "random 1", "svcca on 2", "control on 4"}
    assert kinds < set(found.table.kind)
    one = found.table[(found.table.kind == "svcca") & (found.table.split == "test")]
    assert sorted(zip(one.replicate, one.x, strict=True)) == [(i, k) for i in range(3) for k in (1, 2, 4)]
    assert one.value.between(0, 1).all()
    assert set(found.table[found.table.kind == "svcca on 4"].x) == {1, 2}


def test_the_figure(found):
    figure = drawn("svcca_directions", found.table, SETTINGS | {"chance": 25})
    assert len(figure.axes) == 4
    assert diamonds(figure) > 5
    assert "3 convolutional networks" in figure.texts[-1].get_text()
