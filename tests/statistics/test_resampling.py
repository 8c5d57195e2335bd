import numpy as np
import pytest
from scipy.stats import norm, t

from netspectra.statistics.resampling import bca_shares, bias_corrected_eigenvalues, bootstrap

GAP = np.r_[np.linspace(1.2, 1, 6), 0.33 * np.exp(-np.arange(24) / 10)]
EXPONENTIAL = np.exp(-np.arange(30) / 4)


def eigenvalues(truth, samples, resamples, ranks, random):
    """Leading eigenvalues of one sample of a known covariance, and of its resamples within leading eigenvectors."""
    gradients = random.normal(size=(samples, len(truth))) * np.sqrt(truth)
    values, vectors = np.linalg.eigh(gradients.T @ gradients / samples)
    projected = gradients @ vectors[:, ::-1][:, : 2 * ranks]
    products = (projected[:, :, None] * projected[:, None]).reshape(samples, -1)
    counts = random.multinomial(samples, np.full(samples, 1 / samples), size=resamples)
    covariances = (counts @ products / samples).reshape(resamples, 2 * ranks, 2 * ranks)
    return values[::-1][:ranks], np.linalg.eigvalsh(covariances)[:, ::-1][:, :ranks]


@pytest.mark.parametrize(("truth", "plain"), [(GAP, 0.3), (EXPONENTIAL, 0.9)], ids=["gap", "exponential"])
def test_intervals_of_leading_eigenvalues_cover_where_percentiles_do_not(truth, plain):
    random, ranks, covered, percentile, excluded = np.random.default_rng(0), 8, [], [], []
    for _ in range(200):
        estimates, resampled = eigenvalues(truth, 300, 60, ranks, random)
        found = bias_corrected_eigenvalues(resampled, estimates)
        assert (found.low < found.value).all() and (found.value < found.high).all()
        covered.append((found.low <= truth[:ranks]) & (truth[:ranks] <= found.high))
        low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
        percentile.append((low <= truth[:ranks]) & (truth[:ranks] <= high))
        excluded.append((estimates < found.low) | (estimates > found.high))
    assert 0.93 <= np.mean(covered) <= 0.99
    assert np.mean(covered, axis=0).min() > 0.88
    assert np.mean(percentile, axis=0).min() < plain
    assert not np.any(excluded)


def test_the_correction_takes_bias_away():
    random = np.random.default_rng(1)
    raw, corrected = [], []
    for _ in range(100):
        estimates, resampled = eigenvalues(EXPONENTIAL, 150, 60, 6, random)
        raw.append(np.log(estimates[0] / EXPONENTIAL[0]))
        corrected.append(np.log(bias_corrected_eigenvalues(resampled, estimates).value[0] / EXPONENTIAL[0]))
    assert abs(np.mean(corrected)) < 0.6 * abs(np.mean(raw))


def test_the_corrected_eigenvalue_is_the_estimate_over_its_mean_change():
    found = bias_corrected_eigenvalues([[2.0, 0.4], [4.5, 0.4 * np.e**2]], [2.0, 0.4])
    assert found.value == pytest.approx([2.0 / 1.5, 0.4 / np.e])
    half = 1.959963985 * np.sqrt(2 * np.log([2.25, np.e**2]) ** 2 / 2 + np.array([np.log(1.5), 1]) ** 2)
    assert found.high == pytest.approx(found.value * np.exp(half))


@pytest.mark.parametrize(
    ("resampled", "estimates", "words"),
    [([[1.0]], [1.0], "resampled"), ([[1.0], [2.0]], [1.0, 2.0], "resampled"), ([[1.0], [0.0]], [1.0], "positive")],
)
def test_bad_eigenvalues_are_refused(resampled, estimates, words):
    with pytest.raises(ValueError, match=words):
        bias_corrected_eigenvalues(resampled, estimates)


@pytest.mark.parametrize("count", [6, 12])
def test_bootstraps_of_the_mean_and_the_median_cover(count):
    draws = np.random.default_rng(count).normal(size=(400, count))
    for statistic in (np.mean, np.median):
        hits = 0
        for values in draws:
            resampled = statistic(values[np.random.default_rng(0).integers(0, count, (2000, count))], axis=1)
            without = np.array([statistic(np.delete(values, k)) for k in range(count)])
            low, high = np.quantile(resampled, bca_shares(statistic(values), resampled, without, 0.95))
            hits += low <= 0 <= high
        assert 0.90 <= hits / len(draws) <= 1


def test_the_ends_of_bca_move_by_bias_and_by_skewness():
    resampled, even = np.arange(1000) / 1000, np.array([-1.0, 1.0, -1.0, 1.0])
    wide = (4 / 3) ** 0.5 * t.ppf(0.975, 3) * np.array([-1, 1])
    bias = norm.ppf(0.3)
    assert bca_shares(0.2995, resampled, even, 0.95) == pytest.approx(norm.cdf(2 * bias + wide), rel=1e-9)
    skew = np.array([0.0, 0.0, 0.0, 1.0])  # deviations 1/4, 1/4, 1/4, -3/4
    a = (3 / 64 - 27 / 64) / (6 * (12 / 16) ** 1.5)
    expected = norm.cdf(bias + (bias + wide) / (1 - a * (bias + wide)))
    assert bca_shares(0.2995, resampled, skew, 0.95) == pytest.approx(expected, rel=1e-9)


def test_the_bootstrap_takes_any_statistic_and_is_the_same_twice():
    networks = np.random.default_rng(0).normal(size=(30, 4)) + 2
    found = bootstrap(lambda x: x.mean(0).max(), networks, resamples=500)
    assert found == bootstrap(lambda x: x.mean(0).max(), networks, resamples=500)
    assert found.low < found.value < found.high and found.units == 30
    assert found.value == networks.mean(0).max()


def test_a_bootstrap_of_few_networks_or_of_no_spread_has_no_interval():
    assert bootstrap(np.mean, np.arange(5.0)).low is None
    assert bootstrap(np.mean, np.ones(8), resamples=50).low is None
