"""Principal components of layers' inputs, loadings on them, and what a minibatch gets wrong."""

import pytest
import torch
from torch import nn

from netspectra.lenses.alignment import layer_alignment
from netspectra.lenses.components import (
    batch_errors,
    energy_by_component,
    input_spectra,
    layer_inputs,
    loadings,
    without_high_variance,
)
from netspectra.measures.eigenspectra import Spectrum, eigenspectrum


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))


@pytest.fixture
def x():
    scale = torch.tensor([4.0, 3.0, 2.0, 1.0, 0.5, 0.25])
    return torch.randn(400, 6, generator=torch.Generator().manual_seed(1)) * scale


def test_spectra_of_batches_are_those_of_all_samples(network, x):
    found = input_spectra(network, x.split(150))
    for name, rows in (("0", x), ("2", torch.relu(network[0](x)).detach())):
        torch.testing.assert_close(found[name].values, eigenspectrum(rows.double().T.cov()).values)
        torch.testing.assert_close(layer_inputs(network, x)[name], rows)
    kept = input_spectra(network, x.split(150), {"0": found["2"]})
    assert kept["0"] is found["2"]
    torch.testing.assert_close(kept["2"].values, found["2"].values)


def test_alignment_is_the_loadings_weighted_by_the_variance(network, x):
    spectra = input_spectra(network, [x])
    wanted = layer_alignment(network, [x])
    for name, shares in loadings(network, spectra).items():
        p = spectra[name].values / spectra[name].values.sum()
        torch.testing.assert_close(shares.sum(), torch.tensor(1.0, dtype=torch.float64))
        torch.testing.assert_close(shares @ p, wanted[name].mean(), rtol=1e-4, atol=1e-6)


def test_all_the_data_make_no_error_and_few_samples_a_large_one(network, x):
    alignments, spectra = layer_alignment(network, [x]), input_spectra(network, [x])
    whole, few = (batch_errors(network, part, alignments, spectra) for part in (x, x[:10]))
    for name in spectra:
        assert whole[name].alignment == pytest.approx(0, abs=1e-5)
        assert whole[name].spectrum == pytest.approx(0, abs=1e-6)
        assert few[name].alignment > 0.05
        assert few[name].spectrum > 0.02


def test_shuffled_inputs_keep_variances_and_lose_covariances(network):
    common = torch.randn(500, 1, generator=torch.Generator().manual_seed(2))
    x = common + 0.1 * torch.randn(500, 6, generator=torch.Generator().manual_seed(3))
    alignments, spectra = layer_alignment(network, [x]), input_spectra(network, [x])
    found = batch_errors(network, x, alignments, spectra, shuffled=torch.Generator().manual_seed(0))["0"]
    # One component of nearly all the variance becomes six alike: a distance of 1 - 1/6.
    assert found.spectrum == pytest.approx(5 / 6, abs=0.05)
    assert found.alignment > 0.3


def test_energy_of_changes_and_weights_without_high_variance():
    axes = Spectrum(torch.tensor([8.0, 1.5, 0.5]).double(), torch.eye(3).double())
    changes = [torch.tensor([[1.0, 0, 1], [0, 1, 0]]), torch.tensor([[1.0, 0, 0]])]
    torch.testing.assert_close(energy_by_component(changes, axes), torch.tensor([0.5, 0.25, 0.25]).double())
    weight = torch.tensor([[1.0, 2, 3]])
    assert without_high_variance(weight, axes, 0.1).tolist() == [[0, 0, 3]]
    assert without_high_variance(weight, axes, 0.9).tolist() == weight.tolist()
