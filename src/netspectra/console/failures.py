"""Why a job failed, in the words of the job itself."""

from pathlib import Path

from netspectra.console.progress import Started
from netspectra.console.words import duration
from netspectra.workflow.jobs import ERRORS

TAIL = 5  # lines of a log that says no cause


def told(job: Started, now: float, errors: Path = ERRORS) -> str:
    """That a job failed: its cause first, then where its log is.

    Args:
        job: Which.
        now: Seconds since the epoch.
        errors: Where jobs leave what they say last.
    """
    cause = _cause(errors / f"{job.name}.txt", job.at) or _last_lines(job.log)
    where = [] if job.log is None else [f"Log: {job.log}"]
    lines = [f"FAILED {job.name} after {duration(now - job.at)}", *(f"  {line}" for line in [*cause, *where])]
    return "\n".join(lines)


def _cause(file: Path, since: float) -> list[str]:
    """What the job itself gave as its cause, without where its log is."""
    try:
        if file.stat().st_mtime < int(since):
            return []
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line for line in lines if not line.startswith("Log: ")]


def _last_lines(log: Path | None) -> list[str]:
    """The end of the log of a job that was killed before it could say why."""
    silent = ["It ended without saying why: killed, or out of memory."]
    try:
        said = log.read_text(encoding="utf-8", errors="replace").splitlines() if log else []
    except OSError:
        said = []
    return silent + (["The last that it said:", *said[-TAIL:]] if said else [])
