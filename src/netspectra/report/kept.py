"""Verdicts that were kept in git with a run: of other scales beside those of this one, and what changed since."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from netspectra.errors import DataError
from netspectra.statistics.against import GONE, Change, Changes, compare
from netspectra.statistics.judged import Verdict, load

KINDS = {"lost": "Lost", "undecided": "Newly undecided", "gained": "Gained", "other": "Other changes"}


@dataclass(frozen=True)
class Standing:
    """A run whose verdicts are kept.

    Attributes:
        scale: Of the run.
        verdicts: All of it, by id.
        run: What is known of it: commit, date, machine.
    """

    scale: str
    verdicts: Mapping[str, Verdict]
    run: Mapping[str, object]


def standings(files: Iterable[Path | str]) -> dict[str, Standing]:
    """Standings by scale, from claims.json and run.json in the folders of the scales.

    Raises:
        DataError: A file is damaged.
    """
    paths = sorted(map(Path, files))
    runs = {path.parent.name: _run(path) for path in paths if path.name == "run.json"}
    found = [(path.parent.name, load(path)) for path in paths if path.name == "claims.json"]
    return {scale: Standing(scale, {v.id: v for v in verdicts}, runs.get(scale, {})) for scale, verdicts in found}


def _run(path: Path) -> dict:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error})", f"git checkout {path}") from None


def changes(kept: Standing, now: Iterable[Verdict]) -> list[tuple[str, str, str, Verdict]]:
    """What changed since a standing: kind of change, verdict before, verdict now, and the claim."""
    found = compare(list(kept.verdicts.values()), list(now))
    return [(title, *_said(change)) for kind, title in KINDS.items() for change in _of(found, kind)]


def _of(found: Changes, kind: str) -> list[Change]:
    return getattr(found, kind)


def _said(change: Change) -> tuple[str, str, Verdict]:
    before, after = change
    was, now = before.verdict if before else "new", after.verdict if after else GONE
    if was == now:
        now = f"{now}, no evidence: the control passes too"
    return was, now, after or before
