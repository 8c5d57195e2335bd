"""The logger on records as Snakemake makes them."""

import io
import logging
import os
import re
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from project import ROOT
from snakemake_interface_logger_plugins.common import LogEvent

from netspectra.console.ending import changed
from netspectra.console.handler import LogHandler, wants_own
from netspectra.console.screens import Live, Plain
from netspectra.statistics import judged

SETTINGS = {
    "scale": "small",
    "networks": {"net": {"variants": {"a": {}}}},
    "experiments": {"look": {}},
    "resources": {
        "networks": {"default": {"threads": 2, "mem_mb": 1, "runtime": 1, "gpu": 0}},
        "experiments": {"default": {"threads": 1, "mem_mb": 1, "runtime": 1, "gpu": 0}},
    },
}
STATS = {"total": 4, "all": 1, "train_net": 1, "look": 1, "plot_look": 1}
HEADER = "s\th:m:s\tmax_rss\n"


def output(**changed):
    plain = {"dryrun": False, "quiet": None, "verbose": False, "debug_dag": False, "stdout": False, "nocolor": True}
    return SimpleNamespace(**plain | {"show_failed_logs": True} | changed)


@pytest.fixture
def logger(tmp_path, monkeypatch):
    """A handler in an empty folder, and a function that tells it a record and gives what it says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VERBOSE", raising=False)
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    handler = LogHandler(output(), None)
    handler.tell(SETTINGS)

    def tell(event=None, text="", level=logging.INFO, **facts):
        before = len(stream.getvalue())
        record = logging.LogRecord("snakemake.logging", level, "", 0, text, None, None)
        record.__dict__.update(facts | ({"event": event} if event else {}))
        handler.emit(record)
        return stream.getvalue()[before:]

    yield handler, tell
    handler.close()


def begin(tell, number, rule):
    return tell(
        LogEvent.JOB_INFO, jobid=number, rule_name=rule, log=[f"{rule}.log"], benchmark=f"benchmarks/{rule}.tsv"
    )


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_run_is_a_line_a_job_and_what_is_left(logger, tmp_path):
    handler, tell = logger
    for job, seconds in (("train_net", 120), ("look", 60), ("plot_look", 10)):
        write(tmp_path / f"benchmarks/results/small/{job}.tsv", f"{HEADER}{seconds}\t0\t1\n")
    tell(LogEvent.RESOURCES_INFO, "Provided cores: 2", cores=2)
    plan = tell(LogEvent.RUN_INFO, "Job stats", stats=STATS)
    assert plan == "Scale small: 3 jobs on 2 cores, about 3 min if nothing is kept from earlier\n"
    assert begin(tell, 1, "train_net") == ""
    write(tmp_path / "benchmarks/train_net.tsv", f"{HEADER}61\t0\t1594\n")
    said = tell(LogEvent.JOB_FINISHED, "Finished jobid: 1", job_id=1)
    assert re.fullmatch(r"\[1/3\] train_net +1 min 1 s +1.6 GB +2 left, about 1 min\n", said)
    begin(tell, 2, "look")
    assert tell(LogEvent.JOB_FINISHED, job_id=2).startswith("[2/3] look ")
    begin(tell, 3, "plot_look")
    assert tell(LogEvent.JOB_FINISHED, job_id=3).endswith("all done\n")
    begin(tell, 0, "all")
    assert tell(LogEvent.JOB_FINISHED, job_id=0) == ""
    handler.close()
    assert "Complete: 3 of 3 jobs in " in handler.screen.stream.getvalue()


def test_a_failure_says_its_cause_and_then_where_its_log_is(logger, tmp_path):
    handler, tell = logger
    tell(LogEvent.RUN_INFO, stats=STATS)
    begin(tell, 1, "train_net")
    write(tmp_path / ".made/errors/train_net.txt", "Error: net: it diverged\nRemedy: lower the rate\nLog: a.log\n")
    first, *rest = tell(LogEvent.JOB_ERROR, level=logging.ERROR, jobid=1).splitlines()
    assert first.startswith("FAILED train_net after ")
    assert rest == ["  Error: net: it diverged", "  Remedy: lower the rate", "  Log: train_net.log"]
    assert tell(LogEvent.JOB_ERROR, level=logging.ERROR, jobid=1) == "", "said again at the end"
    handler.close()
    assert "Incomplete: 0 of 3 jobs" in handler.screen.stream.getvalue()
    assert "1 failed: train_net" in handler.screen.stream.getvalue()


def test_a_job_that_could_not_say_why_shows_the_end_of_its_log(logger, tmp_path):
    _, tell = logger
    tell(LogEvent.RUN_INFO, stats=STATS)
    write(tmp_path / ".made/errors/look.txt", "Error: of an earlier run\n")
    os.utime(tmp_path / ".made/errors/look.txt", (time.time() - 100,) * 2)
    (tmp_path / "look.log").write_text("".join(f"line {i}\n" for i in range(9)))
    begin(tell, 2, "look")
    said = tell(LogEvent.JOB_ERROR, level=logging.ERROR, jobid=2)
    assert "earlier run" not in said
    assert "line 8" in said
    assert "line 3" not in said
    assert said.splitlines()[-1] == "  Log: look.log"


def test_a_job_that_is_tried_again_counts_once(logger):
    handler, tell = logger
    tell(LogEvent.RUN_INFO, stats=STATS)
    begin(tell, 2, "look")
    tell(LogEvent.JOB_ERROR, level=logging.ERROR, jobid=2)
    begin(tell, 2, "look")
    assert tell(LogEvent.JOB_FINISHED, job_id=2).startswith("[1/3] look ")
    assert (handler.run.failed, handler.run.total) == ([], 3)


@pytest.mark.parametrize(
    "text",
    [
        "Nothing to be done (all requested files are present and up to date).",
        "Trying to restart job 3.",
        "Restored previous version of a.csv",
        "Error: Directory cannot be locked.",
    ],
)
def test_what_a_person_needs_is_passed_on(logger, text):
    assert logger[1](text=text) == f"{text}\n"


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (None, "Select jobs to execute..."),
        (None, "Building DAG of jobs..."),
        (None, "Complete log(s): /x/y.log"),
        (None, None),
        (LogEvent.JOB_STARTED, "Execute 2 jobs..."),
        (LogEvent.PROGRESS, "1 of 3 steps"),
        (LogEvent.WORKFLOW_STARTED, "Workflow has started!"),
        (LogEvent.SHELLCMD, None),
        (LogEvent.ERROR, "RuleException:\nCalledProcessError in file x, line 3:\nCommand y returned non-zero"),
        (LogEvent.ERROR, "WorkflowError:\nAt least one job did not complete successfully."),
    ],
)
def test_what_helps_nobody_is_left_out(logger, event, text):
    assert logger[1](event, text) == ""


def test_a_fault_of_the_logger_stops_no_run(logger, monkeypatch):
    _, tell = logger
    monkeypatch.setattr(logging, "raiseExceptions", False)
    assert tell(LogEvent.RUN_INFO, stats=None) == ""
    assert tell(text="Nothing to be done") == "Nothing to be done\n"


def test_a_fault_of_snakemake_s_own_is_passed_on(logger):
    text = "RuleException:\nUnicodeEncodeError in file x, line 12"
    assert logger[1](LogEvent.ERROR, text, exception="RuleException") == f"{text}\n"


@pytest.mark.parametrize("changed", [{"dryrun": True}, {"quiet": {"all"}}, {"verbose": True}, {"debug_dag": True}])
def test_snakemake_s_own_words_where_they_are_asked_for(monkeypatch, changed):
    monkeypatch.setenv("VERBOSE", "0")
    assert not wants_own(output())
    assert wants_own(output(**changed))
    monkeypatch.setenv("VERBOSE", "1")
    assert wants_own(output())


def test_verbose_gives_snakemake_s_own_handler(monkeypatch):
    monkeypatch.setenv("VERBOSE", "1")
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    handler = LogHandler(output(), None)
    handler.emit(logging.LogRecord("snakemake.logging", logging.INFO, "", 0, "Building DAG of jobs...", None, None))
    handler.close()
    assert stream.getvalue() == "Building DAG of jobs...\n"


def test_after_a_silence_plain_lines_say_where_the_run_is():
    stream, calls = io.StringIO(), []
    screen = Plain(stream, lambda: calls.append(1) or f"at {len(calls)}", silence_s=0.01)
    screen.start()
    until = time.monotonic() + 20
    while len(calls) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    screen.stop()
    assert stream.getvalue().startswith("at 1\nat 2\n")


def test_a_terminal_shows_what_runs_below_the_lines(logger, tmp_path):
    handler, tell = logger
    tell(LogEvent.RUN_INFO, stats=STATS)
    (tmp_path / "train_net.log").write_text("net: 1 of 3 networks are in .store\n")
    begin(tell, 1, "train_net")
    stream = io.StringIO()
    screen = Live(stream, handler._picture)
    screen.console.print(handler._picture())
    assert re.search(r"train_net +\d+ s +2 networks", stream.getvalue())
    assert "0 of 3 jobs done\n" in stream.getvalue()


def test_verdicts_that_changed_are_named():
    (file,) = (ROOT / "data/sample/metrics").glob("claims.json")
    after = judged.load(file)
    before = [replace(v, verdict="undecided") if v.id == "align_accuracy" else v for v in after]
    assert changed(None, after) == ["Verdicts: the first at this scale"]
    assert changed(after, after) == ["Verdicts: none changed"]
    assert changed(before, after) == ["Verdicts: 1 changed", "  align_accuracy: undecided -> reproduced"]
    many = changed([], after)
    assert many[-1] == f"  and {len(after) - (len(many) - 2)} more: make changes"
