"""Grids of DFT-CCA equal the measure cell by cell."""

import pytest
import torch

from netspectra.measures.dft_cca import dft_cca
from netspectra.measures.dft_grid import dft_grid
from netspectra.measures.feature_maps import low_frequencies


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def layers():
    fine = draw(200, 3, 8, 8)
    mixed = torch.einsum("nchw,dc->ndhw", low_frequencies(fine, 6, 4), draw(4, 3, seed=1)) + draw(200, 4, 6, 4, seed=2)
    return {"fine": fine, "dead": torch.cat([fine[:, :2], torch.ones(200, 1, 8, 8)], 1)}, {"mixed": mixed, "fine": fine}


def test_cells_are_what_the_measure_says_of_the_common_frequencies():
    first, second = layers()
    grid = dft_grid(first, second)
    for i, a in enumerate(first.values()):
        for j, (b, size) in enumerate(zip(second.values(), [(6, 4), (8, 8)], strict=True)):
            wanted = dft_cca(low_frequencies(a, *size), low_frequencies(b, *size)).mean
            assert float(grid[i, j]) == pytest.approx(wanted, abs=1e-5)
    assert float(grid[0, 1]) == pytest.approx(1, abs=1e-5)


def test_a_smaller_side_leaves_high_frequencies_out():
    first, second = layers()
    grid = dft_grid(first, second, side=2)
    wanted = dft_cca(low_frequencies(first["fine"], 2, 2), low_frequencies(second["mixed"], 2, 2)).mean
    assert float(grid[0, 0]) == pytest.approx(wanted, abs=1e-5)


def test_refuses():
    first, second = layers()
    with pytest.raises(ValueError, match="samples"):
        dft_grid(first, {"mixed": second["mixed"][:-1]})
    with pytest.raises(ValueError, match="fine"):
        dft_grid({"fine": torch.ones(10, 2, 4, 4)}, {"fine": draw(10, 2, 4, 4)})
