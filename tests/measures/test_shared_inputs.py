"""Rows that share an input: nulls that hold their level on maps, and how many samples maps are worth."""

from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.stats import binom

from netspectra.measures import cca as m
from netspectra.measures.dependence import rows_of_inputs

LEVEL = 0.05


def source(seed):
    return torch.Generator().manual_seed(seed)


def maps(images, side, channels, reach, generator):
    """Independent Gaussian maps whose positions correlate as exp(-distance / reach), (images * positions, channels)."""
    place = torch.cartesian_prod(*[torch.arange(side, dtype=torch.float64)] * 2)
    root = torch.linalg.cholesky(torch.exp(-torch.cdist(place, place) / reach))
    drawn = torch.randn(images, channels, side * side, generator=generator, dtype=torch.float64)
    return (drawn @ root.T).transpose(1, 2).flatten(0, 1)


def rejected(correlations, samples, dx, dy):
    return m.bartlett_rank(correlations, samples, dx, dy, level=LEVEL) > 0


def between(count, trials):
    """Whether a count is one that LEVEL gives, but for one draw in a thousand."""
    low, high = binom.ppf([5e-4, 1 - 5e-4], trials, LEVEL)
    return low <= count <= high


def test_independent_maps_correlate_by_their_rows_and_not_by_their_images():
    x, y = (maps(200, 6, 16, 10.0, source(seed)) for seed in (1, 2))
    by_row, by_image = m.cca(x, y), m.cca(x, y, groups=36)
    assert torch.equal(by_row.correlations, by_image.correlations)
    assert by_row.samples == 7200
    assert 200 < by_image.samples < 800
    assert m.bartlett_rank(by_row.correlations, by_row.samples, 16, 16) >= 12
    assert m.bartlett_rank(by_image.correlations, by_image.samples, 16, 16) == 0
    assert float(by_image.correlations[0]) > 2 * m.null_edge(by_row.samples, 16, 16)
    assert float(by_image.correlations[0]) < m.null_edge(by_image.samples, 16, 16)
    first, second = m.whiten(x), m.whiten(y)
    assert int((m.permutation_null(first, second, permutations=19, generator=source(3)).p_values <= LEVEL).sum()) >= 12
    null = m.permutation_null(first, second, permutations=39, groups=36, generator=source(3))
    assert float(null.p_values[0]) > LEVEL
    assert null.samples == by_image.samples


@pytest.mark.parametrize(("reaches", "exact"), [((4.0, 4.0, 4.0), True), ((0.05, 0.05, 6.0), False)])
def test_false_positives_come_at_their_level(reaches, exact):
    """Of Bartlett's test with what rows are worth, and of permutations; with all rows the rate is many times that."""
    trials, seen, drawn, naive = 200, 0, 0, 0
    for trial in range(trials):
        generator = source(trial)
        x, y = (torch.cat([maps(50, 4, 1, r, generator) for r in reaches], 1) for _ in range(2))
        found = m.cca(x, y, groups=16)
        seen += rejected(found.correlations, found.samples, 3, 3)
        naive += rejected(found.correlations, len(x), 3, 3)
        if trial < 100:
            null = m.permutation_null(x, y, permutations=19, groups=16, generator=generator)
            drawn += null.mean_p_value <= LEVEL
    assert naive > 5 * LEVEL * trials
    assert between(drawn, 100)
    assert between(seen, trials) if exact else seen <= binom.ppf(1 - 5e-4, trials, LEVEL)


@pytest.mark.parametrize("seed", range(3))
def test_a_planted_relation_is_found_among_maps(seed):
    x, y = (maps(200, 4, 8, 4.0, source(seed + offset)) for offset in (0, 10))
    y[:, :2] += x[:, :2]
    found = m.cca(x, y @ torch.randn(8, 8, generator=source(seed), dtype=torch.float64), groups=16)
    assert m.bartlett_rank(found.correlations, found.samples, 8, 8, level=1e-3) == 2
    null = m.permutation_null(x, y, permutations=49, groups=16, generator=source(seed))
    assert null.p_values[:2].tolist() == [1 / 50, 1 / 50]
    assert float(null.p_values[2]) > 0.02


def test_the_variance_is_that_over_all_permutations_of_the_inputs():
    """Of one neuron against one, over the 120 orders of 5 inputs of 3 positions without means of their own."""
    x, y = (torch.randn(5, 4, generator=source(seed), dtype=torch.float64) for seed in (0, 1))
    x, y = (own - own.mean(0) for own in (a[:, :3] + 2 * a[:, 3:] for a in (x, y)))
    unit = [a / a.norm() for a in (x, y)]
    squares = [float((unit[0] * unit[1][list(order)]).sum()) ** 2 for order in permutations(range(5))]
    worth = m.effective_samples(x.reshape(-1, 1), y.reshape(-1, 1), groups=3)
    assert worth == pytest.approx(1 + 1 / np.mean(squares), rel=1e-5)


def test_copies_of_a_row_count_once_and_unlike_rows_all():
    x, y = (torch.randn(60, 4, generator=source(seed), dtype=torch.float64) for seed in (0, 1))
    assert m.effective_samples(x.repeat_interleave(7, 0), y.repeat_interleave(7, 0), groups=7) == pytest.approx(60)
    x, y = (torch.randn(7000, 4, generator=source(seed), dtype=torch.float64) for seed in (0, 1))
    assert m.effective_samples(x, y, groups=7) == pytest.approx(7000, rel=0.03)
    assert m.effective_samples(x.repeat_interleave(7, 0), torch.randn(49000, 4, generator=source(2)), groups=7) > 46000


def test_a_neuron_that_tells_only_the_position_is_worth_the_inputs():
    x = torch.arange(4.0).repeat(30)[:, None]
    assert m.effective_samples(x, torch.randn(120, 1, generator=source(0)), groups=4) == pytest.approx(30)


def test_means_of_positions_are_a_relation_to_all_but_permutations_until_they_are_subtracted():
    border = torch.linspace(-2, 2, 16, dtype=torch.float64).repeat(80)[:, None]
    x, y = (maps(80, 4, 3, 2.0, source(seed)) + border for seed in (0, 1))
    found = m.cca(x, y, groups=16)
    assert rejected(found.correlations, found.samples, 3, 3)
    assert m.permutation_null(x, y, permutations=39, groups=16, generator=source(2)).mean_p_value > LEVEL
    x, y = ((a.view(80, 16, 3) - a.view(80, 16, 3).mean(0)).flatten(0, 1) for a in (x, y))
    found = m.cca(x, y, groups=16)
    assert not rejected(found.correlations, found.samples, 3, 3)


def test_groups_of_one_and_none_are_the_same():
    x, y = (torch.randn(90, 4, generator=source(seed)) for seed in (0, 1))
    draws = [m.permutation_null(x, y, permutations=5, groups=g, generator=source(2)) for g in (None, 1, np.arange(90))]
    for null in draws:
        assert null.correlations.equal(draws[0].correlations)
        assert null.samples == 90
    assert {m.cca(x, y, groups=g).samples for g in (None, 1, torch.arange(90))} == {90}


def test_inputs_may_stand_in_any_order():
    x, y = (maps(40, 3, 3, 3.0, source(seed)) for seed in (0, 1))
    inputs = torch.arange(40).repeat_interleave(9)
    wanted = m.permutation_null(x, y, permutations=4, groups=9, generator=source(5))
    by_position = torch.arange(360).view(40, 9).T.flatten()  # all images at one position, then all at the next
    for order, groups in ((torch.arange(360), inputs.numpy()), (by_position, inputs[by_position])):
        found = m.permutation_null(x[order], y[order], permutations=4, groups=groups, generator=source(5))
        torch.testing.assert_close(found.correlations, wanted.correlations, atol=1e-6, rtol=0)
        assert found.samples == pytest.approx(wanted.samples, rel=1e-5)


def test_every_measure_says_what_its_rows_are_worth():
    x, y = (maps(60, 4, 3, 5.0, source(seed)) for seed in (0, 1))
    worth = m.effective_samples(x, y, groups=16)
    for found in (m.cca(x, y, groups=16), m.pwcca(x, y, groups=16), m.pwcca(x, y, form="tutorial", groups=16)):
        assert found.samples == pytest.approx(worth, rel=1e-5)
    kept = m.svcca(x, y, keep=2, groups=16)
    assert 60 < kept.samples < 960
    assert len(kept.correlations) == 2
    pairs = m.all_pairs({"x": x, "y": y}, groups=16)
    assert pairs["x", "y"].equal(m.all_pairs({"x": x, "y": y})["x", "y"])


@pytest.mark.parametrize("measure", [m.cca, m.pwcca, lambda x, y, **o: m.all_pairs({"x": x, "y": y}, **o)])
def test_few_images_warn_however_many_positions_they_have(measure):
    x, y = (maps(30, 4, 12, 50.0, source(seed)) for seed in (0, 1))
    measure(x, y)  # by rows, 480 are enough for 12
    with pytest.warns(UserWarning, match=r"480 samples, worth 3\d independent ones as rows share inputs, for 12"):
        measure(x, y, groups=16)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (7, "groups: wanted rows per input that divide the 12 samples, found 7"),
        (0, "groups: wanted rows per input that divide the 12 samples, found 0"),
        (12, "groups: wanted two inputs or more, found 1 of 12 rows"),
        ([0] * 6 + [1] * 6, "groups: wanted a whole number or whole numbers"),
        (2.0, "groups: wanted a whole number or whole numbers of shape .12,., found 2.0"),
        (True, "groups: wanted a whole number or whole numbers of shape .12,., found True"),
        (torch.zeros(11, dtype=torch.int64), r"groups: .*found shape \(11,\) of torch.int64"),
        (torch.zeros(12), r"groups: .*found shape \(12,\) of torch.float32"),
        (np.zeros(12), r"groups: .*found shape \(12,\) of float64"),
        (torch.tensor([0] * 5 + [1] * 7), "groups: wanted as many rows of every input, found 5 to 7; keep the same"),
    ],
)
def test_groups_are_refused_with_a_remedy(groups, message):
    with pytest.raises(ValueError, match=message):
        rows_of_inputs(groups, 12)
