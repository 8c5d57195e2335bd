"""Verdicts as text: how many of each kind by document, and those that a reader has to look at."""

from collections.abc import Iterable

from netspectra.statistics.judged import Verdict, tolerance_of
from netspectra.statistics.judging import NOT_JUDGED, NOT_REPRODUCED, REPRODUCED, UNDECIDED
from netspectra.statistics.replication import FULL_SCALE

KINDS = (REPRODUCED, NOT_REPRODUCED, UNDECIDED, NOT_JUDGED)


def headline(verdicts: list[Verdict]) -> list[str]:
    """All verdicts in phrases: claims by kind, then what is counted apart from them."""
    claims = [v for v in verdicts if v.is_counted]
    parts = [f"{len(claims)} claims: {counts(claims)}"]
    held = [v.control.verdict for v in claims if v.verdict == REPRODUCED and v.control]
    if idle := held.count(REPRODUCED):
        parts.append(f"of those reproduced, {idle} no evidence, as the control passes too")
    if unsure := held.count(UNDECIDED):
        parts.append(f"of those reproduced, {unsure} not yet evidence, as the control is undecided")
    if silent := sum(v.control is None and v.no_control is None for v in claims):
        parts.append(f"{silent} name no control and do not say why")
    if checks := [v for v in verdicts if v.check]:
        parts.append(f"{len(checks)} checks apart: {counts(checks)}")
    if beyond := [v for v in verdicts if v.beyond and not v.check]:
        parts.append(f"{len(beyond)} claims beyond the documents: {counts(beyond)}")
    return parts


def counts(verdicts: Iterable[Verdict]) -> str:
    """How many of each kind."""
    found = [v.verdict for v in verdicts]
    return ", ".join(f"{found.count(kind)} {kind}" for kind in KINDS)


def scale_in_words(scale: str) -> str:
    """The scale, and whether it is a reduced one."""
    return scale if scale == FULL_SCALE else f"{scale} (reduced scale)"


def numbers(value: float, low: float | None, high: float | None) -> str:
    """A value with its interval in brackets, where there is one."""
    return f"{value:.4g}" if low is None else f"{value:.4g} [{low:.4g}, {high:.4g}]"


def table(verdicts: list[Verdict], *, everything: bool = False) -> str:
    """Counts by document, and a line for each claim and check that is not plainly reproduced.

    Args:
        verdicts: All of a scale.
        everything: Also those that are.
    """
    shown = [v for v in verdicts if everything or v.verdict != REPRODUCED or v.control_passes]
    documents = dict.fromkeys(v.document for v in verdicts)
    lines = [f"{'document':<12}{''.join(f'{kind:>16}' for kind in KINDS)}{'checks':>16}"]
    lines += [_counted(name, [v for v in verdicts if v.document == name]) for name in documents]
    lines += ["", *map(_line, shown)] if shown else []
    where = scale_in_words(verdicts[0].scale) if verdicts else "none"
    return "\n".join([*lines, "", f"Scale {where}:", *headline(verdicts)])


def _counted(name: str, verdicts: list[Verdict]) -> str:
    claims, checks = [v.verdict for v in verdicts if v.is_counted], [v.verdict for v in verdicts if v.check]
    held = f"{checks.count(REPRODUCED)} of {len(checks)}"
    return f"{name:<12}{''.join(f'{claims.count(kind):>16}' for kind in KINDS)}{held:>16}"


def _line(v: Verdict) -> str:
    mark = "check" if v.check else "beyond" if v.beyond else ""
    wanted = tolerance_of(v.tolerance)
    parts = [numbers(v.value, v.low, v.high), *([f"wanted {wanted}"] if wanted else [])]
    if v.control_passes:
        parts.append(f"the control passes: {numbers(v.control.value, v.control.low, v.control.high)}")
    return f"{v.verdict:<15}{mark:<7}{v.id:<42} {', '.join(parts)}"
