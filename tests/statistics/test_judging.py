import numpy as np
import pytest

from netspectra.statistics.estimates import Estimate, exactly, of_pairs, of_replicates
from netspectra.statistics.judging import (
    NOT_JUDGED,
    NOT_REPRODUCED,
    REPRODUCED,
    UNDECIDED,
    at_least,
    at_most,
    between,
    holm,
    judge,
    judge_with_control,
    p_value,
)
from netspectra.statistics.predictions import of_single_draw
from netspectra.statistics.selection import of_selection
from netspectra.statistics.settling import level_of_look, required_replicates

REPETITIONS = 4000


@pytest.mark.parametrize(
    ("low", "high", "tolerance", "verdict"),
    [
        (2, 4, at_least(1), REPRODUCED),
        (2, 4, at_least(2), REPRODUCED),
        (2, 4, at_least(2, is_open=True), UNDECIDED),
        (2, 4, at_least(3), UNDECIDED),
        (2, 4, at_least(4), UNDECIDED),
        (2, 4, at_least(4, is_open=True), NOT_REPRODUCED),
        (2, 4, at_least(5), NOT_REPRODUCED),
        (2, 4, at_most(5), REPRODUCED),
        (2, 4, at_most(2, is_open=True), NOT_REPRODUCED),
        (2, 4, at_most(2), UNDECIDED),
        (2, 4, between(1, 5), REPRODUCED),
        (2, 4, between(2.5, 3.5), UNDECIDED),
        (2, 4, between(5, 6), NOT_REPRODUCED),
        (2, 4, between(0, 1), NOT_REPRODUCED),
        (2, 4, None, NOT_JUDGED),
    ],
)
def test_verdicts_follow_from_the_whole_interval(low, high, tolerance, verdict):
    assert judge(Estimate(3.0, low, high), tolerance) == verdict


def test_without_an_interval_nothing_is_decided_unless_it_is_exact():
    assert judge(of_replicates([10.0]), at_least(1)) == UNDECIDED
    assert judge(of_replicates([10.0, 10.0, 10.0]), at_least(1)) == UNDECIDED
    assert judge(of_pairs([0.5], [(0, 1)]), at_least(0)) == UNDECIDED
    assert judge(exactly(10), between(10, 10)) == REPRODUCED
    assert judge(exactly(9), between(10, 10)) == NOT_REPRODUCED
    assert judge(exactly(0), at_least(0, is_open=True)) == NOT_REPRODUCED
    assert judge(exactly(9), None) == NOT_JUDGED


def test_tolerances_are_written_out_and_hold_something():
    assert [str(x) for x in (at_least(2), at_most(2, is_open=True), between(1, 2))] == [">= 2", "< 2", "1 to 2"]
    for wrong in ((2, 1), (np.nan, 1)):
        with pytest.raises(ValueError, match="tolerance"):
            between(*wrong)
    with pytest.raises(ValueError, match="tolerance"):
        between(1, 1, is_open=True)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_value_on_the_bound_is_called_reproduced_in_one_of_forty(count):
    draws = np.random.default_rng(count).normal(size=(REPETITIONS, count))
    found = [of_replicates(values) for values in draws]
    for tolerance in (at_least(0), at_most(0), between(0, 100)):
        verdicts = [judge(e, tolerance) for e in found]
        for verdict in (REPRODUCED, NOT_REPRODUCED):  # on the bound either is wrong as seldom
            assert 0.018 < np.mean([v == verdict for v in verdicts]) < 0.033
    # A tolerance about as wide as the error is rarely met by chance, and never more often than that.
    narrow = np.mean([judge(e, between(0, 0.5)) == REPRODUCED for e in found])
    assert narrow < 0.033


def test_a_value_in_a_narrow_tolerance_is_called_outside_in_one_of_twenty():
    draws = np.random.default_rng(0).normal(size=(REPETITIONS, 5))
    wrong = np.mean([judge(of_replicates(values), between(0, 0)) == NOT_REPRODUCED for values in draws])
    assert 0.04 < wrong < 0.061


def test_a_printed_draw_that_scatters_as_ours_do_is_rarely_refused():
    random = np.random.default_rng(0)
    wrong = 0
    for _ in range(1000):
        draws = random.normal(36, 1, (5, 1)) + random.normal(0, 2, (5, 4))
        printed = random.normal(36, 5**0.5)
        wrong += judge(of_single_draw(draws), between(printed, printed)) == NOT_REPRODUCED
    assert wrong / 1000 < 0.07


@pytest.mark.parametrize("scale", ["identity", "log", "logit"])
def test_p_values_tip_where_verdicts_do(scale):
    random = np.random.default_rng(0)
    for _ in range(100):
        found = of_replicates(random.uniform(0.3, 0.9, size=4), scale)
        low, high = np.sort(random.uniform(-0.2, 1.3, size=2))
        for tolerance in (at_least(low), at_most(high), between(low, high)):
            verdict = judge(found, tolerance)
            assert (p_value(found, tolerance) <= 0.025) == (verdict == REPRODUCED)
            assert (p_value(found, tolerance, inside=False) <= 0.025) == (verdict == NOT_REPRODUCED)
            for level in (0.5, 0.99):
                assert (p_value(found, tolerance) <= (1 - level) / 2) == (
                    judge(found.at(level), tolerance) == REPRODUCED
                )


def test_p_values_are_uniform_on_the_bound():
    draws = np.random.default_rng(0).normal(size=(2000, 4))
    found = np.sort([p_value(of_replicates(values), at_least(0)) for values in draws])
    assert abs(found - np.linspace(0, 1, 2000)).max() < 0.04
    known = of_replicates([1.0, 2.0, 3.0])
    assert p_value(known, at_least(0)) == pytest.approx(0.03709, abs=1e-5)  # t = 2 sqrt(3) on two degrees


def test_p_values_without_an_interval_or_without_error():
    assert p_value(of_replicates([1.0]), at_least(0)) == 1
    assert (p_value(exactly(1), at_least(0)), p_value(exactly(1), at_least(0), inside=False)) == (0, 1)
    on_bound = of_replicates([1.0] * 200, "fisher_z")
    assert p_value(on_bound, at_least(0.9)) < 0.025 and p_value(on_bound, between(0.9, 1)) < 0.025
    for side in (at_most(1.1), between(0.2, 1.5)):  # an end of the interval is the value itself
        assert p_value(Estimate(1.0, 0.5, 1.0, freedom=4), side) <= 0.025
    assert p_value(Estimate(1.0, 0.5, 1.0, freedom=4), at_least(1.2)) == 1
    near = of_selection({"a": {"q": of_replicates([0.1, -0.1, 0.02])}}, {"q": (0, 2)}).distance
    assert near.low == 0 and p_value(near, at_most(1)) < 0.025 < p_value(near, at_most(0.1))


def test_holm_multiplies_by_how_many_are_left():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}) == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02}
    )
    assert holm({"a": 0.6, "b": 0.7}) == {"a": 1, "b": 1}
    assert holm({}) == {}


def test_holm_keeps_the_chance_of_any_wrong_statement():
    draws = np.random.default_rng(0).normal(size=(400, 10, 4))
    plain = adjusted = 0
    for claims in draws:
        found = {str(k): p_value(of_replicates(values), at_least(0)) for k, values in enumerate(claims)}
        plain += min(found.values()) <= 0.025
        adjusted += min(holm(found).values()) <= 0.025
    assert plain / 400 > 0.15 and adjusted / 400 < 0.05


def test_a_claim_is_evidence_only_if_its_control_fails():
    claim, tolerance = Estimate(3.0, 2.0, 4.0), at_least(1)
    fails, passes, unclear = Estimate(0.0, -0.5, 0.5), Estimate(2.0, 1.5, 2.5), Estimate(1.0, 0.5, 1.5)
    found = judge_with_control(claim, tolerance, fails)
    assert (found.verdict, found.control, found.evidence) == (REPRODUCED, NOT_REPRODUCED, True)
    for control, of_control, words in (
        (passes, REPRODUCED, "passes too"),
        (unclear, UNDECIDED, "undecided"),
        (of_replicates([0.0]), UNDECIDED, "undecided"),
        (None, None, "no control"),
    ):
        found = judge_with_control(claim, tolerance, control)
        assert (found.verdict, found.control, found.evidence) == (REPRODUCED, of_control, False)
        assert words in found.remark
    assert not judge_with_control(unclear, tolerance, fails).evidence
    assert judge_with_control(fails, tolerance, fails).verdict == NOT_REPRODUCED
    assert judge_with_control(claim, None, fails) == judge_with_control(passes, None, fails)


def test_required_networks_are_those_at_which_the_interval_clears_the_bound():
    found = of_replicates([1.0, 3.0, 2.0, 4.0, 0.0])  # mean 2, standard deviation sqrt(2.5)
    assert judge(found, at_least(1)) == UNDECIDED
    count = required_replicates(found, at_least(1), limit=100)
    half = lambda n: found.at(0.95).error * (5 / n) ** 0.5 * np.array(-level_quantile(n - 1))  # noqa: E731
    assert half(count) <= 1 < half(count - 1)
    rough = 5 * ((found.high - found.low) / 2 / 1) ** 2
    assert rough / 2 < count <= rough
    assert required_replicates(found, at_least(1), limit=100, power=0.9) > count
    assert required_replicates(found, at_least(1), limit=count - 1) is None
    assert required_replicates(found, at_least(2), limit=10_000) is None
    assert required_replicates(found, at_least(3), limit=100) == count  # as far outside as the other is inside
    assert required_replicates(found, between(1, 9), limit=100) == count
    assert required_replicates(found, between(-1, 2.5), limit=1000) > count
    assert required_replicates(found, at_least(-5), limit=100) == 5


def level_quantile(freedom):
    from scipy.stats import t

    return t.ppf(0.025, freedom)


def test_required_networks_where_there_is_no_interval_or_a_floor():
    assert required_replicates(of_replicates([1.0]), at_least(0), limit=10) == 3
    assert required_replicates(of_replicates([1.0]), at_least(0), limit=2) is None
    assert required_replicates(of_replicates([1.0] * 5), at_least(0), limit=10) is None
    assert required_replicates(exactly(3), at_least(0), limit=10) == 1
    draws = of_single_draw([[36.0], [34.0], [39.0], [37.0]])  # a draw scatters by 2.1, and by less never
    assert required_replicates(draws, between(32.5, 40.5), limit=10_000) is None  # 1.96 times 2.1 is more than 4
    assert required_replicates(draws, between(31.5, 41.5), limit=10_000) == 10


def test_required_networks_decide_about_as_often_as_said():
    random = np.random.default_rng(0)
    first = of_replicates(np.array([-1.0, 0.0, 1.0, -0.5, 0.5]) + 0.5)
    for power, ends in ((0.5, (0.4, 0.6)), (0.9, (0.84, 0.96))):
        count = required_replicates(first, at_least(0), limit=1000, power=power)
        draws = random.normal(0.5, np.std([-1.0, 0.0, 1.0, -0.5, 0.5], ddof=1), (1000, count))
        share = np.mean([judge(of_replicates(values), at_least(0)) == REPRODUCED for values in draws])
        assert ends[0] < share < ends[1]
    with pytest.raises(ValueError, match="power"):
        required_replicates(first, at_least(0), limit=10, power=1)


def test_levels_of_further_looks_keep_the_error_below_twice_the_first():
    random = np.random.default_rng(0)
    assert level_of_look(1) == 0.95 and level_of_look(3) == pytest.approx(0.9875)
    wrong = {"adjusted": 0, "plain": 0}
    for values in random.normal(size=(800, 80)):
        for name in wrong:
            levels = [level_of_look(k) if name == "adjusted" else 0.95 for k in range(1, 6)]
            looks = zip((5, 10, 20, 40, 80), levels, strict=True)
            verdicts = (judge(of_replicates(values[:n], level=level), at_least(0)) for n, level in looks)
            wrong[name] += next((v for v in verdicts if v != UNDECIDED), None) == REPRODUCED
    assert wrong["adjusted"] / 800 < 0.06 < 0.065 < wrong["plain"] / 800
