"""`netspectra verdicts` and `netspectra settle`: what was judged, what became of it, and what would decide the rest."""

from dataclasses import asdict
from pathlib import Path

from netspectra.commands.console import emit_json
from netspectra.commands.project import Project
from netspectra.errors import DataError
from netspectra.statistics import against as revisions
from netspectra.statistics import judged, listing, settle
from netspectra.statistics.judged import Verdict
from netspectra.statistics.verdicts import LOST_REMEDY
from netspectra.workflow import layout


def of_project(project: Project) -> list[Verdict]:
    """All verdicts at the scale in force.

    Raises:
        DataError: There are none, or their file is damaged.
    """
    file = file_of(project)
    if not file.exists():
        raise DataError(f"{file}: nothing was judged at scale {project.scale}", _reproduce(project))
    return judged.load(file)


def file_of(project: Project) -> Path:
    """Where they lie."""
    return Path(layout.metrics_file(project.settings, "claims"))


def run(project: Project, *, against: str | None, as_json: bool, everything: bool) -> int:
    """Say what was judged, or what became of it since a revision; 1 where something reproduced is so no more."""
    now = of_project(project)
    if against is not None:
        return _against(file_of(project), now, against, as_json)
    if as_json:
        emit_json({"scale": project.scale, "summary": listing.headline(now), "claims": [asdict(v) for v in now]})
    else:
        print(listing.table(now, everything=everything))
    return 0


def run_settle(project: Project, *, limit: int, as_json: bool) -> int:
    """Say how many networks, and minutes, would decide each undecided claim."""
    times = Path(layout.benchmark_file(project.settings, "judge")).parent
    advice = settle.advise(of_project(project), project.settings, times, limit)
    if as_json:
        emit_json({"scale": project.scale, "limit": limit, "undecided": [_advice(one) for one in advice]})
    else:
        print(settle.table(advice, limit))
    return 0


def _against(file: Path, now: list[Verdict], revision: str, as_json: bool) -> int:
    """What became of verdicts since a revision; 1 where one was lost without a word.

    Raises:
        DataError: One was, and it is said to a person.
    """
    changes = revisions.compare(revisions.at_revision(file, revision), now)
    untold = sorted(set(changes.losses) - revisions.told(file, revision))
    if as_json:
        kinds = {kind: [_change(*pair) for pair in pairs] for kind, pairs in vars(changes).items()}
        emit_json({"against": revision, "lost_without_a_word": untold, **kinds})
    else:
        print(revisions.markdown(changes, revision))
        if untold:
            raise DataError(f"{file}: lost without a word: {', '.join(untold)}", LOST_REMEDY)
    return int(bool(untold))


def _change(before: Verdict | None, after: Verdict | None) -> dict:
    sides = {"before": before, "after": after}
    return {"id": (after or before).id} | {side: v and asdict(v) for side, v in sides.items()}


def _advice(one: settle.Advice) -> dict:
    facts = {key: getattr(one, key) for key in ("networks", "minutes", "keys")}
    return {"id": one.verdict.id, "found": one.verdict.networks, **facts}


def _reproduce(project: Project) -> str:
    return f"netspectra reproduce --scale {project.scale}"
