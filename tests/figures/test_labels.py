"""Plain ticks, ranks from 1, names that keep apart, means over neighbours, and intervals over pairs."""

import numpy as np
import pandas as pd
import pytest

from netspectra.figures import bins, labels, pairs, style
from netspectra.statistics.spread import pair_band


@pytest.fixture
def axes():
    style.use()
    _, ((found,),) = style.page()
    return found


def shown(axes):
    axes.figure.canvas.draw()
    low, high = sorted(axes.get_ylim())
    return [text.get_text() for text in axes.get_yticklabels() if low <= text.get_position()[1] <= high]


@pytest.mark.parametrize(
    ("limits", "ticks"),
    [
        ((0.9, 60), ["1", "2", "5", "10", "20", "50"]),
        ((0.008, 20_000), ["0.01", "0.1", "1", "10", "100", "1,000", "10,000"]),
        ((0.94, 1.06), ["0.95", "1", "1.05"]),
    ],
)
def test_logarithmic_axes_have_plain_numbers(axes, limits, ticks):
    axes.set(yscale="log", ylim=limits)
    labels.plain(axes.yaxis)
    assert shown(axes) == ticks


def test_wide_axes_keep_powers_of_ten(axes):
    axes.set(yscale="log", ylim=(1e-9, 1))
    labels.plain(axes.yaxis)
    assert all("10^" in text for text in shown(axes))


def test_chosen_ticks_are_those_within_the_axis(axes):
    axes.set(yscale="log", ylim=(0.5, 30))
    labels.plain(axes.yaxis, [0.1, 1, 20, 100])
    assert shown(axes) == ["1", "20"]


@pytest.mark.parametrize(("last", "ticks"), [(50, ["1", "10", "20", "30", "40", "50"]), (3, ["1", "2", "3"])])
def test_ranks_begin_at_one(axes, last, ticks):
    labels.ranks(axes, last)
    axes.figure.canvas.draw()
    assert [text.get_text() for text in axes.get_xticklabels()] == ticks
    low, high = axes.get_xlim()
    assert low < 1
    assert high > last


@pytest.mark.parametrize("values", [[1.0, 1.0, 0.2], [0.5, 0.52, 0.51, 0.9], [3.0]])
def test_names_keep_apart_and_in_order(values):
    found = labels.apart(values, 0.05)
    assert np.diff(np.sort(found)).min(initial=1) >= 0.05 - 1e-6
    assert (np.argsort(found, kind="stable") == np.argsort(values, kind="stable")).all()
    np.testing.assert_allclose(found.mean(), np.mean(values))


def test_neighbours_keep_the_first_ranks_and_the_means():
    ranks = np.arange(1, 65)
    rows = pd.DataFrame([{"x": x, "replicate": r, "value": x + r} for r in (0, 10) for x in ranks])
    found = bins.neighbours(rows, 1.5)
    one = found[found.replicate == 0].set_index("x").value
    assert list(one.index[:2]) == [1, 2]
    assert len(one) < len(ranks) / 4
    np.testing.assert_allclose(one.to_numpy(), one.index)


def test_bands_over_pairs_are_those_of_the_jackknife(axes):
    names = [f"{i}-{j}" for i in range(4) for j in range(i)]
    values = np.random.default_rng(0).uniform(0.3, 0.6, (len(names), 3))
    rows = [{"replicate": n, "x": x, "value": v[x]} for n, v in zip(names, values, strict=True) for x in range(3)]
    rows.append({"replicate": names[0], "x": 3, "value": 0.1})  # a rank that the other pairs do not reach
    pairs.band(axes, pd.DataFrame(rows), color="black")
    numbers = [tuple(map(int, name.split("-"))) for name in sorted(names)]
    wanted = pair_band(values[np.argsort(names)], numbers, scale="logit")
    (line,), (band,) = axes.lines, axes.collections
    np.testing.assert_allclose(line.get_ydata(), wanted[0])
    drawn = band.get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose([drawn.min(), drawn.max()], [np.min(wanted[1]), np.max(wanted[2])])
