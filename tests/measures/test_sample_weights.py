"""Weights drawn with the covariance of given ones."""

import pytest
import torch

from netspectra.measures.rainbow import sample_weights


def source(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(30, 12), (8, 40), (10, 2, 3, 3)])
def test_samples_have_the_planted_covariance(shape):
    weight = torch.randn(shape, generator=source(1), dtype=torch.float64) * 0.3
    drawn = sample_weights(weight, source(2), nodes=200_000)
    assert drawn.shape == (200_000, *shape[1:])
    flat, planted = drawn.flatten(1), weight.flatten(1)
    planted = planted.T @ planted / shape[0]
    found = flat.T @ flat / len(flat)
    assert float((found - planted).norm() / planted.norm()) < 0.03
    assert float(found.trace() / planted.trace()) == pytest.approx(1, abs=0.02)
    assert float(flat.mean(0).abs().max()) < 0.01


def test_samples_stay_in_the_span_of_the_weights():
    weight = torch.randn(3, 10, generator=source(), dtype=torch.float64)
    null = torch.linalg.svd(weight).Vh[3:]
    assert float((sample_weights(weight, source(), nodes=50) @ null.T).abs().max()) < 1e-12


def test_samples_keep_dtype_and_are_reproducible():
    weight = torch.randn(6, 5)
    first, again, other = (sample_weights(weight, source(seed)) for seed in (3, 3, 4))
    assert first.dtype == torch.float32
    assert first.shape == weight.shape
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_bad_weights_are_refused():
    with pytest.raises(ValueError, match="1 NaN"):
        sample_weights(torch.tensor([[torch.nan, 1.0]]))
    with pytest.raises(ValueError, match=r"weight: wanted \(nodes, \.\.\.\), found shape \(3,\)"):
        sample_weights(torch.ones(3))
    with pytest.raises(ValueError, match="nodes: wanted 1 or more, found 0"):
        sample_weights(torch.ones(2, 2), nodes=0)
