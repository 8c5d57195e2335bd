"""The logger: what Snakemake tells of a run, said as a person wants to read it.

`VERBOSE=1`, a dry run, and a run that is asked to be quiet or verbose, get Snakemake's own words.
"""

import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from netspectra.console import failures
from netspectra.console.ending import ending, verdicts
from netspectra.console.progress import Progress, Started
from netspectra.console.screens import Live, Plain, Screen, is_live
from netspectra.console.words import about, duration

VERBOSE = "VERBOSE"

# What Snakemake says in every run and what helps nobody; what else it says is passed on.
IDLE = ("Assuming unrestricted shared", "Building DAG", "Using shell", "Provided ", "Rules claiming", "Singularity")
IDLE += ("Conda environments", "Select jobs", "Touching output", "Complete log", "Elapsed time", "Shutting down")
IDLE += ("Group jobs: inactive", "Exiting because", "WorkflowError:\nAt least one job did not complete", "None")
ENDED = ("CalledProcessError", "SpawnedJobError")  # that a job's process failed; its own words say why


class LogHandler(LogHandlerBase):
    """Snakemake's records as lines, and on a terminal as a picture of what runs."""

    def __post_init__(self) -> None:
        self.run: Progress | None = None
        self.cores, self.before, self.began, self.started = 1, None, time.time(), False
        self.own = snakemakes_own(self.common_settings) if wants_own(self.common_settings) else None
        stream = sys.stderr
        live = is_live(stream) and self.own is None
        self.screen: Screen = Live(stream, self._picture) if live else Plain(stream, self._where)

    def tell(self, settings: dict) -> None:
        """The settings in force, which no record holds."""
        self.run = Progress(settings)

    def emit(self, record: logging.LogRecord) -> None:
        """Say what a record tells; a fault in that stops no run."""
        try:
            if self.own:
                self.own.emit(record)
            else:
                for text in self._said(record):
                    self.screen.line(text)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """The last lines of the run."""
        if self.started:
            self.started = False
            self.screen.stop()
            for text in ending(self.run, self.before, time.time() - self.began):
                self.screen.line(text)
        super().close()

    def _said(self, record: logging.LogRecord) -> Iterator[str]:
        event = getattr(record, "event", None)
        tell = {
            LogEvent.RESOURCES_INFO: self._resources,
            LogEvent.RUN_INFO: self._plan,
            LogEvent.JOB_INFO: self._job,
            LogEvent.JOB_FINISHED: self._finished,
            LogEvent.JOB_ERROR: self._failed,
        }.get(event)
        if tell and self.run:
            yield from tell(record)
        elif event in (None, LogEvent.ERROR) and not _is_idle(record):
            yield self.format(record)

    def _resources(self, record: logging.LogRecord) -> Iterator[str]:
        self.cores = next((n for key in ("cores", "nodes") if (n := getattr(record, key, None))), self.cores)
        yield from ()

    def _plan(self, record: logging.LogRecord) -> Iterator[str]:
        self.run.cores = self.cores
        self.run.plan(record.stats)
        self.before, self.began, self.started = verdicts(self.run.settings), time.time(), True
        left = self.run.left(self.began)
        takes = f", {about(left)} if nothing is kept from earlier" if left else ""
        yield f"Scale {self.run.settings['scale']}: {self.run.total} jobs on {self.cores} cores{takes}"
        self.screen.start()

    def _job(self, record: logging.LogRecord) -> Iterator[str]:
        log, benchmark = (Path(file) if file else None for file in ((record.log or [None])[0], record.benchmark))
        self.run.start(record.jobid, Started(record.rule_name, time.time(), log, benchmark))
        yield from ()

    def _finished(self, record: logging.LogRecord) -> Iterator[str]:
        if line := self.run.finish(record.job_id, time.time()):
            yield line

    def _failed(self, record: logging.LogRecord) -> Iterator[str]:
        if job := self.run.fail(record.jobid):
            yield failures.told(job, time.time())

    def _where(self) -> str:
        """One line after a silence."""
        now = time.time()
        seen = self.run.standings(now)
        at = [f"{job.name}: {self.run.at(job, now, seen)}" for job in list(self.run.running.values())]
        return "  ... " + "; ".join(at) if at else ""

    def _picture(self) -> Any:
        """What runs, below the lines of a terminal."""
        from rich.table import Table

        if self.run is None:
            return ""
        now = time.time()
        seen = self.run.standings(now)
        table = Table.grid(padding=(0, 2))
        for job in list(self.run.running.values()):
            table.add_row(f"  {job.name}", duration(now - job.at), self.run.at(job, now, seen))
        table.add_row("", "", self.run.outlook(now))
        return table

    @property
    def writes_to_stream(self) -> bool:
        """It does, so that Snakemake adds no handler of its own."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """Snakemake keeps its own log file."""
        return False

    @property
    def has_filter(self) -> bool:
        """Snakemake's own hides what its options hide."""
        return False

    @property
    def has_formatter(self) -> bool:
        """Snakemake's own words for what is passed on."""
        return False

    @property
    def needs_rulegraph(self) -> bool:
        """Counts are enough."""
        return False


def wants_own(output: Any) -> bool:
    """Whether Snakemake's own words are wanted, by its options or by VERBOSE=1."""
    asked = os.environ.get(VERBOSE, "") not in ("", "0")
    return bool(asked or output.dryrun or output.quiet or output.verbose or output.debug_dag)


def snakemakes_own(output: Any) -> logging.Handler:
    """The handler that Snakemake would have."""
    from snakemake.logging import ColorizingTextHandler, DefaultFormatter

    formatter = DefaultFormatter(output.quiet, output.show_failed_logs)
    stream = sys.stdout if output.stdout else sys.stderr
    return ColorizingTextHandler(nocolor=output.nocolor, stream=stream, formatter=formatter)


def take_over(manager: Any, settings: dict) -> None:
    """Put this handler in the place of Snakemake's own, or tell the one that `--logger netspectra` has put there.

    Args:
        manager: Snakemake's `workflow.logger_manager`.
        settings: Those in force.
    """
    own = next((each for each in manager.logger.handlers if each.name == "DefaultStreamHandler"), None)
    handlers = [each for each in manager.plugin_handlers if isinstance(each, LogHandler)]
    if own and not wants_own(manager.settings):
        handler = LogHandler(manager.settings, None)
        handler.setFormatter(own.formatter)
        for each in own.filters:
            handler.addFilter(each)
        manager.logger.removeHandler(own)
        manager.logger.addHandler(handler)
        handlers.append(handler)
    for handler in handlers:
        handler.tell(settings)


def _is_idle(record: logging.LogRecord) -> bool:
    text = str(record.msg)
    said_better = getattr(record, "event", None) == LogEvent.ERROR and any(word in text for word in ENDED)
    return not text.strip() or text.startswith(IDLE) or said_better
