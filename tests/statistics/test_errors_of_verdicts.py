"""Verdicts err as rarely as they say, all the way from networks through the file of metrics to the verdict."""

from itertools import combinations

import numpy as np
import pytest

from netspectra.statistics import metrics
from netspectra.statistics.estimates import of_pairs, of_replicates
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.judging import NOT_REPRODUCED, REPRODUCED, UNDECIDED, at_least, at_most, judge
from netspectra.statistics.predictions import of_single_draw
from netspectra.statistics.selection import of_selection

REPETITIONS = 1500
# Four standard errors above 2.5 %, as counted in all repetitions and in a third of them.
ERROR, OF_A_THIRD = (0.025 + 4 * (0.025 * 0.975 / count) ** 0.5 for count in (REPETITIONS, REPETITIONS // 3))
TRUTH = 3.0


def judged(estimates, units, tolerance):
    """Share of each verdict on a claim whose true value lies on its bound."""
    verdicts = []
    for estimate in estimates:
        flat = Metrics()
        flat.put("m", estimate)
        verdicts.append(judge(metrics.estimate_of(metrics.nest(flat)["m"], units), tolerance))
    return {kind: verdicts.count(kind) / len(verdicts) for kind in (REPRODUCED, NOT_REPRODUCED, UNDECIDED)}


@pytest.mark.parametrize("count", [2, 3, 5])
def test_over_networks(count):
    draws = np.random.default_rng(count).normal(TRUTH, 1, (REPETITIONS, count))
    found = judged(map(of_replicates, draws), count, at_least(TRUTH))
    assert max(found[REPRODUCED], found[NOT_REPRODUCED]) <= ERROR
    assert min(found[REPRODUCED], found[NOT_REPRODUCED]) > 0.01


@pytest.mark.parametrize("count", [3, 5])
def test_over_pairs(count):
    random, pairs = np.random.default_rng(count), np.array(list(combinations(range(count), 2)))
    effects = random.normal(TRUTH / 2, 1, (REPETITIONS, count))
    values = effects[:, pairs].sum(2)
    found = judged((of_pairs(of_one, pairs) for of_one in values), count, at_least(TRUTH))
    assert max(found[REPRODUCED], found[NOT_REPRODUCED]) <= ERROR
    # Pairs taken for networks of their own are surer than they may be.
    naive = judged((of_replicates(of_one) for of_one in values), len(pairs), at_least(TRUTH))
    assert count == 3 or naive[REPRODUCED] > 2 * ERROR


def test_over_draws():
    """A printed draw that scatters as ours do is not refused more often than one in forty on either side."""
    random = np.random.default_rng(0)
    networks = random.normal(TRUTH, 1, (REPETITIONS, 5, 1))
    ours = networks + random.normal(0, 0.5, (REPETITIONS, 5, 2))
    printed = random.normal(TRUTH, 1, REPETITIONS) + random.normal(0, 0.5, REPETITIONS)
    found = [of_single_draw(list(of_one)) for of_one in ours]
    above = np.mean([judge(e, at_most(p)) == NOT_REPRODUCED for e, p in zip(found, printed, strict=True)])
    below = np.mean([judge(e, at_least(p)) == NOT_REPRODUCED for e, p in zip(found, printed, strict=True)])
    assert max(above, below) <= ERROR


def test_over_a_choice():
    """Of six recipes that all lie on the tolerance, the nearest is called within it in one of forty."""
    draws = np.random.default_rng(1).normal(TRUTH, 0.2, (REPETITIONS // 3, 6, 4))
    printed = {"m": (TRUTH - 1, 1.0)}
    found = [
        of_selection({str(k): {"m": of_replicates(recipe)} for k, recipe in enumerate(grid)}, printed) for grid in draws
    ]
    assert np.mean([judge(choice.distance, at_most(1)) == REPRODUCED for choice in found]) <= OF_A_THIRD
    assert np.mean([judge(choice.distance, at_most(1)) == NOT_REPRODUCED for choice in found]) <= OF_A_THIRD
    # The chosen one's own interval forgets the choice.
    own = [of_replicates(grid[int(choice.name)]) for grid, choice in zip(draws, found, strict=True)]
    assert np.mean([judge(e, at_most(TRUTH)) == REPRODUCED for e in own]) > OF_A_THIRD
