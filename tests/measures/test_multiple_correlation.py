"""Multiple correlation against regression, CCA and chance."""

import pytest
import torch

from netspectra.measures.cca import cca
from netspectra.measures.multiple_correlation import multiple_correlation


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_is_the_correlation_with_the_best_fit_and_that_of_cca():
    x = draw(300, 5)
    y = x @ draw(5, 3, seed=1) + 2 * draw(300, 3, seed=2) + 7
    found = multiple_correlation(x, y)
    fitted = torch.cat([x, torch.ones(300, 1, dtype=torch.float64)], 1)
    fitted = fitted @ torch.linalg.lstsq(fitted, y).solution
    for k in range(3):
        wanted = float(torch.corrcoef(torch.stack([fitted[:, k], y[:, k]]))[0, 1])
        assert float(found.value[k]) == pytest.approx(wanted, abs=1e-10)
        assert float(found.value[k]) == pytest.approx(float(cca(x, y[:, k : k + 1]).correlations[0]), abs=1e-10)


def test_a_target_inside_the_layer_gives_one():
    x = draw(50, 4)
    found = multiple_correlation(x, x @ draw(4, 1, seed=1))
    assert float(found.value) == pytest.approx(1, abs=1e-12)
    assert float(found.adjusted) == pytest.approx(1, abs=1e-12)


def test_the_adjusted_value_takes_chance_off():
    x, y = draw(400, 100), draw(400, 300, seed=1)
    found = multiple_correlation(x, y)
    assert found.rank == 100
    assert float(found.value.square().mean()) == pytest.approx(100 / 399, abs=0.01)
    unclamped = 1 - (1 - found.value.square()) * 399 / 299
    assert float(unclamped.mean()) == pytest.approx(0, abs=0.01)
    assert torch.allclose(found.adjusted.square(), unclamped.clamp(min=0))


def test_refuses():
    with pytest.raises(ValueError, match="targets"):
        multiple_correlation(draw(20, 3), torch.ones(20, 1))
    with pytest.raises(ValueError, match="samples"):
        multiple_correlation(draw(20, 3), draw(19, 1))
    with pytest.raises(ValueError, match="more samples"):
        multiple_correlation(draw(20, 19), draw(20, 1, seed=1))
