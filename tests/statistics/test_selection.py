import numpy as np
import pytest

from netspectra.statistics.estimates import Estimate, of_replicates
from netspectra.statistics.selection import of_selection
from netspectra.statistics.spread import band

RECIPES = 12


def select(values, printed=None):
    """The best of recipes with values (recipes, quantities, networks)."""
    candidates = {f"r{k}": {f"q{i}": of_replicates(v) for i, v in enumerate(of_one)} for k, of_one in enumerate(values)}
    return of_selection(candidates, printed or {f"q{i}": (0.0, 1.0) for i in range(len(values[0]))})


@pytest.mark.parametrize("networks", [3, 10])
@pytest.mark.parametrize("means", [np.linspace(1, 3, RECIPES), 3.0 * (-1.0) ** np.arange(RECIPES)])
def test_the_least_distance_is_covered_however_the_best_was_chosen(networks, means):
    random = np.random.default_rng(networks)
    draws = band(random.normal(size=(networks, 400, RECIPES)) + means)
    found = []
    for value, low, high in zip(*(ends.tolist() for ends in draws), strict=True):
        of_one = [Estimate(*e, units=networks, freedom=networks - 1) for e in zip(value, low, high, strict=True)]
        found.append(of_selection({str(k): {"q": e} for k, e in enumerate(of_one)}, {"q": (0.0, 1.0)}).distance)
    truth = abs(means).min()
    assert np.mean([e.low <= truth <= e.high for e in found]) >= 0.92
    assert all(e.low <= e.value <= e.high for e in found)


def test_the_interval_of_the_chosen_recipe_would_not_cover():
    draws = 3 + np.random.default_rng(0).normal(size=(400, RECIPES, 10))
    own = [of_replicates(values[abs(values.mean(1)).argmin()]) for values in draws]
    assert np.mean([e.low <= 3 <= e.high for e in own]) < 0.85


def test_one_recipe_for_all_printed_values():
    random = np.random.default_rng(0)
    far = np.array([[0.0, 4.0], [4.0, 0.0], [1.0, 1.5]])
    values = far[..., None] + 0.01 * random.normal(size=(3, 2, 5))
    found = select(values)
    assert found.name == "r2" and found.distance.value == pytest.approx(1.5, abs=0.02)
    assert 1.4 < found.distance.low < 1.5 < found.distance.high < 1.6
    alone = select(values[:, :1])
    assert alone.name == "r0" and alone.distance.low == 0 and alone.distance.high < 0.05
    wider = select(values, {"q0": (0.0, 10.0), "q1": (4.0, 1.0)})
    assert wider.name == "r0" and wider.distance.value == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(("recipes", "quantities"), [(4, 2), (1, 8)])
def test_several_quantities_are_covered_together(recipes, quantities):
    draws = 2 + np.random.default_rng(1).normal(size=(400, recipes, quantities, 4))
    found = [select(values).distance for values in draws]
    assert np.mean([e.low <= 2 for e in found]) >= 0.95
    assert np.mean([e.high >= 2 for e in found]) >= 0.95


def test_a_recipe_without_an_interval_leaves_the_choice_without():
    known, unknown = of_replicates([1.0, 2.0]), of_replicates([0.1])
    found = of_selection({"a": {"q": known}, "b": {"q": unknown}}, {"q": (0.0, 0.5)})
    assert found.name == "b" and found.distance.low is None and found.distance.value == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("candidates", "printed", "words"),
    [
        ({}, {"q": (0, 1)}, "at least one"),
        ({"a": {"other": Estimate(1.0)}}, {"q": (0, 1)}, "an estimate of q"),
        ({"a": {"q": Estimate(1.0)}}, {"q": (0, 0)}, "positive tolerance"),
    ],
)
def test_bad_choices_are_refused(candidates, printed, words):
    with pytest.raises(ValueError, match=words):
        of_selection(candidates, printed)
