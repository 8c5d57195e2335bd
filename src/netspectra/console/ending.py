"""What a run says when it ends: how long it took, which verdicts changed, where everything is."""

from netspectra.console.progress import Progress
from netspectra.console.words import duration
from netspectra.errors import NetspectraError
from netspectra.statistics import against, judged
from netspectra.statistics.judged import Verdict
from netspectra.workflow.layout import metrics_file, page_file

LONGEST, CHANGED = 3, 8  # how many are named


def verdicts(settings: dict) -> list[Verdict] | None:
    """Those that stand at the scale in force; None where there are none that can be read."""
    try:
        return judged.load(metrics_file(settings, "claims"))
    except (NetspectraError, OSError, TypeError, KeyError):
        return None


def ending(run: Progress, before: list[Verdict] | None, seconds: float) -> list[str]:
    """The last lines of a run.

    Args:
        run: What was done.
        before: Verdicts that stood when it began.
        seconds: It took so many.
    """
    names = [name for name, _ in run.finished]
    lines = [_done(run, seconds)]
    if "judge" in names:
        lines += changed(before, verdicts(run.settings) or [])
    if "page" in names:
        scale = run.settings["scale"]
        lines.append(f"Page: {page_file(run.settings)}  figures: figures/{scale}  metrics: data/{scale}/metrics")
    return lines


def changed(before: list[Verdict] | None, after: list[Verdict]) -> list[str]:
    """Verdicts that are others than before, one in a line."""
    if before is None:
        return ["Verdicts: the first at this scale"]
    changes = against.compare(before, after)
    pairs = [*changes.lost, *changes.undecided, *changes.gained, *changes.other]
    if not pairs:
        return ["Verdicts: none changed"]
    lines = [f"Verdicts: {len(pairs)} changed"]
    lines += [f"  {(new or old).id}: {_word(old)} -> {_word(new)}" for old, new in pairs[:CHANGED]]
    return lines + [f"  and {len(pairs) - CHANGED} more: make changes"] * (len(pairs) > CHANGED)


def _word(verdict: Verdict | None) -> str:
    return "no claim" if verdict is None else verdict.verdict


def _done(run: Progress, seconds: float) -> str:
    longest = sorted(run.finished, key=lambda job: -job[1].seconds)[:LONGEST]
    named = ", ".join(f"{name} {duration(took.seconds)}" for name, took in longest)
    count = f"{len(run.finished)} of {run.total} jobs in {duration(seconds)}"
    if run.failed:
        return f"Incomplete: {count}, {len(run.failed)} failed: {', '.join(run.failed)}"
    return f"{'Incomplete' if run.rest else 'Complete'}: {count}" + (f"; the longest: {named}" if named else "")
