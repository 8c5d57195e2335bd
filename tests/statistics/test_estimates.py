import json
from dataclasses import FrozenInstanceError
from itertools import combinations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import t, ttest_ind, ttest_rel

from netspectra.statistics.contrasts import difference, ratio
from netspectra.statistics.estimates import Estimate, exactly, jackknife, of_pairs, of_replicates
from netspectra.statistics.scales import NAMED, bounds_of, from_scale, slope, to_scale
from netspectra.statistics.spread import Band, Part, band, limits, pair_band

REPETITIONS = 2000
AT_LEVEL = (0.93, 0.97)  # four standard errors of a share of 95 % in 2000 repetitions
AT_LEAST = (0.93, 1.0)


def coverage(found, truth):
    """Share of intervals that hold the truth, of a band or of estimates."""
    low, high = (found.low, found.high) if isinstance(found, Band) else np.array([(e.low, e.high) for e in found]).T
    return np.mean((low <= truth) & (truth <= high))


def inside(share, ends):
    assert ends[0] <= share <= ends[1]


def all_pairs(count):
    return np.array(list(combinations(range(count), 2)))


@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_intervals_over_replicates_cover_normal_numbers(count):
    draws = np.random.default_rng(count).normal(3, 2, (count, REPETITIONS))
    inside(coverage(band(draws), 3), AT_LEVEL)


@pytest.mark.parametrize("count", [3, 5, 10])
@pytest.mark.parametrize(("a", "b"), [(30, 1), (30, 3), (97, 3)])
def test_intervals_near_a_bound_cover_and_stay_within(count, a, b):
    draws = np.random.default_rng([count, a, b]).beta(a, b, (count, REPETITIONS))
    found, plain = band(draws, "logit"), band(draws)
    inside(coverage(found, a / (a + b)), (0.915, 0.97))
    assert coverage(found, a / (a + b)) > coverage(plain, a / (a + b))
    assert (found.low > 0).all() and (found.high < 1).all()
    assert count > 5 or (plain.high > 1).any()


@pytest.mark.parametrize("count", [3, 5, 10])
def test_intervals_of_positive_quantities_cover_the_mean_and_not_the_geometric_mean(count):
    draws = abs(np.random.default_rng(count).normal(size=(count, REPETITIONS)))
    found = band(draws, "log")
    inside(coverage(found, (2 / np.pi) ** 0.5), AT_LEVEL)
    assert (found.low > 0).all() and (found.value == draws.mean(0)).all()
    logs = band(np.log(draws))
    assert count < 10 or coverage(Band(*np.exp(logs)), (2 / np.pi) ** 0.5) < 0.92


def test_the_identity_scale_is_students_interval():
    values = [1.0, 2.5, 4.0, 4.5]
    found = of_replicates(values, level=0.9)
    expected = t.interval(0.9, 3, np.mean(values), np.std(values, ddof=1) / 2)
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.error == pytest.approx(np.std(values, ddof=1) / 2)
    assert (found.units, found.freedom) == (4, 3)


def test_no_width_of_zero_comes_about_by_accident():
    for found in (of_replicates([3.0]), of_replicates([3.0, 3.0]), of_replicates([0.1 + 0.2, 0.3])):
        assert found.low is None and found.high is None and "no interval" in found.method
    assert of_pairs([0.4], [(0, 1)]).low is None
    assert of_pairs([0.4, 0.4, 0.4], all_pairs(3)).low is None
    for low, high in ((1.0, 1.0), (1.1, 1.2), (1.2, 0.8)):
        with pytest.raises(ValueError, match="exact=True"):
            Estimate(1.0, low, high)
    with pytest.raises(ValueError, match="neither for exact"):
        Estimate(1.0, 0.5, 1.5, exact=True)
    assert exactly(2).exact and exactly(2).low is None


@pytest.mark.parametrize("count", [3, 5, 20])
def test_identical_replicates_get_the_interval_of_the_worst_distribution(count):
    chance = 0.05 ** (1 / count)
    on_bound = of_replicates([1.0] * count, "fisher_z")
    assert (on_bound.low, on_bound.high) == pytest.approx((2 * chance - 1, 1))
    between = of_replicates([40.0] * count, "percent")
    assert (between.low, between.high) == pytest.approx((40 * chance, 40 * chance + 100 * (1 - chance)))
    # A quantity that is at its bound with a chance just below `chance`, and at the other one otherwise, has a mean just
    # outside: the interval is missed exactly when all replicates agree, in 5 % of experiments.
    assert (chance - 1e-9) ** count == pytest.approx(0.05)


def test_a_replicate_on_the_bound_counts_as_it_is():
    found = of_replicates([1.0, 1.0, 0.94], "logit")
    assert found.value == pytest.approx(0.98)
    half = t.ppf(0.975, 2) * 0.02 / (0.98 * 0.02)
    assert (found.low, found.high) == pytest.approx(tuple(expit(np.log(0.98 / 0.02) + np.array([-half, half]))))


@pytest.mark.parametrize("scale", [*NAMED, (2, 5), (-np.inf, 5)])
def test_scales_are_inverted_and_have_their_slope(scale):
    bounds = bounds_of(scale)
    x = np.array([0.21, 0.5, 0.83]) if isinstance(scale, str) else np.array([2.1, 3.0, 4.9])
    assert from_scale(to_scale(x, bounds), bounds) == pytest.approx(x)
    numeric = (to_scale(x + 1e-6, bounds) - to_scale(x - 1e-6, bounds)) / 2e-6
    assert slope(x, bounds) == pytest.approx(numeric, rel=1e-6)
    assert (np.diff(to_scale(x, bounds)) > 0).all()


def test_fishers_z_is_the_scale_from_minus_one_to_one():
    assert to_scale(0.7, bounds_of("fisher_z")) == pytest.approx(2 * np.arctanh(0.7))


@pytest.mark.parametrize(
    ("values", "scale", "words"),
    [
        ([0.5, 1.2], "logit", "0 to 1"),
        ([0.5, np.nan], "identity", "finite"),
        ([], "identity", "finite"),
        ([[0.5, 0.2]], "identity", "shape"),
        ([0.5, 0.2], "square", "scale"),
        ([0.5, 0.2], (1, 0), "ascending"),
    ],
)
def test_bad_replicates_are_refused(values, scale, words):
    with pytest.raises(ValueError, match=words):
        of_replicates(values, scale)
    with pytest.raises(ValueError, match="level"):
        of_replicates([1.0, 2.0], level=95)


@pytest.mark.parametrize("count", [3, 4, 5, 8])
def test_intervals_over_pairs_cover_where_networks_have_effects(count):
    random = np.random.default_rng(count)
    pairs = all_pairs(count)
    effects = random.normal(size=(count, REPETITIONS))
    additive = effects[pairs].sum(1)
    inside(coverage(pair_band(additive + 1, pairs), 1), AT_LEVEL)
    inside(coverage(pair_band(additive + random.normal(size=additive.shape), pairs), 0), AT_LEAST)
    gaps = pair_band(abs(effects[pairs[:, 0]] - effects[pairs[:, 1]]), pairs, scale="log")
    inside(coverage(gaps, 2 / np.pi**0.5), AT_LEAST)
    assert (gaps.low > 0).all()


def test_pairs_taken_as_independent_do_not_cover():
    effects = np.random.default_rng(0).normal(size=(5, REPETITIONS))
    assert coverage(band(effects[all_pairs(5)].sum(1)), 0) < 0.65


@pytest.mark.parametrize(("first", "second"), [(3, 3), (3, 8), (5, 5)])
@pytest.mark.parametrize(("a", "b", "e"), [(1, 1, 0), (1, 0.2, 0), (0.2, 1, 1)])
def test_intervals_over_pairs_across_two_groups_cover(first, second, a, b, e):
    random = np.random.default_rng([first, second])
    pairs = np.array([(i, j) for i in range(first) for j in range(second)])
    ones, others = a * random.normal(size=(first, REPETITIONS)), b * random.normal(size=(second, REPETITIONS))
    own = e * random.normal(size=(len(pairs), REPETITIONS))
    values = ones[pairs[:, 0]] + others[pairs[:, 1]] + own
    inside(coverage(pair_band(values, pairs, across=True), 0), AT_LEAST)
    assert of_pairs(values[:, 0], pairs, across=True).units == min(first, second)


def test_pairs_across_two_groups_of_additive_effects_have_the_error_of_two_samples():
    x, y = np.array([1.0, 2.0, 4.0]), np.array([0.5, 3.0, 3.5, 7.0])
    pairs = [(i, j) for i in range(3) for j in range(4)]
    found = of_pairs([x[i] + y[j] for i, j in pairs], pairs, across=True)
    parts = [t.ppf(0.975, len(z) - 1) ** 2 * z.var(ddof=1) / len(z) for z in (x, y)]
    assert found.high - found.value == pytest.approx(sum(parts) ** 0.5)


def test_pairs_need_three_networks_in_every_group():
    assert of_pairs([1.0], [(0, 1)]).low is None
    assert of_pairs([1.0, 2.0, 4.0], all_pairs(3)).low is not None
    across = [(i, j) for i in range(2) for j in range(5)]
    assert of_pairs(np.arange(10.0), across, across=True).low is None
    assert of_pairs([1.0, 2.0, 3.0], [(0, 1), (0, 2), (0, 3)]).low is None  # nothing is left without network 0


@pytest.mark.parametrize(
    ("values", "pairs", "words"),
    [([1.0, 2.0], [(0, 1)], "shape"), ([1.0], [(1, 1)], "itself"), ([1.0, np.inf], [(0, 1), (0, 2)], "finite")],
)
def test_bad_pairs_are_refused(values, pairs, words):
    with pytest.raises(ValueError, match=words):
        of_pairs(values, pairs)


@pytest.mark.parametrize("count", [5, 10])
def test_the_jackknife_covers_a_standard_deviation_on_its_scale(count):
    draws = np.random.default_rng(count).normal(size=(400, count))
    found = [jackknife(lambda x: x.std(ddof=1), values, "log") for values in draws]
    inside(coverage(found, 1), (0.90, 0.98))


def test_the_jackknife_of_the_mean_is_students_interval():
    values = np.array([1.0, 2.0, 4.0, 8.0])
    found, expected = jackknife(np.mean, values), of_replicates(values)
    assert (found.value, found.low, found.high) == pytest.approx((expected.value, expected.low, expected.high))


def test_differences_of_the_same_and_of_other_networks():
    a, b = np.array([1.0, 2.0, 4.0, 3.5]), np.array([0.5, 1.8, 3.1, 3.4])
    paired = difference(a, b, paired=True)
    assert (paired.low, paired.high) == pytest.approx(tuple(ttest_rel(a, b).confidence_interval(0.95)))
    other = difference(a, b[:3], paired=False)
    welch = ttest_ind(a, b[:3], equal_var=False).confidence_interval(0.95)
    assert other.low < welch.low < other.value < welch.high < other.high
    assert difference(a, [1.0], paired=False).low is None
    with pytest.raises(ValueError, match="as many"):
        difference(a, b[:3], paired=True)


@pytest.mark.parametrize(("first", "second", "spread"), [(3, 3, 1), (3, 8, 0.2), (8, 3, 0.2)])
def test_differences_of_two_groups_cover(first, second, spread):
    random = np.random.default_rng([first, second])
    a, b = random.normal(size=(600, first)), spread * random.normal(size=(600, second))
    inside(coverage([difference(x, y, paired=False) for x, y in zip(a, b, strict=True)], 0), (0.92, 1.0))


@pytest.mark.parametrize("count", [3, 5, 10])
def test_ratios_cover_whether_paired_or_not(count):
    random = np.random.default_rng(count)
    common = random.normal(size=(600, count))
    a, b = (m * np.exp(0.2 * common + 0.1 * random.normal(size=common.shape)) for m in (3, 2))
    both = [ratio(x, y, paired=True) for x, y in zip(a, b, strict=True)]
    inside(coverage(both, 1.5), (0.92, 0.98))
    others = [ratio(x, y, paired=False) for x, y in zip(a, np.roll(b, 1, axis=0), strict=True)]
    inside(coverage(others, 1.5), (0.92, 1.0))
    assert np.mean([e.error for e in both]) < 0.7 * np.mean([e.error for e in others])


def test_a_ratio_needs_positive_means():
    with pytest.raises(ValueError, match="zeros"):
        ratio([0.0, 0.0], [1.0, 2.0], paired=True)
    with pytest.raises(ValueError, match="0 to inf"):
        ratio([1.0, -1.0], [1.0, 2.0], paired=True)
    assert ratio([0.0, 1.0], [1.0, 2.0], paired=True).low > 0


def test_another_level_of_the_same_estimate():
    values = [0.9, 0.95, 0.99, 0.97]
    wider, direct = of_replicates(values, "logit").at(0.999), of_replicates(values, "logit", level=0.999)
    assert (wider.low, wider.high) == pytest.approx((direct.low, direct.high))
    assert of_replicates([1.0]).at(0.5).low is None
    on_bound = of_replicates([1.0] * 4, "logit").at(0.9999)
    assert 0 <= on_bound.low < on_bound.high == 1


def test_estimates_are_frozen_and_survive_json():
    for found in (
        of_replicates([0.9, 0.8], "logit"),
        of_replicates([1.0, 2.0], "log"),
        of_replicates([1.0]),
        exactly(3),
    ):
        written = json.dumps(found.as_metric(), allow_nan=False)
        assert Estimate.from_metric(json.loads(written)) == found
        assert list(found.as_metric())[:3] == ["mean", "low", "high"]
    with pytest.raises(FrozenInstanceError):
        found.value = 2


def test_bands_are_the_estimates_of_every_point():
    random = np.random.default_rng(0)
    curves = random.gamma(3, size=(4, 7, 2))
    found = band(curves, "log")
    one = of_replicates(curves[:, 3, 1], "log")
    assert (found.value[3, 1], found.low[3, 1], found.high[3, 1]) == pytest.approx((one.value, one.low, one.high))
    values = random.gamma(3, size=(6, 7))
    found, one = pair_band(values, all_pairs(4), scale="log"), of_pairs(values[:, 2], all_pairs(4), scale="log")
    assert (found.value[2], found.low[2], found.high[2]) == pytest.approx((one.value, one.low, one.high))
    assert np.isnan(band(curves[:1]).low).all() and np.isnan(pair_band(values[:1], [(0, 1)]).high).all()
    flat = band(np.array([[1.0, 2.0], [1.0, 3.0]]))
    assert np.isnan(flat.low[0]) and flat.low[1] < 2.5


def test_independent_parts_of_an_error_add_up_with_their_own_quantiles():
    low, high = limits(1.0, [Part(0.3, 4), Part(0.4, np.inf)], bounds_of("identity"))
    half = ((t.ppf(0.975, 4) * 0.3) ** 2 + (1.959963985 * 0.4) ** 2) ** 0.5
    assert (low, high) == pytest.approx((1 - half, 1 + half))
