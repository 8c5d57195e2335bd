"""Statistics of all pairs together, and how many networks stand behind an experiment."""

import numpy as np
import pytest

from netspectra.statistics.estimates import of_pairs
from netspectra.statistics.pairs import of_all_pairs, pairs, ratio_of_pairs
from netspectra.statistics.replication import keys_of, least_replicates

NETWORKS = 5
VALUES = np.random.default_rng(0).normal(0.5, 0.05, len(pairs(NETWORKS)))


def test_the_mean_of_all_pairs_is_that_of_of_pairs():
    found, wanted = of_all_pairs(np.mean, VALUES, NETWORKS), of_pairs(VALUES, pairs(NETWORKS))
    assert (found.value, found.low, found.high) == pytest.approx((wanted.value, wanted.low, wanted.high))


def test_two_networks_give_no_interval():
    assert of_all_pairs(np.mean, VALUES[:1], 2).low is None


def test_ratios_are_symmetric_in_logarithms_and_turn_over_with_their_parts():
    found, back = ratio_of_pairs(2 * VALUES, VALUES[::-1], NETWORKS), ratio_of_pairs(VALUES[::-1], 2 * VALUES, NETWORKS)
    assert found.value == pytest.approx(2)
    assert found.low * found.high == pytest.approx(found.value**2)
    assert (back.low, back.high) == pytest.approx((1 / found.high, 1 / found.low), rel=0.005)


def test_a_factor_without_error_has_no_interval():
    found = ratio_of_pairs(2 * VALUES, VALUES, NETWORKS)
    assert found.value == pytest.approx(2)
    assert found.low is None


def test_networks_behind_the_tables_of_others_count():
    networks = {
        "a": {"replicates": 5, "variants": {"one": {}, "two": {"replicates": 3}}},
        "b": {"replicates": 4, "variants": {"one": {}}},
    }
    experiments = {"first": {"networks": ["a"]}, "second": {"networks": ["b"]}, "both": {"reads": ["second", "first"]}}
    settings = {"scale": "paper", "networks": networks, "experiments": experiments}
    assert least_replicates(settings, "both") == 3
    assert least_replicates(settings, "second") == 4
    assert keys_of(settings, "both")[0] == "networks.b.replicates"
