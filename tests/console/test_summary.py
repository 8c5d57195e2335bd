from pathlib import Path

import pytest
from project import ROOT

from netspectra.console.ending import changed
from netspectra.console.summary import main, summary
from netspectra.statistics import judged
from netspectra.statistics.judging import NOT_REPRODUCED, REPRODUCED
from netspectra.statistics.listing import headline
from netspectra.workflow.layout import sets_in_use
from netspectra.workflow.settings import read, resolve

FILE = ROOT / "data/sample/metrics/claims.json"


@pytest.fixture(scope="module")
def verdicts():
    return judged.load(FILE)


def test_every_document_has_its_counts(verdicts):
    said = summary(verdicts, Path("/x/index.html")).splitlines()
    for document in {v.document for v in verdicts}:
        (line,) = [line for line in said if line.split()[:1] == [document]]
        claims = [v for v in verdicts if v.document == document and v.is_counted]
        assert int(line.split()[1]) == sum(v.verdict == REPRODUCED for v in claims)
        assert sum(map(int, line.split()[1:])) == len(claims)


def test_what_is_not_reproduced_has_a_line_and_nothing_else_has(verdicts):
    said = summary(verdicts, Path("/x/index.html")).splitlines()
    named = {line.split()[0] for line in said if ", wanted " in line and line.startswith("  ")}
    assert named == {v.id for v in verdicts if v.verdict == NOT_REPRODUCED and not v.beyond}
    assert named


def test_it_ends_with_all_counts_and_the_page(verdicts):
    said = summary(verdicts, Path("/x/index.html"))
    assert said.endswith("\nAll verdicts: make verdicts\nPage: /x/index.html")
    assert "Scale sample (reduced scale):" in said
    assert all(part in said for part in headline(verdicts))


def test_it_fits_on_one_screen(verdicts):
    assert len(summary(verdicts, Path("/x/index.html")).splitlines()) <= 50


def test_a_first_run_fits_on_three_screens(verdicts):
    """Lines of the environment (10), the plan and the ending (10), each job, changed verdicts, and the summary."""
    settings = resolve(read(ROOT / "params.yaml"))
    jobs = len(settings["networks"]) + 2 * len(settings["experiments"]) + 2 * len(sets_in_use(settings)) + 2
    told = summary(verdicts, Path("/x/index.html")).splitlines()
    assert jobs + len(told) + len(changed([], verdicts)) + 20 <= 155


def test_no_verdicts_are_an_error_with_its_remedy(tmp_path, capsys):
    assert main(str(tmp_path / "none.json"), "x") == 1
    assert capsys.readouterr().err.startswith("Error: ")
