"""Loadings on principal components, and distances of eigenspectra."""

import numpy as np
import pytest
import torch

from netspectra.measures.eigenspectra import Spectrum
from netspectra.measures.loadings import component_shares, spectrum_distance, variance_shares

AXES = Spectrum(torch.tensor([3.0, 2.0, 1.0]).double(), torch.eye(3).double())


def test_shares_of_a_vector_are_its_squared_cosines():
    found = component_shares(np.array([[0.0, 3.0, 4.0], [1e-200, 0, 0], [0, 0, 0]]), AXES)
    torch.testing.assert_close(found[:2], torch.tensor([[0, 0.36, 0.64], [1, 0, 0]]).double())
    assert found[2].isnan().all()
    with pytest.raises(ValueError, match="vectors: wanted"):
        component_shares(torch.ones(2, 4), AXES)


def test_distance_of_spectra():
    assert variance_shares(torch.tensor([3.0, 1.0])).tolist() == [0.75, 0.25]
    assert spectrum_distance(np.array([2.0, 2.0]), np.array([5.0, 5.0])) == 0
    assert spectrum_distance(np.array([1.0]), np.array([3.0, 1.0, 0.0])) == pytest.approx(0.25)
    with pytest.raises(ValueError, match="values: wanted an eigenvalue above zero"):
        variance_shares(torch.zeros(3))
