"""Dense CCA and DFT-CCA: equal on all shifts, and counts by hand."""

import pytest
from notes_networks import drawn, given

from netspectra.experiments.svcca_dft.analysis import analyse

SETTINGS = {
    "maps": 20,
    "signal": 1.0,
    "compared": [2, 4],
    "layers": {"same": [2, 2], "different": [3, 2]},
    "sides": [2, 4],
    "channels": [2, 3],
    "images": 100,
    "memory_gb": 2e-6,
    "replicates": 2,
    "seed": 4,
}


@pytest.fixture(scope="module")
def found():
    return analyse(given(SETTINGS))


def test_equal_where_theory_says_so_and_counts(found):
    assert found.metrics["difference"] < 1e-9
    assert found.metrics["difference_control"] > 1e-3
    table = found.table[(found.table.channels == 2) & (found.table.x == 4)].set_index("quantity").value
    d = 2 * 4 * 4
    assert table["dense_bytes"] == 8 * 3 * d * d
    assert table["dft_bytes"] == 16 * 4 * 3 * 3 * 2 * 2
    assert table["dense_work"] == 3 * (100 * d**2 + d**3)
    assert table["dft_work"] == 4 * 3 * 4 * 3 * (100 * 4 + 8)
    assert found.metrics["memory_ratio_2"] == pytest.approx(table["dense_bytes"] / table["dft_bytes"])
    assert found.metrics["largest_dense_2"] == 2  # 1,536 bytes fit into two thousand, 24,576 do not
    assert found.metrics["largest_dense_3"] == 0


def test_the_figure(found):
    figure = drawn("svcca_dft", found.table, SETTINGS)
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "difference of mean correlations", "memory of the covariances (GB)", "multiply-adds, dense over DFT",
    ]  # fmt: skip
