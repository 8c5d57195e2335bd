"""A verdict as a reader sees it: its mark, its margin in words, and where its interval lies beside its tolerance."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from netspectra.statistics.judged import Control, Verdict, tolerance_of
from netspectra.statistics.judging import NOT_JUDGED, NOT_REPRODUCED, REPRODUCED, UNDECIDED

KINDS = {REPRODUCED: "yes", NOT_REPRODUCED: "no", UNDECIDED: "unsure", NOT_JUDGED: "open"}
SIGNS = {"yes": "✓", "idle": "≈", "no": "✗", "unsure": "?", "open": "–"}
WIDTH, EDGE = 200.0, 8.0  # of the drawing of a claim, in its own units


@dataclass(frozen=True)
class Strip:
    """Places of a claim's numbers along a line from 0 to WIDTH; None for what there is not.

    Attributes:
        band: Ends of the tolerance.
        interval: Ends of the interval.
        value: The value.
        published: The document's value.
        control: The control's value.
        beyond: Whether the control lies outside of what is drawn.
    """

    band: tuple[float, float] | None
    interval: tuple[float, float] | None
    value: float
    published: float | None
    control: float | None
    beyond: bool


def kind(v: Verdict) -> str:
    """The class of a verdict: reproduced without its control failing is a kind of its own."""
    return "idle" if v.verdict == REPRODUCED and v.control_passes else KINDS[v.verdict]


def sign(v: Verdict) -> str:
    """A mark that says the verdict without its colour."""
    return SIGNS[kind(v)]


def group(v: Verdict) -> str:
    """Whether it is a claim of the document, beyond it, or a check."""
    return "check" if v.check else "beyond" if v.beyond else "claim"


def notes(v: Verdict) -> str:
    """The verdict, and what is to be known beside it."""
    found = [v.said]
    if v.verdict == REPRODUCED and v.control_passes:
        found.append("no evidence: the control passes too")
    elif v.verdict == REPRODUCED and v.control and v.control.verdict == UNDECIDED:
        found.append("not yet evidence: the control is undecided")
    if v.is_shown_together:
        found.append("also among all claims of the document (Holm)")
    return "; ".join(found)


def published(v: Verdict) -> str:
    """The document's value with its error and where it comes from."""
    value = "" if v.published is None else f"{v.published:.4g}"
    value += "" if v.uncertainty is None else f" ± {v.uncertainty:g}"
    return f"{value} ({v.kind})" if v.kind and value else value


def gap(v: Verdict) -> float:
    """How far the value lies outside of the tolerance, in its own unit; 0 inside."""
    wanted = tolerance_of(v.tolerance)
    return 0.0 if wanted is None else max(wanted.low - v.value, v.value - wanted.high, 0.0)


def margin(v: Verdict) -> str:
    """By how much the value misses the tolerance or keeps to it, and what the interval says of that."""
    wanted = tolerance_of(v.tolerance)
    if wanted is None:
        return "no tolerance at this scale"
    below = wanted.low - v.value >= v.value - wanted.high
    bound = wanted.low if below else wanted.high
    side = ("below" if below else "above") if gap(v) else ("above" if below else "below")
    distance = abs(v.value - bound)
    share = f" ({distance / abs(bound):.0%} of it)" if bound else ""
    return f"{distance:.3g} {side} the bound {bound:g}{share}; {_ends(v, bound, below)}"


def _ends(v: Verdict, bound: float, below: bool) -> str:
    if v.low is None:
        return "without an interval"
    if v.low <= bound <= v.high:
        return "the interval holds the bound"
    near = min(abs(v.low - bound), abs(v.high - bound))
    return f"the near end of the interval {near:.3g} from it"


def strip(v: Verdict) -> Strip:
    """Where the numbers of a claim lie beside each other; a control far away stands at the edge."""
    wanted = tolerance_of(v.tolerance)
    bounds = [] if wanted is None else [b for b in (wanted.low, wanted.high) if isfinite(b)]
    own = [x for x in (v.value, v.low, v.high, v.published, *bounds) if x is not None]
    low, high = _reach(own, v.control)

    def at(x: float) -> float:
        return round(min(max(EDGE + (x - low) / (high - low) * (WIDTH - 2 * EDGE), 0), WIDTH), 1)

    control = v.control.value if v.control else None
    return Strip(
        band=None if wanted is None else (at(wanted.low), at(wanted.high)),
        interval=None if v.low is None else (at(v.low), at(v.high)),
        value=at(v.value),
        published=None if v.published is None else at(v.published),
        control=None if control is None else at(control),
        beyond=control is not None and not low <= control <= high,
    )


def _reach(own: list[float], control: Control | None) -> tuple[float, float]:
    """What is drawn: all that is the claim's own, and its control unless that would squeeze the rest."""
    low, high = min(own), max(own)
    span = (high - low) or abs(high) or 1.0
    if control is not None and low - 1.5 * span <= control.value <= high + 1.5 * span:
        low, high = min(low, control.value), max(high, control.value)
    return (low, high) if high > low else (low - span / 2, high + span / 2)


def failed(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """What is not reproduced, checks and what is beyond the documents behind the claims."""
    found = [v for v in verdicts if v.verdict == NOT_REPRODUCED]
    return sorted(found, key=lambda v: ("claim", "beyond", "check").index(group(v)))


def controls(verdicts: Iterable[Verdict]) -> list[tuple[str, dict[str, list[Verdict]]]]:
    """What became of each kind of control of what is reproduced, untrained networks first: by the control's verdict."""
    found: dict[str, dict[str, list[Verdict]]] = {}
    for v in (v for v in verdicts if v.control and v.verdict == REPRODUCED):
        found.setdefault(v.control.what, {}).setdefault(v.control.verdict, []).append(v)
    return sorted(found.items(), key=lambda item: (not is_untrained(item[0]), item[0]))


def is_untrained(control: str) -> bool:
    """Whether a control is networks that were not trained."""
    return "untrained" in control or "before training" in control
