"""Verdicts as claims.json holds them: a dictionary by the claims' ids."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from netspectra.statistics import dictionaries
from netspectra.statistics.judging import NOT_JUDGED, REPRODUCED, Tolerance, at_least, at_most, between
from netspectra.statistics.replication import FULL_SCALE


@dataclass(frozen=True)
class Control:
    """What must fail where a claim holds.

    Attributes:
        what: What it is measured on.
        metric: Name in the metrics of the claim's experiment.
        value: What was measured.
        low: Lower end of its 95 % interval; None without one.
        high: Upper end.
        verdict: By the rule of the claim.
    """

    what: str
    metric: str
    value: float
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True)
class Verdict:
    """One claim judged.

    Attributes:
        id: Name of the claim.
        document: Which of the five.
        experiment: Where the metric comes from.
        where: Where the document says it.
        says: The claim, in our words.
        basis: Where the tolerance comes from.
        scale: That of the run.
        verdict: "reproduced", "not reproduced", "undecided" or "not judged".
        metric: Name in the experiment's metrics.
        value: What was measured, a mean over networks or pairs of them.
        low: Lower end of its 95 % interval; None without one.
        high: Upper end.
        networks: How many networks the experiment has at least; None where it has none.
        published: The document's own value, where it prints one.
        kind: Of the published value: "printed", "picture" or "words".
        uncertainty: Of the published value.
        tolerance: The rule in force as claims.yaml gives it; None where there is none.
        check: Whether the claim holds by construction, and is not counted.
        beyond: Whether the document does not say it, and it is counted apart.
        control: What was measured on the control; None without one.
        no_control: Why there is none.
        evidence: Whether the claim is reproduced and its control is not.
        remark: The same in words.
        p: Against the hypothesis that the true value lies outside the tolerance; None where it was not judged.
        p_holm: The same, adjusted for all that is judged of the document (Holm 1979); None where that does not apply.
        reason: Why it is not reproduced or undecided at this scale, and what was tried; None where nobody has said so.
    """

    id: str
    document: str
    experiment: str
    where: str
    says: str
    basis: str
    scale: str
    verdict: str
    metric: str
    value: float
    low: float | None
    high: float | None
    networks: int | None
    published: float | None
    kind: str | None
    uncertainty: float | None
    tolerance: dict | None
    check: bool
    beyond: bool
    control: Control | None
    no_control: str | None
    evidence: bool
    remark: str
    p: float | None
    p_holm: float | None = None
    reason: str | None = None

    @property
    def said(self) -> str:
        """The verdict in words, with the scale where it is a reduced one."""
        reduced = self.scale != FULL_SCALE and self.verdict != NOT_JUDGED
        return f"{self.verdict} at reduced scale" if reduced else self.verdict

    @property
    def is_counted(self) -> bool:
        """Whether it is a claim of the document that could have failed."""
        return not (self.check or self.beyond)

    @property
    def control_passes(self) -> bool:
        """Whether the control holds as well, so that the claim is no evidence."""
        return self.control is not None and self.control.verdict == REPRODUCED

    @property
    def is_shown_together(self) -> bool:
        """Whether it is reproduced with all that its document says, at 2.5 % for any wrong one."""
        return self.verdict == REPRODUCED and self.p_holm is not None and self.p_holm <= 0.025


def tolerance_of(rule: Mapping | None) -> Tolerance | None:
    """The tolerance that a rule of claims.yaml gives."""
    if rule is None:
        return None
    ((name, bound),) = rule.items()
    return between(*bound) if name == "between" else {"at_least": at_least, "at_most": at_most}[name](bound)


def write(verdicts: Iterable[Verdict], path: Path | str) -> None:
    """Write the file whole or not at all."""
    entries = [asdict(verdict) for verdict in verdicts]
    dictionaries.write({entry.pop("id"): entry for entry in entries}, path)


def load(path: Path | str) -> list[Verdict]:
    """What `write` wrote.

    Raises:
        DataError: It is missing, or holds something else.
    """
    return parse(dictionaries.read(path), str(path))


def parse(text: str, where: str) -> list[Verdict]:
    """Verdicts from the text of their file; errors as in `load`."""
    return list(dictionaries.parse(text, where, _verdict).values())


def _verdict(name: str, entry: dict) -> Verdict:
    control = None if entry["control"] is None else Control(**entry["control"])
    return Verdict(**entry | {"id": name, "control": control})
