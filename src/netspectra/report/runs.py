"""What each job took, as Snakemake measured it beside its results.

These files say something of the run, not of what it found, and lie outside of what is kept by content: a page shows
those that lie there when it is made, and is not made again when they change.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

BROUGHT = "brought from "


@dataclass(frozen=True)
class Cost:
    """What a job took.

    Attributes:
        seconds: From its start to its end.
        memory_mb: The most it held.
        is_brought: Whether it brought a finished result, so that this is not what the result took.
    """

    seconds: float
    memory_mb: float
    is_brought: bool


def cost(job: str, benchmarks: Path, logs: Path) -> Cost | None:
    """What a job took; None where nothing lies there to say so."""
    try:
        with (benchmarks / f"{job}.tsv").open(encoding="utf-8", newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        return Cost(float(row["s"]), float(row["max_rss"]), _is_brought(logs / f"{job}.log"))
    except (OSError, StopIteration, KeyError, ValueError):
        return None


def _is_brought(log: Path) -> bool:
    try:
        return any(line.startswith(BROUGHT) for line in log.read_text(encoding="utf-8").splitlines())
    except OSError:
        return False
