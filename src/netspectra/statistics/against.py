"""What became of verdicts since a revision of git: lost, gained, newly undecided."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from netspectra.errors import DataError
from netspectra.statistics import revisions
from netspectra.statistics.judged import Verdict, parse, tolerance_of
from netspectra.statistics.judging import REPRODUCED, UNDECIDED
from netspectra.statistics.listing import numbers

GONE, LOST = "no longer a claim", "lost.txt"
Change = tuple[Verdict | None, Verdict | None]


@dataclass(frozen=True)
class Changes:
    """Claims and checks whose standing changed, each before and after; None where it is not there.

    Attributes:
        lost: Reproduced before, and now not reproduced, not judged or gone; or evidence before, and now the control
            passes.
        undecided: Decided before, or new, and now undecided.
        gained: Reproduced now, and not before.
        other: Any other change of verdict.
    """

    lost: list[Change] = field(default_factory=list)
    undecided: list[Change] = field(default_factory=list)
    gained: list[Change] = field(default_factory=list)
    other: list[Change] = field(default_factory=list)

    @property
    def losses(self) -> list[str]:
        """Claims that were reproduced and are so no more, or are evidence no more."""
        wavering = [change for change in self.undecided if change[0] and change[0].verdict == REPRODUCED]
        return [before.id for before, _ in [*self.lost, *wavering]]

    def __bool__(self) -> bool:
        return any((self.lost, self.undecided, self.gained, self.other))


def compare(before: list[Verdict], after: list[Verdict]) -> Changes:
    """Sort what differs between two files of verdicts."""
    old, new = ({v.id: v for v in verdicts} for verdicts in (before, after))
    changes = Changes()
    for name in dict.fromkeys([*new, *old]):
        if kind := _kind(old.get(name), new.get(name)):
            getattr(changes, kind).append((old.get(name), new.get(name)))
    return changes


def at_revision(file: Path, revision: str) -> list[Verdict]:
    """The verdicts that git has of a file.

    Raises:
        DataError: It has none there, or of another version.
    """
    text = revisions.text_of(file, revision)
    try:
        return parse(text, f"{revision}:{file}")
    except DataError as error:
        raise DataError(error.args[0], revisions.ANOTHER) from None


def told(file: Path, revision: str) -> set[str]:
    """Claims whose loss was told since a revision, in lost.txt beside their file: lines of an id, a colon and why."""
    words = file.with_name(LOST)
    if not words.exists():
        return set()
    try:
        before = revisions.text_of(words, revision).splitlines()
    except DataError:  # it is new
        before = []
    lines = [line.partition(":") for line in words.read_text(encoding="utf-8").splitlines() if line not in before]
    return {name.strip() for name, _, why in lines if why.strip()}


def markdown(changes: Changes, revision: str) -> str:
    """What changed since a revision, a table for each kind of change."""
    titles = {"lost": "Lost", "undecided": "Newly undecided", "gained": "Gained", "other": "Other changes"}
    parts = [f"# Verdicts against {cell(revision)}"]
    for kind, title in titles.items():
        if found := getattr(changes, kind):
            parts.append("\n".join([f"## {title}: {len(found)}", "", *_rows(found)]))
    return "\n\n".join(parts if changes else [*parts, "No verdict changed."])


def cell(text: object) -> str:
    """Text that keeps to its cell of a Markdown table."""
    return str(text).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _kind(before: Verdict | None, after: Verdict | None) -> str | None:
    was, now = (None if v is None else v.verdict for v in (before, after))
    if was == now:
        return "lost" if before.evidence and after.control_passes else None
    if now == UNDECIDED:
        return "undecided"
    if REPRODUCED in (was, now):
        return "gained" if now == REPRODUCED else "lost"
    return "other"


def _rows(found: list[Change]) -> Iterator[str]:
    yield "| claim | was | is | value | wanted |"
    yield "|---|---|---|---|---|"
    for before, after in found:
        shown = after or before
        was, now = before.verdict if before else "new", after.verdict if after else GONE
        if was == now:
            now = f"{now}, no evidence: the control passes too"
        wanted = tolerance_of(shown.tolerance) or ""
        cells = (shown.id, was, now, numbers(shown.value, shown.low, shown.high), wanted)
        yield f"| {' | '.join(map(cell, cells))} |"
