"""Alignment and projection against closed forms and brute force."""

import pytest
import torch
from torch import nn

from netspectra.measures import alignment as measure
from netspectra.measures.alignment import alignment, chance, patches
from netspectra.measures.eigenspectra import eigenspectrum
from netspectra.measures.moments import Moments
from netspectra.measures.projection import keep_high_variance

SEEDS = (0, 1, 2)


def data(seed, n=300, d=12):
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=generator, dtype=torch.float64)
    return torch.randn(n, d, generator=generator, dtype=torch.float64) @ mix + 3


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("centred", [True, False])
def test_principal_components_have_their_eigenvalue_over_the_trace(seed, centred):
    x = data(seed)
    spectrum = eigenspectrum(Moments(x.shape[1]).update(x).covariance(centred))
    found = alignment(x, spectrum.vectors.T, centred=centred)
    torch.testing.assert_close(found, spectrum.values / spectrum.values.sum(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_alignment_ignores_length_of_weights_and_scale_of_inputs(seed):
    x, w = data(seed), torch.randn(5, 12, generator=torch.Generator().manual_seed(seed)).double()
    torch.testing.assert_close(alignment(x, w), alignment(1e4 * x, -7 * w), rtol=1e-9, atol=0)
    torch.testing.assert_close(alignment(x, w, relative=False) / torch.cov(x.T).trace(), alignment(x, w))


@pytest.mark.parametrize("seed", SEEDS)
def test_outputs_of_a_stack_give_the_alignment_that_the_covariance_gives(seed):
    x = data(seed).float()
    w = torch.randn(4, 5, 12, generator=torch.Generator().manual_seed(seed))
    found = measure.of_outputs(x[None], x @ w.mT + 1.5, w)
    wanted = torch.stack([alignment(x, one) for one in w]).float()
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (2, 1)])
def test_convolution_from_its_maps_equals_its_patches(stride, padding):
    generator = torch.Generator().manual_seed(stride)
    x = torch.randn(20, 3, 9, 9, generator=generator).double() + 1
    conv = nn.Conv2d(3, 4, 3, stride, padding, bias=False).double().requires_grad_(False)
    wanted = alignment(patches(x, conv), conv.weight.flatten(1))
    torch.testing.assert_close(measure.of_convolution(x, conv(x), conv, conv.weight), wanted)


@pytest.mark.parametrize("seed", SEEDS)
def test_chance_is_the_mean_and_spread_over_random_weights(seed):
    x = data(seed)
    w = torch.randn(40_000, 12, generator=torch.Generator().manual_seed(seed)).double()
    found, level = alignment(x, w), chance(x)
    assert level.mean == 1 / 12
    assert float(found.mean()) == pytest.approx(level.mean, rel=0.02)
    assert float(found.std()) == pytest.approx(level.sd, rel=0.03)


def test_a_node_without_weights_has_no_alignment():
    assert alignment(data(0), torch.zeros(1, 12).double()).isnan().all()


@pytest.mark.parametrize(
    ("x", "w", "message"),
    [
        (torch.zeros(1, 4), torch.ones(2, 4), "at least 2 samples"),
        (torch.zeros(9, 4), torch.ones(2, 3), "wanted 4 columns, found 3"),
        (torch.full((9, 4), float("nan")), torch.ones(2, 4), "36 NaN"),
    ],
)
def test_bad_input_is_named(x, w, message):
    with pytest.raises(ValueError, match=message):
        alignment(x, w)


@pytest.mark.parametrize("cutoff", [0.0, 0.05])
def test_projection_keeps_length_and_high_variance_only(cutoff):
    x = data(0) * torch.tensor([1.0] * 10 + [0.0] * 2)
    spectrum = eigenspectrum(torch.cov(x.T))
    w = torch.randn(7, 12, dtype=torch.float64)
    new = keep_high_variance(w, spectrum, cutoff)
    torch.testing.assert_close(new.norm(dim=1), w.norm(dim=1))
    removed = spectrum.vectors[:, spectrum.values <= max(cutoff, 1e-12) * spectrum.values.sum()]
    assert removed.shape[1] >= 2
    assert float((new @ removed).abs().max()) < 1e-12
    torch.testing.assert_close(keep_high_variance(new, spectrum, cutoff), new)


def test_a_node_wholly_in_what_is_removed_is_left_alone():
    spectrum = eigenspectrum(torch.diag(torch.tensor([4.0, 1.0, 0.0])))
    w = torch.tensor([[0.0, 0.0, 2.0]])
    torch.testing.assert_close(keep_high_variance(w, spectrum, 0.0), w)
