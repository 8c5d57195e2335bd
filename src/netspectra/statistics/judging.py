"""Verdicts on estimates: what an interval says of a tolerance, of its control, and of many claims at once.

A claim is reproduced when its whole interval lies inside the tolerance. At a level of 95 % that is two one-sided tests
at 2.5 % each (Schuirmann 1987): where the true value lies outside or on a bound, the claim is called reproduced with a
chance of at most 2.5 %. It is not reproduced when all of the interval lies outside: where the true value lies inside,
that happens with a chance of at most 2.5 % if the tolerance has one bound or is much wider than the error, else 5 %.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

import numpy as np
from scipy.special import stdtr

from netspectra.statistics.estimates import Estimate
from netspectra.statistics.scales import to_scale

REPRODUCED, NOT_REPRODUCED = "reproduced", "not reproduced"
UNDECIDED, NOT_JUDGED = "undecided", "not judged"


@dataclass(frozen=True)
class Tolerance:
    """The values that a claim allows, an interval that may be unbounded; its ends belong to it unless it is open.

    Attributes:
        low: Least value.
        high: Greatest value.
        is_open: Whether the ends themselves are outside, as in "less than" and "greater than".
    """

    low: float = -inf
    high: float = inf
    is_open: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.high or (self.is_open and self.low == self.high):
            raise ValueError(f"low, high: wanted a tolerance that holds a value, found {self}")

    def too_low(self, x: float) -> bool:
        """Whether x lies below the tolerance."""
        return x < self.low or (self.is_open and x == self.low)

    def too_high(self, x: float) -> bool:
        """Whether x lies above the tolerance."""
        return x > self.high or (self.is_open and x == self.high)

    def holds(self, x: float) -> bool:
        """Whether x lies in the tolerance."""
        return not (self.too_low(x) or self.too_high(x))

    def __str__(self) -> str:
        less = "<" if self.is_open else "<="
        if self.low == -inf or self.high == inf:
            return f"{less} {self.high:g}" if self.low == -inf else f"{less.replace('<', '>')} {self.low:g}"
        return f"{self.low:g} to {self.high:g}"


def at_least(bound: float, *, is_open: bool = False) -> Tolerance:
    """Values from a bound upwards."""
    return Tolerance(low=bound, is_open=is_open)


def at_most(bound: float, *, is_open: bool = False) -> Tolerance:
    """Values up to a bound."""
    return Tolerance(high=bound, is_open=is_open)


def between(low: float, high: float, *, is_open: bool = False) -> Tolerance:
    """Values from one bound to another."""
    return Tolerance(low, high, is_open)


def judge(estimate: Estimate, tolerance: Tolerance | None) -> str:
    """The verdict: by the whole interval, by the value where it is exact, undecided without an interval.

    Args:
        estimate: What was measured.
        tolerance: What is asked of it; None where the scale cannot show it.
    """
    if tolerance is None:
        return NOT_JUDGED
    if estimate.low is None and not estimate.exact:
        return UNDECIDED
    low, high = (estimate.value, estimate.value) if estimate.exact else (estimate.low, estimate.high)
    if tolerance.holds(low) and tolerance.holds(high):
        return REPRODUCED
    return NOT_REPRODUCED if tolerance.too_high(low) or tolerance.too_low(high) else UNDECIDED


@dataclass(frozen=True)
class Judgement:
    """A verdict beside that on its control.

    Attributes:
        verdict: On the claim.
        control: On the control, by the same tolerance; None without one.
        evidence: Whether the claim is reproduced and its control is not: what the claim says is then due to what the
            control lacks.
        remark: The same in words.
    """

    verdict: str
    control: str | None
    evidence: bool
    remark: str


def judge_with_control(estimate: Estimate, tolerance: Tolerance | None, control: Estimate | None) -> Judgement:
    """Judge a claim and, by the same tolerance, the control on which it must fail."""
    verdict = judge(estimate, tolerance)
    if control is None or verdict != REPRODUCED:
        of_control = None if control is None else judge(control, tolerance)
        return Judgement(verdict, of_control, False, "no control" if control is None else "not evidence: " + verdict)
    of_control = judge(control, tolerance)
    remarks = {
        NOT_REPRODUCED: "evidence: the control fails",
        REPRODUCED: "not evidence: the control passes too",
        UNDECIDED: "not yet evidence: the control is undecided",
    }
    return Judgement(verdict, of_control, of_control == NOT_REPRODUCED, remarks[of_control])


def p_value(estimate: Estimate, tolerance: Tolerance, *, inside: bool = True) -> float:
    """Against the hypothesis that the true value lies outside the tolerance, or against its lying inside.

    The interval of any level comes from one distribution, Student's on the estimate's scale. The p-value is the greater
    of its tails beyond the two bounds (Schuirmann 1987), and against lying inside the tail on the near side of the
    nearest bound. `judge` says reproduced exactly where `p_value(...) <= (1 - level) / 2`, and not reproduced where the
    other is. Where an error has several parts, and for bootstraps and choices, it is exact at the estimate's own level
    and an approximation at others. Without an interval it is 1, for an exact value 0 or 1.

    Args:
        estimate: What was measured.
        tolerance: What is asked of it.
        inside: Whether to show that the value lies inside.
    """
    if estimate.exact:
        return float(tolerance.holds(estimate.value) != inside)
    if estimate.low is None:
        return 1.0
    below = _confidence(estimate, tolerance.low, -1) if tolerance.low > estimate.bounds[0] else (0.0, 1.0)
    above = _confidence(estimate, tolerance.high, 1) if tolerance.high < estimate.bounds[1] else (0.0, 1.0)
    return max(below[0], above[0]) if inside else min(below[1], above[1])


def _confidence(estimate: Estimate, bound: float, side: int) -> tuple[float, float]:
    """Confidence that the true value lies beyond a bound, on the side -1 or 1 of it, and that it does not."""
    distance, arm = distance_to(estimate, bound)
    z = distance / arm if arm else inf * (np.sign(distance) or side)
    return float(stdtr(estimate.freedom, -side * z)), float(stdtr(estimate.freedom, side * z))


def distance_to(estimate: Estimate, bound: float) -> tuple[float, float]:
    """How far a bound lies above the value on its scale (below: negative), and the standard error towards it."""
    distance = float(to_scale(bound, estimate.scale) - to_scale(estimate.value, estimate.scale))
    return distance, estimate.arms[int(distance > 0)]


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values of simultaneous statements (Holm 1979): the i-th least of m times m + 1 - i, never falling.

    Those at most a are shown together with a chance of at most a that any of them is wrong, whatever their dependence.
    For claims called reproduced at a level of 95 %, a is 2.5 %, the chance of a single wrong one.
    """
    names = sorted(p_values, key=p_values.__getitem__)
    steps = [min(1.0, (len(names) - i) * p_values[name]) for i, name in enumerate(names)]
    adjusted = dict(zip(names, np.maximum.accumulate(steps).tolist() if steps else [], strict=True))
    return {name: adjusted[name] for name in p_values}
