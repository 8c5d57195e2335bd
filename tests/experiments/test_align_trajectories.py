"""Trajectories of alignment: curves whose peak, rise and fall are known."""

import numpy as np
import pytest

from netspectra.experiments.align_training import trajectories

AT = np.arange(600)
HOW = (5, 50)


def curve(peak, end, noise=0.0, seed=0):
    """A rise to a peak at minibatch 40, a fall to its end at 300, and noise that is independent between minibatches."""
    smooth = np.interp(AT, [0, 40, 300, 599], [1.0, peak, end, end])
    return smooth * (1 + noise * np.random.default_rng(seed).standard_normal(len(AT)))


def test_a_clean_curve_is_read_as_it_is():
    a = curve(4.0, 3.0)
    assert abs(trajectories.first_peak(a, AT, *HOW) - 40) <= 2
    assert trajectories.peak(a, AT, *HOW) == pytest.approx(4, rel=0.04)
    assert trajectories.trough_over_peak(a, AT, *HOW) == pytest.approx(0.75, rel=0.04)
    assert trajectories.half_rise(a, AT, 4.0) == pytest.approx(20, abs=1e-9)


def test_a_later_higher_rise_is_not_the_first_peak():
    a = np.interp(AT, [0, 40, 200, 599], [1.0, 4.0, 3.0, 5.0])
    assert abs(trajectories.first_peak(a, AT, *HOW) - 40) <= 2
    assert trajectories.trough_over_peak(a, AT, *HOW) == pytest.approx(0.75, rel=0.04)


def test_noise_alone_does_not_fall():
    flat = [trajectories.trough_over_peak(curve(4.0, 4.0, 0.03, seed), AT, *HOW) for seed in range(40)]
    assert np.mean(flat) == pytest.approx(1, abs=0.01)  # least over greatest of the same curves is 0.92
    falling = curve(4.0, 3.0, 0.01)
    mixed = [trajectories.without_trend(falling, 4.0, np.random.default_rng(seed)) for seed in range(40)]
    assert np.mean([trajectories.trough_over_peak(a, AT, *HOW) for a in mixed]) == pytest.approx(1, abs=0.03)
    assert all(np.array_equal(np.sort(a), np.sort(falling)) for a in mixed)


def test_half_rise_is_the_last_passage_and_late_in_shuffled_order():
    assert trajectories.half_rise(np.array([0.0, 3, 1, 3, 4]), np.array([0, 1, 2, 3, 10]), 4.0) == 2.5
    mixed = np.random.default_rng(0).permutation(curve(4.0, 4.0)[1:])
    assert trajectories.half_rise(np.concatenate([[1.0], mixed]), AT, 4.0) > 300


def test_exponent_of_a_power_of_the_width():
    widths = np.array([784, 100, 100, 50])
    layers = np.stack([[1 / w, 3 / w**0.5] for w in widths])
    assert trajectories.width_exponents(layers, widths) == pytest.approx([1, 0.5])
    assert trajectories.over_training(np.array([1.0, 1, 2]), np.array([0, 1, 3])) == pytest.approx(4 / 3)


def test_windows_and_rank_correlation():
    assert trajectories.in_windows(np.arange(6.0), np.arange(6), np.array([1, 3, 5])).tolist() == [1.5, 3.5]
    rising = np.arange(10.0)
    assert trajectories.least_rank_correlation([rising, rising**2, -rising], [9, 9, 9]) == pytest.approx(-1)
    assert trajectories.least_rank_correlation([rising, rising**2], [4, 9]) == pytest.approx(1)
