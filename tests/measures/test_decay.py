"""Shapes of spectra and distances between them, on spectra that are known."""

import numpy as np
import pytest
import torch

from netspectra.measures import decay

POWERS = 10.0 ** -np.arange(0, 4, 0.04)  # a hundred ranks, a decade in 25


def test_shape_of_an_exponential_decay():
    found = decay.shape(POWERS, gap=10, middle=0.8, held=[0.9])
    assert found["decade"] == pytest.approx(0.25)
    assert found["half_over_first"] == pytest.approx(10**-1.96)
    assert found["last_over_first"] == pytest.approx(10**-3.96)
    assert found["after_gap_over_before"] == pytest.approx(10**-0.04)
    assert found["first_over_gap"] == pytest.approx(10**0.36)
    assert found["share_before_gap"] == pytest.approx((1 - 10**-0.4) / (1 - 1e-4))
    assert found["directions_of_90"] == pytest.approx(0.25)


def test_distance_leaves_the_scale_out():
    index = [1, 50, 100]
    assert decay.distance(POWERS, index, 7 * POWERS[[0, 49, 99]]) == pytest.approx(0, abs=1e-12)
    assert decay.distance(POWERS, index, POWERS[[0, 49, 99]] * [1, 10, 100]) == pytest.approx(np.std([0, 1, 2]))
    assert decay.distance(POWERS[:60], [1, 50, 100], [1.0, 10**-1.96, 5.0]) == pytest.approx(0, abs=1e-12)


def test_noise_has_the_edges_of_marchenko_and_pastur():
    values = decay.of_noise(2000, 8000, torch.Generator().manual_seed(0))
    assert len(values) == 2000
    assert (np.diff(values) <= 0).all()
    assert values[0] == pytest.approx(1.5**2, rel=0.03)
    assert values[-1] == pytest.approx(0.5**2, rel=0.03)
    assert values.mean() == pytest.approx(1, rel=0.01)
