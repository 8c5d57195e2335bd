"""Feature maps of different shapes and grids of layers."""

import math

import pytest
import torch

from netspectra.measures.canonical import cca
from netspectra.measures.dft_cca import dft_cca
from netspectra.measures.feature_maps import (
    all_shifts,
    dense_bytes,
    dft_bytes,
    low_frequencies,
    permuted,
    positions,
    spatial_means,
    svcca_grid,
)


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def wave(size, frequency, phase=0.3):
    return torch.cos(2 * math.pi * frequency * torch.arange(size, dtype=torch.float64) / size + phase)


def test_positions_stay_with_their_image():
    x = torch.arange(2 * 3 * 2 * 2.0).view(2, 3, 2, 2)
    assert positions(x).shape == (8, 3)
    assert positions(x)[5].tolist() == x[1, :, 0, 1].tolist()
    moved = permuted(x, torch.Generator().manual_seed(3))
    assert sorted(moved[:, 0, 0, 0].tolist()) == sorted(x[:, 0, 0, 0].tolist())
    assert any(torch.equal(positions(moved)[:4], positions(x)[i : i + 4]) for i in (0, 4))
    assert torch.equal(spatial_means(x), x.mean((2, 3)))
    with pytest.raises(ValueError, match="x"):
        positions(x[0])


@pytest.mark.parametrize("size", [4, 5])
def test_low_waves_survive_and_high_ones_go(size):
    low = wave(12, 1)[:, None] * wave(12, 1, 1.0) + 5
    high = wave(12, 5)[:, None] * wave(12, 1)
    found = low_frequencies((low + high)[None, None], size, size)
    wanted = wave(size, 1)[:, None] * wave(size, 1, 1.0) + 5
    assert torch.allclose(found[0, 0], wanted, atol=1e-12)


def test_full_size_is_the_map_itself_and_larger_is_refused():
    x = draw(2, 3, 6, 5)
    assert torch.equal(low_frequencies(x, 6, 5), x)
    assert torch.allclose(low_frequencies(x, 1, 1)[..., 0, 0], x.mean((2, 3)))
    with pytest.raises(ValueError, match="maps"):
        low_frequencies(x, 7, 5)


def test_grid_of_a_network_with_itself_has_ones_and_permuted_images_the_floor():
    first = {"conv": draw(400, 4, 3, 3), "fc": draw(400, 6, seed=1)}
    grid = svcca_grid(first, first, share=1.0)
    assert torch.allclose(grid.diagonal(), torch.ones(2, dtype=torch.float64), atol=1e-9)
    assert float(grid[0, 1]) < 0.2
    generator = torch.Generator().manual_seed(0)
    floor = svcca_grid(first, {name: permuted(x, generator) for name, x in first.items()}, share=1.0)
    assert float(floor.max()) < 0.2


def test_the_diagonal_reads_positions_and_only_when_asked():
    shared, sign = draw(300, 2, 4, 4), draw(300, 1, 1, 1, seed=2).sign()
    first, second = {"conv": shared - shared.mean((2, 3), keepdim=True) + sign}, {"conv": shared}
    by_positions = float(svcca_grid(first, second, share=1.0))
    by_means = float(svcca_grid(first, second, share=1.0, diagonal=False))
    assert by_positions > by_means + 0.2


def test_on_all_shifts_dense_cca_is_dft_cca():
    x = draw(12, 2, 3, 4)
    y = torch.einsum("nchw,dc->ndhw", x, draw(3, 2, seed=1)) + draw(12, 3, 3, 4, seed=2)
    x, y = all_shifts(x), all_shifts(y)
    assert x.shape == (144, 2, 3, 4)
    with pytest.warns(UserWarning, match="144 samples"):
        dense = cca(x.flatten(1), y.flatten(1)).correlations
    found = dft_cca(x, y)
    blocks = torch.cat(
        [row[:rank].repeat(round(float(w) * 12)) for row, rank, w in zip(*attributes(found), strict=True)]
    )
    assert torch.allclose(dense, blocks.sort(descending=True).values, atol=1e-6)
    assert float(dense.mean()) == pytest.approx(found.mean, abs=1e-6)


def attributes(found):
    return found.correlations, found.ranks, found.weights


def test_memory_by_hand():
    assert dense_bytes((2, 3), 4, 5) == 8 * (40 * 40 + 40 * 60 + 60 * 60)
    assert dft_bytes((2, 3), 4, 5) == 16 * 4 * 3 * (4 + 6 + 9)
