"""Every job of the workflow by name: what it makes, what became of it, and what it took."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from netspectra.statistics.settle import seconds_of
from netspectra.workflow import layout, records

DATA, NETWORKS, EXPERIMENTS, FIGURES, CLAIMS = KINDS = ("data", "networks", "experiments", "figures", "claims")


@dataclass(frozen=True)
class Made:
    """One job and what is there of it.

    Attributes:
        name: Of the rule.
        kind: One of KINDS.
        outputs: Files that it writes.
        made: When it last ended well, as ISO time; None if never.
        seconds: What it took then; None where that was not noted.
        log: What it said.
    """

    name: str
    kind: str
    outputs: list[str]
    made: str | None
    seconds: float | None
    log: str

    @property
    def is_whole(self) -> bool:
        """Whether all that it makes is there."""
        return all(Path(path).exists() for path in self.outputs)


def jobs(settings: dict) -> list[Made]:
    """All jobs at the scale in force, in the order of the way of the data."""
    return [_made(settings, *job) for job in _listed(settings)]


def _listed(settings: dict) -> Iterator[tuple[str, str, list[str]]]:
    for name, block in layout.sets_in_use(settings).items():
        yield f"fetch_{name}", DATA, layout.raw(name, block)
        yield f"prepare_{name}", DATA, [layout.prepared_file(settings, name)]
    for name in settings["networks"]:
        yield f"train_{name}", NETWORKS, [layout.network_file(settings, name)]
    for name in settings["experiments"]:
        yield name, EXPERIMENTS, [layout.table_file(settings, name), layout.metrics_file(settings, name)]
    for name in settings["experiments"]:
        yield f"plot_{name}", FIGURES, [p for kind in ("svg", "png") for p in layout.figures_of(settings, name, kind)]
    yield "judge", CLAIMS, [layout.metrics_file(settings, "claims")]
    yield "overview", CLAIMS, [layout.overview_file(settings, kind) for kind in ("svg", "png")]
    if layout.explored_of(settings)["parts"]:
        yield "explorables", CLAIMS, [layout.explorables_file(settings)]
    yield "page", CLAIMS, [layout.page_file(settings)]


def _made(settings: dict, name: str, kind: str, outputs: list[str]) -> Made:
    record = records.Job(name, "", (), tuple(outputs)).record
    made = datetime.fromtimestamp(record.stat().st_mtime).astimezone() if record.exists() else None
    seconds = seconds_of(Path(layout.benchmark_file(settings, name)))
    when = made.isoformat(timespec="seconds") if made else None
    return Made(name, kind, outputs, when, seconds, layout.log_file(settings, name))
