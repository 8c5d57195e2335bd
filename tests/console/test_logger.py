"""Snakemake itself with the logger: through pipes, on a terminal, beside another, and where a job fails."""

import os
import pty
import re
import subprocess

import pytest
from project import BIN, ROOT, WAIT_S, Project

# What the Snakefile of the project does, with jobs that need nothing.
SNAKEFILE = f"""
import sys
sys.path.insert(0, "{ROOT}/src")
from netspectra.console.handler import take_over

rule all:
    input: "one.txt", "two.txt"

rule one:
    output: "one.txt"
    log: "one.log"
    shell: "echo begun > {{log}}; test ! -e broken && sleep $(cat pause 2>/dev/null || echo 0) && touch {{output}}"

rule two:
    output: "two.txt"
    shell: "touch {{output}}"

if workflow.is_main_process:
    take_over(workflow.logger_manager, {{"scale": "small", "networks": {{}}, "experiments": {{}}}})
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    return tmp_path


def run(folder, *options, **environment):
    plain = {"PATH": f"{BIN}:{os.environ['PATH']}", "VERBOSE": ""} | environment
    return subprocess.run(
        ["snakemake", "--cores", "2", "--keep-going", *options],
        cwd=folder, env=os.environ | plain, capture_output=True, text=True, timeout=WAIT_S, check=False,
    )  # fmt: skip


def said_on_a_terminal(folder):
    """What a terminal of 100 columns is sent, as text."""
    ours, theirs = pty.openpty()
    environment = os.environ | {
        "TERM": "xterm-256color",
        "COLUMNS": "100",
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "VERBOSE": "",
    }
    process = subprocess.Popen(
        ["snakemake", "--cores", "1"], cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    parts = []
    try:
        while part := os.read(ours, 65536):
            parts.append(part)
    except OSError:  # the terminal's end, on Linux
        pass
    os.close(ours)
    assert process.wait(WAIT_S) == 0, b"".join(parts)
    return b"".join(parts).decode()


def test_through_a_pipe_there_are_plain_lines_alone(folder):
    done = run(folder)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert lines[0] == "Scale small: 2 jobs on 2 cores"
    assert re.fullmatch(r"\[1/2\] (one|two) +\d+ s +1 left", lines[1])
    assert re.fullmatch(r"\[2/2\] (one|two) +\d+ s +all done", lines[2])
    assert re.fullmatch(r"Complete: 2 of 2 jobs in \d+ s; the longest: .*", lines[3])
    assert len(lines) == 4
    assert "\x1b" not in done.stderr
    assert run(folder).stderr == "Nothing to be done (all requested files are present and up to date).\n"


def test_what_is_verbose_or_dry_is_snakemake_s_own(folder):
    dry = run(folder, "-n")
    assert "rule one:" in dry.stdout
    assert "reason: Missing output files" in dry.stdout
    own = run(folder, VERBOSE="1").stderr
    assert "localrule one:" in own
    assert "2 of 3 steps" in own
    assert "Complete:" not in own


def test_the_plugin_is_found_by_its_name(folder):
    done = run(folder, "--logger", "netspectra", PYTHONPATH=f"{ROOT}/src")
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0].split(" ")[0] for line in done.stderr.splitlines()] == [
        "Scale", "[1/2]", "[2/2]", "Complete",
    ]  # fmt: skip


def test_a_terminal_is_drawn_on(folder):
    (folder / "pause").write_text("2")
    said = said_on_a_terminal(folder)
    assert re.search(r"\[1/2\] (one|two) ", said)
    assert re.search(r"  one +\d s", said), "what runs"
    assert "of 2 jobs done" in said
    assert "Complete: 2 of 2 jobs" in said[said.rindex("of 2 jobs done") :]
    assert said.count("\x1b[?25l") == said.count("\x1b[?25h") > 0, "the cursor is given back"


def test_a_failure_is_told_once_with_the_end_of_its_log(folder):
    (folder / "broken").touch()
    done = run(folder)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("FAILED one after "))
    assert lines[at + 1 :][:4] == [
        "  It ended without saying why: killed, or out of memory.", "  The last that it said:", "  begun",
        "  Log: one.log",
    ]  # fmt: skip
    assert done.stderr.count("FAILED") == 1
    assert lines[-1].startswith("Incomplete: 1 of 2 jobs in ")
    assert lines[-1].endswith("1 failed: one")


def test_two_at_once_in_one_folder_each_say_their_own(folder):
    (folder / "pause").write_text("4")
    first = subprocess.Popen(
        ["snakemake", "--cores", "1", "--nolock", "--", "one.txt"], cwd=folder, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "VERBOSE": ""},
    )  # fmt: skip
    second = run(folder, "--nolock", "--", "two.txt").stderr
    other = first.communicate(timeout=WAIT_S)[1]
    assert re.search(r"^\[1/1\] two ", second, re.M)
    assert " one " not in second
    assert re.search(r"^\[1/1\] one ", other, re.M)
    assert " two " not in other


def test_the_project_s_own_failure_ends_with_error_remedy_and_log(tmp_path):
    project = Project(tmp_path / "project")
    failed = project.run("snakemake", "--config", "device=cuda", VERBOSE="")
    said = failed.stderr.splitlines()
    assert failed.returncode == 1
    cause = "Error: device: cuda asked for, but usable here: cpu"
    at = next(i for i, line in enumerate(said) if line.startswith("FAILED train_align_mlp after "))
    assert said[at + 1].startswith(f"  {cause}")
    assert said[at + 3] == "  Log: logs/smoke/train_align_mlp.log"
    error, remedy, log = said[-3:]
    assert error.startswith(cause)
    assert remedy.startswith("Remedy: ")
    assert log == "Log: logs/smoke/train_align_mlp.log"
    assert len(said) < 20
