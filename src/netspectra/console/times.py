"""What jobs took: this run's and earlier benchmark files, and for a first run those of ours.

`python -m netspectra.console.times SCALE ...` writes `benchmarks/typical.tsv` anew from the benchmark files of scales.
"""

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

from netspectra.files import replacing

RESULTS, TYPICAL = Path("benchmarks/results"), Path("benchmarks/typical.tsv")


@dataclass(frozen=True)
class Taken:
    """What a job took.

    Attributes:
        seconds: Wall time.
        megabytes: Largest resident memory; None where Snakemake could not say.
    """

    seconds: float
    megabytes: float | None


def taken(file: Path) -> Taken | None:
    """What a benchmark file says; None where there is none, or none that can be read."""
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            *_, last = csv.DictReader(lines, delimiter="\t")
        return Taken(float(last["s"]), _number(last["max_rss"]))
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return None


def earlier(scale: str, results: Path = RESULTS, typical: Path = TYPICAL) -> dict[str, float]:
    """Seconds that each job took the last time; of jobs that never ran here, what they took where this was written."""
    here = {file.stem: found.seconds for file in (results / scale).glob("*.tsv") if (found := taken(file))}
    return _typical(scale, typical) | here


def _typical(scale: str, file: Path) -> dict[str, float]:
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t"))
        return {row["job"]: float(row["seconds"]) for row in rows if row["scale"] == scale}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _number(text: str) -> float | None:
    """A number; None for what Snakemake writes where it measured nothing."""
    try:
        return float(text)
    except ValueError:
        return None


def main(scales: list[str]) -> int:
    """Write `benchmarks/typical.tsv`."""
    with replacing(TYPICAL) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["scale", "job", "seconds"])
        for scale in scales:
            writer.writerows([scale, job, f"{seconds:.1f}"] for job, seconds in sorted(earlier(scale).items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
