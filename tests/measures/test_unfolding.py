"""Patches of convolutions of every padding and number of groups, and alignment from maps alone."""

import pytest
import torch
from torch import nn

from netspectra.measures.alignment import alignment, of_convolution, patches
from netspectra.measures.unfolding import grouped_patches


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize(
    ("padding", "mode"), [(1, "zeros"), (1, "circular"), (2, "reflect"), ((1, 0), "replicate"), ("same", "circular")]
)
def test_alignment_from_maps_equals_that_of_patches(groups, padding, mode):
    generator = torch.Generator().manual_seed(groups)
    x = torch.randn(20, 4, 7, 6, generator=generator).double() + torch.rand(4, 7, 6, generator=generator)
    conv = nn.Conv2d(4, 8, 3, padding=padding, padding_mode=mode, groups=groups, bias=False).double()
    conv.requires_grad_(False)
    weights = conv.weight.flatten(1).split(8 // groups)
    expected = torch.cat([alignment(p, w) for p, w in zip(grouped_patches(x, conv), weights, strict=True)])
    torch.testing.assert_close(of_convolution(x, conv(x), conv, conv.weight), expected)


def test_one_group_of_white_noise_has_the_alignment_of_its_own_patch():
    """Nine equal variances in each patch of a depthwise convolution, so one ninth; not one over 9 x 8 channels."""
    x = torch.randn(4000, 8, 3, 3, generator=torch.Generator().manual_seed(0))
    conv = nn.Conv2d(8, 8, 3, groups=8, bias=False).requires_grad_(False)
    found = of_convolution(x, conv(x), conv, conv.weight)
    torch.testing.assert_close(found, torch.full((8,), 1 / 9, dtype=found.dtype), rtol=0.1, atol=0)


def test_patches_of_a_circular_convolution_go_around():
    x = torch.arange(4.0)[None, None]
    conv = nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular")
    assert patches(x, conv).tolist() == [[3, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 0]]


@pytest.mark.parametrize(
    ("conv", "x", "message"),
    [
        (nn.Conv2d(4, 4, 3, groups=2), torch.ones(2, 4, 5, 5), "conv: wanted groups=1, found 2"),
        (nn.Conv2d(4, 4, 3), torch.ones(2, 3, 5, 5), r"inputs: wanted \(samples, 4, H, W\), found \(2, 3, 5, 5\)"),
        (nn.Conv1d(4, 4, 3), torch.ones(2, 4, 5, 5), r"inputs: wanted \(samples, 4, W\), found \(2, 4, 5, 5\)"),
        (nn.Conv2d(4, 4, 3), torch.full((2, 4, 5, 5), torch.nan), "inputs: wanted finite values, found 200 NaN"),
    ],
)
def test_patches_that_do_not_fit_are_refused(conv, x, message):
    with pytest.raises(ValueError, match=message):
        patches(x, conv)
