from itertools import combinations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import t

from netspectra.statistics.estimates import of_pairs, of_replicates
from netspectra.statistics.predictions import of_single_draw, of_single_pair, with_test_spread

REPETITIONS = 400


def all_pairs(count):
    return np.array(list(combinations(range(count), 2)))


@pytest.mark.parametrize("counts", [[1, 1, 1], [2, 2], [4] * 5, [10] * 3, [1, 2, 6], [1, 1, 2, 8, 3]])
@pytest.mark.parametrize(("between", "within"), [(2, 0.5), (0.3, 1)])
def test_the_next_draw_of_the_next_network_falls_inside(counts, between, within):
    random = np.random.default_rng(counts)
    hits = 0
    for _ in range(REPETITIONS):
        draws = [between * random.normal() + within * random.normal(size=n) for n in counts]
        new = between * random.normal() + within * random.normal()
        found = of_single_draw(draws)
        hits += found.low <= new <= found.high
    assert 0.92 <= hits / REPETITIONS <= (0.98 if counts == [1, 1, 1] else 1)


def test_one_draw_a_network_gives_the_ordinary_prediction_interval():
    values = [36.0, 34.0, 39.0, 37.0]
    found = of_single_draw([[v] for v in values])
    half = t.ppf(0.975, 3) * np.std(values, ddof=1) * 1.25**0.5
    assert (found.value, found.high) == pytest.approx((36.5, 36.5 + half))
    assert found.floor == pytest.approx(np.std(values, ddof=1))


def test_unequal_numbers_of_draws_enter_by_their_harmonic_mean():
    found = of_single_draw([[1.0, 3.0], [4.0], [5.0, 6.0, 7.0, 8.0]])  # means 2, 4, 6.5; squares within 2 + 0 + 5
    between, within = np.var([2, 4, 6.5], ddof=1) * 4 / 3, (1 - (1 / 2 + 1 + 1 / 4) / 3) * 7 / 4
    half = (t.ppf(0.975, 2) ** 2 * between + t.ppf(0.975, 4) ** 2 * within) ** 0.5
    assert (found.value, found.high - found.value) == pytest.approx((12.5 / 3, half))


def test_draws_of_one_network_say_nothing_of_the_next():
    assert of_single_draw([[1.0, 2.0, 3.0]]).low is None
    assert of_single_draw([[2.0], [2.0]]).low is None
    with pytest.raises(ValueError, match="network"):
        of_single_draw([])
    with pytest.raises(ValueError, match="draws"):
        of_single_draw([[1.0], []])


def test_predictions_keep_bounds():
    draws = [[97.0, 98.0], [98.5, 98.0], [96.5, 97.5]]
    found = of_single_draw(draws, "percent")
    assert 85 < found.low < found.value < found.high < 100 < of_single_draw(draws).high


@pytest.mark.parametrize("count", [3, 4, 5, 8])
@pytest.mark.parametrize(("network", "pair"), [(1, 0), (1, 1), (0, 1)])
def test_the_pair_of_two_new_networks_falls_inside(count, network, pair):
    random = np.random.default_rng(count)
    pairs = all_pairs(count)
    effects = network * random.normal(size=(REPETITIONS, count))
    values = effects[:, pairs].sum(2) + pair * random.normal(size=(REPETITIONS, len(pairs)))
    new = network * random.normal(size=(REPETITIONS, 2)).sum(1) + pair * random.normal(size=REPETITIONS)
    found = [of_single_pair(v, pairs) for v in values]
    assert 0.92 <= np.mean([e.low <= x <= e.high for e, x in zip(found, new, strict=True)]) <= 0.995
    mean = of_pairs(values[0], pairs)
    assert found[0].low < mean.low < mean.high < found[0].high


def test_the_error_of_a_pair_of_additive_effects_is_that_of_two_networks():
    a = np.array([0.3, 1.0, -0.4, 2.0, 0.7])
    found = of_single_pair(a[all_pairs(5)].sum(1), all_pairs(5))
    variance = a.var(ddof=1) * (2 + 4 / 5)
    assert found.high - found.value == pytest.approx(t.ppf(0.975, 4) * variance**0.5)


def test_a_single_pair_needs_all_pairs_of_three_networks():
    assert of_single_pair([0.4], [(0, 1)]).low is None
    with pytest.raises(ValueError, match="every pair"):
        of_single_pair([0.4, 0.5], [(0, 1), (0, 2)])
    named = of_single_pair([0.4, 0.5, 0.7], [("b", "a"), ("c", "a"), ("b", "c")])
    assert named.high == of_single_pair([0.4, 0.5, 0.7], [(0, 1), (0, 2), (1, 2)]).high


@pytest.mark.parametrize(("networks", "images"), [(3, 100), (5, 100), (5, 1000)])
def test_accuracies_cover_over_networks_and_images(networks, images):
    random = np.random.default_rng([networks, images])
    ability = 0.3 * random.normal(size=(REPETITIONS, networks, 1))
    ease = 4 * random.normal(size=(REPETITIONS, 1, images))  # most images are easy or hard for all networks
    truth = 100 * expit(1 + (0.09 + 16) ** 0.5 * random.normal(size=10**6)).mean()
    hits = random.random((REPETITIONS, networks, images)) < expit(1 + ability + ease)
    accuracy = [of_replicates(values, "percent") for values in 100 * hits.mean(2)]
    found = [with_test_spread(e, images) for e in accuracy]
    assert 0.93 <= np.mean([e.low <= truth <= e.high for e in found]) <= 1
    assert np.mean([e.low <= truth <= e.high for e in accuracy]) < 0.9


def test_the_spread_of_images_is_binomial():
    alike = of_replicates([0.9 - 1e-9, 0.9 + 1e-9], "logit")
    found = with_test_spread(alike, 1000)
    assert found.error == pytest.approx((0.9 * 0.1 / 1000) ** 0.5, rel=0.02)
    assert found.floor == pytest.approx(found.error, rel=1e-6)
    assert with_test_spread(of_replicates([0.9], "logit"), 10).low is None
    perfect = of_replicates([1.0, 1.0, 1.0], "logit")
    assert with_test_spread(perfect, 100) == perfect
    with pytest.raises(ValueError, match="two bounds"):
        with_test_spread(of_replicates([0.9, 0.8]), 10)
