"""`make changes`: what a run changed, metrics that moved beyond their interval and verdicts that changed.

`python -m netspectra.statistics.changes FOLDER [REV]` holds the metrics and verdicts in a folder against those that git
has of them at a revision, HEAD if none is given.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from netspectra.errors import DataError, NetspectraError, said
from netspectra.statistics import against, judged, revisions
from netspectra.statistics.against import cell
from netspectra.statistics.listing import numbers
from netspectra.statistics.metrics import Metric, parse, read

VERDICTS = Path("claims.json")
Moved = tuple[str, Metric | None, Metric | None]


def moved(before: Mapping[str, Metric], after: Mapping[str, Metric]) -> Iterator[Moved]:
    """Metrics whose value lies outside their earlier interval, or differs where there was none; new and gone ones."""
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None or now is None or not _holds(was, _value(now)):
            yield name, was, now


def report(folder: Path, revision: str) -> str:
    """What changed in a folder of metrics, as Markdown; of experiments that came or went the names alone.

    Raises:
        DataError: No metrics in the folder, nothing in git at the revision, or files that are damaged.
    """
    new = {path.stem for path in folder.glob("*.json")} - {VERDICTS.stem}
    if not new:
        raise DataError(f"{folder}: no metrics", "make reproduce")
    old = {Path(name).stem for name in revisions.names_in(folder, revision) if name.endswith(".json")} - {VERDICTS.stem}
    both = [folder / f"{name}.json" for name in sorted(old & new)]
    found = [(path.stem, *change) for path in both for change in moved(_at(path, revision), read(path))]
    parts = [f"# Metrics against {cell(revision)}", "\n".join(_rows(found)) if found else "None moved."]
    parts += [f"{title}: {', '.join(sorted(n))}." for title, n in (("New", new - old), ("Gone", old - new)) if n]
    if (folder / VERDICTS).exists():
        was, now = against.at_revision(folder / VERDICTS, revision), judged.load(folder / VERDICTS)
        parts.append(against.markdown(against.compare(was, now), revision))
    return "\n\n".join(parts)


def _at(path: Path, revision: str) -> dict[str, Metric]:
    return parse(revisions.text_of(path, revision), f"{revision}:{path}")


def _value(metric: Metric) -> float:
    return metric["mean"] if isinstance(metric, dict) else metric


def _holds(metric: Metric, value: float) -> bool:
    return metric["low"] <= value <= metric["high"] if isinstance(metric, dict) else metric == value


def _rows(found: list[tuple]) -> Iterator[str]:
    yield "| experiment | metric | was | is |"
    yield "|---|---|---|---|"
    for experiment, name, was, now in found:
        yield f"| {' | '.join(map(cell, (experiment, name, _text(was), _text(now))))} |"


def _text(metric: Metric | None) -> str:
    if metric is None:
        return "none"
    ends = (metric["low"], metric["high"]) if isinstance(metric, dict) else (None, None)
    return numbers(_value(metric), *ends)


def main(folder: str, revision: str = "HEAD") -> int:
    """Print what changed; 1 where that cannot be said."""
    try:
        print(report(Path(folder), revision))
    except NetspectraError as error:
        print(said(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
