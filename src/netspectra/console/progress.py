"""What is done of a run, what runs, and how long the rest takes."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from netspectra.console.times import Taken, earlier, taken
from netspectra.console.trainings import Standing, Training, standings
from netspectra.console.words import about, duration, memory
from netspectra.workflow.layout import resource

TRAIN = "train_"
TARGETS = ("all",)  # rules that make nothing


@dataclass(frozen=True)
class Started:
    """A job that runs.

    Attributes:
        name: Of its rule.
        at: When it began, in seconds since the epoch.
        log: What it says.
        benchmark: Where Snakemake writes what it took; None without.
    """

    name: str
    at: float
    log: Path | None
    benchmark: Path | None


@dataclass
class Progress:
    """A run of the workflow.

    Attributes:
        settings: Those in force.
        cores: Of the machine, as far as they were given; jobs at once on a cluster.
        waiting: How many jobs of each rule have not begun.
        running: Those that have, by number.
        finished: What each job took, in the order in which they ended.
        failed: Rules of jobs that failed.
    """

    settings: dict
    cores: int = 1
    waiting: Counter = field(default_factory=Counter)
    running: dict[int, Started] = field(default_factory=dict)
    finished: list[tuple[str, Taken]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    before: dict[str, float] = field(default_factory=dict)

    def plan(self, stats: dict[str, int]) -> None:
        """Take up how many jobs of each rule there are."""
        jobs = {name: count for name, count in stats.items() if name not in ("total", *TARGETS)}
        self.waiting, self.before = Counter(jobs), earlier(self.settings["scale"])

    @property
    def total(self) -> int:
        """All jobs of this run that make something."""
        return self.waiting.total() + len(self.running) + len(self.finished) + len(self.failed)

    @property
    def rest(self) -> int:
        """Jobs that have not ended."""
        return self.waiting.total() + len(self.running)

    def start(self, number: int, job: Started) -> None:
        """A job begins, or is tried once more."""
        if job.name in TARGETS:
            return
        if self.waiting[job.name]:
            self.waiting[job.name] -= 1
        elif job.name in self.failed:
            self.failed.remove(job.name)
        self.running[number] = job

    def finish(self, number: int, now: float) -> str | None:
        """A job has ended well; the line that says so, if it made something."""
        job = self.running.pop(number, None)
        if job is None:
            return None
        took = _took(job, now)
        self.finished.append((job.name, took))
        count = f"[{len(self.finished):>{len(str(self.total))}}/{self.total}]"
        rest = f"{self.rest} left{self._and_time(now)}" if self.rest else "all done"
        return f"{count} {job.name:<26}{duration(took.seconds):>12}{memory(took.megabytes):>9}   {rest}"

    def fail(self, number: int) -> Started | None:
        """A job has failed; which, where it was not said before."""
        job = self.running.pop(number, None)
        if job:
            self.failed.append(job.name)
        return job

    def left(self, now: float) -> float | None:
        """Seconds to the end, by what jobs took before; None where no job's time is known.

        At least as long as the longest, and as all of them on all cores. A job that never ran counts as one of those
        that are known.
        """
        seen = self.standings(now)
        each = [(name, self._expected(name)) for name in self.waiting.elements()]
        each += [(job.name, self._remaining(job, now, seen)) for job in self.running.values()]
        known = [seconds for _, seconds in each if seconds is not None]
        if not known:
            return None
        mean = sum(known) / len(known)
        whole = [(mean if s is None else s, min(self._threads(name), self.cores)) for name, s in each]
        return max(sum(s * threads for s, threads in whole) / self.cores, max(s for s, _ in whole))

    def standings(self, now: float) -> dict[str, Standing]:
        """Where the trainings that run are, by name of their job."""
        found = {}
        for job in list(self.running.values()):
            block = job.name.removeprefix(TRAIN)
            if job.log and job.name.startswith(TRAIN) and block in self.settings["networks"]:
                found[job.name] = Training(block, self.settings["networks"][block], job.log, job.at)
        seen = standings(list(found.values()), now)
        return {name: seen[one.block] for name, one in found.items()}

    def outlook(self, now: float) -> str:
        """How many jobs are left, and how long they take."""
        time = self._and_time(now)
        return f"{len(self.finished)} of {self.total} jobs done{time}{' left' if time else ''}"

    def at(self, job: Started, now: float, seen: dict[str, Standing]) -> str:
        """Where a job is: what its training says, or how long it has been at work."""
        before = self.before.get(job.name)
        usual = f", {about(before)} the last time" if before else ""
        return str(seen[job.name]) if job.name in seen and str(seen[job.name]) else f"{duration(now - job.at)}{usual}"

    def _and_time(self, now: float) -> str:
        left = self.left(now) if self.rest else None
        return "" if left is None else f", {about(left)}"

    def _expected(self, name: str) -> float | None:
        return self.before.get(name)

    def _remaining(self, job: Started, now: float, seen: dict[str, Standing]) -> float | None:
        if job.name in seen and seen[job.name].left is not None:
            return seen[job.name].left
        expected = self._expected(job.name)
        return None if expected is None else max(0.0, expected - (now - job.at))

    def _threads(self, name: str) -> int:
        for kind, job in (("networks", name.removeprefix(TRAIN)), ("experiments", name)):
            if job in self.settings[kind]:
                return resource(self.settings, kind, job, "threads")
        return 1


def _took(job: Started, now: float) -> Taken:
    """What a job took, as Snakemake measured it, else by the clock."""
    measured = taken(job.benchmark) if job.benchmark else None
    fresh = measured and job.benchmark.stat().st_mtime >= job.at - 1
    return measured if fresh else Taken(now - job.at, None)
