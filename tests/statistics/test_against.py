"""What became of verdicts and metrics since a revision of git."""

import json
import subprocess
from dataclasses import replace

import pytest

from netspectra.errors import DataError
from netspectra.statistics import against, changes, judged, verdicts
from netspectra.statistics.claims import Claim
from netspectra.statistics.judged import Control
from netspectra.statistics.judging import NOT_JUDGED, NOT_REPRODUCED, REPRODUCED, UNDECIDED

KINDS = (REPRODUCED, NOT_REPRODUCED, UNDECIDED, NOT_JUDGED)
(ONE,) = verdicts.judge(
    [Claim(id="x", document="d", experiment="e", where="w", says="s", metric="m", basis="b", holds={})],
    {"e": {"m": {"mean": 1, "low": 0, "high": 2}}},
    "s",
)


def with_verdict(verdict, **more):
    return replace(ONE, verdict=verdict, tolerance={"at_most": 3}, **more)


def passing(*, control, evidence):
    found = Control("noise", "n", 1, None, None, REPRODUCED if control else NOT_REPRODUCED)
    return with_verdict(REPRODUCED, control=found, evidence=evidence)


@pytest.mark.parametrize(
    ("before", "after", "kind", "loss"),
    [
        (REPRODUCED, NOT_REPRODUCED, "lost", True),
        (REPRODUCED, NOT_JUDGED, "lost", True),
        (REPRODUCED, None, "lost", True),
        (REPRODUCED, UNDECIDED, "undecided", True),
        (NOT_REPRODUCED, UNDECIDED, "undecided", False),
        (None, UNDECIDED, "undecided", False),
        (UNDECIDED, REPRODUCED, "gained", False),
        (None, REPRODUCED, "gained", False),
        (UNDECIDED, NOT_REPRODUCED, "other", False),
        (NOT_REPRODUCED, None, "other", False),
        *((kind, kind, None, False) for kind in KINDS),
    ],
)
def test_changes_are_sorted_and_what_was_reproduced_and_is_no_more_is_a_loss(before, after, kind, loss):
    old, new = ([with_verdict(verdict)] if verdict else [] for verdict in (before, after))
    found = against.compare(old, new)
    assert [name for name in ("lost", "undecided", "gained", "other") if getattr(found, name)] == (
        [kind] if kind else []
    )
    assert (found.losses, bool(found)) == (["x"] if loss else [], kind is not None)


def test_a_control_that_passes_now_is_a_loss_of_evidence():
    before, after = passing(control=False, evidence=True), passing(control=True, evidence=False)
    assert against.compare([before], [after]).lost == [(before, after)]
    assert not against.compare([after], [after])
    assert not against.compare([after], [before])
    assert "no evidence: the control passes too" in against.markdown(against.compare([before], [after]), "HEAD")


def test_changes_are_tables_of_markdown():
    found = against.compare([with_verdict(REPRODUCED)], [with_verdict(NOT_REPRODUCED)])
    assert against.markdown(found, "a|b").splitlines() == [
        "# Verdicts against a\\|b", "", "## Lost: 1", "",
        "| claim | was | is | value | wanted |", "|---|---|---|---|---|",
        "| x | reproduced | not reproduced | 1 [0, 2] | <= 3 |",
    ]  # fmt: skip
    assert against.markdown(against.compare([], []), "HEAD").endswith("No verdict changed.")


def committed_anew(folder):
    named = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    for command in (("add", "."), ("commit", "--quiet", "-m", "Go on")):
        subprocess.run(["git", *named, *command], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def committed(tmp_path):
    """A folder of metrics and verdicts in git; and a way to change them."""

    def write(verdict, **metrics):
        judged.write([with_verdict(verdict)], tmp_path / "metrics/claims.json")
        (tmp_path / "metrics/e.json").write_text(json.dumps(metrics))

    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / "metrics").mkdir()
    write(REPRODUCED, a={"mean": 1, "low": 0, "high": 2}, b=1, c=2, d={"mean": 1, "low": 0, "high": 2})
    committed_anew(tmp_path)
    return tmp_path / "metrics", write


def test_the_command_holds_a_file_against_a_revision(committed, capsys):
    folder, write = committed
    assert verdicts.main([str(folder / "claims.json"), "--against", "HEAD"]) == 0
    assert "No verdict changed." in capsys.readouterr().out
    write(UNDECIDED)
    assert verdicts.main([str(folder / "claims.json"), "--against", "HEAD"]) == 1
    said = capsys.readouterr()
    assert "## Newly undecided: 1" in said.out
    assert "claims.json: lost without a word: x\nRemedy: mend what lost it, or tell it in lost.txt" in said.err


def test_a_loss_is_forgiven_by_the_commit_that_tells_it_and_by_no_later_one(committed):
    folder, write = committed
    write(UNDECIDED)
    command = [str(folder / "claims.json"), "--against", "HEAD"]
    for text, code in (("x:\n", 1), ("y: sharper\n", 1), ("x\n", 1), ("y: gone\nx: of fewer networks\n", 0)):
        (folder / "lost.txt").write_text(text)
        assert verdicts.main(command) == code
    committed_anew(folder)
    write(REPRODUCED)
    committed_anew(folder)
    write(UNDECIDED)
    assert verdicts.main(command) == 1
    with (folder / "lost.txt").open("a") as file:
        file.write("x: again, of fewer networks\n")
    assert verdicts.main(command) == 0


def test_what_git_does_not_have_is_said(committed, capsys):
    folder, _ = committed
    other = folder / "other.json"
    other.write_text((folder / "claims.json").read_text())
    for file, revision in ((other, "HEAD"), (folder / "claims.json", "nowhere")):
        assert verdicts.main([str(file), "--against", revision]) == 1
        said = capsys.readouterr().err
        assert f"git has none at {revision}" in said
        assert "Remedy: name another revision" in said
    with pytest.raises(DataError, match=r"HEAD:.*e.json: damaged.*\nRemedy: name another revision"):
        against.at_revision(folder / "e.json", "HEAD")


def test_only_metrics_beyond_their_interval_have_moved(committed, capsys):
    folder, write = committed
    assert changes.main(str(folder)) == 0
    assert "None moved." in capsys.readouterr().out
    write(REPRODUCED, a={"mean": 2, "low": 1, "high": 3}, b=1, d={"mean": 2.1, "low": 1, "high": 3}, n=5)
    assert changes.main(str(folder), "HEAD") == 0
    assert capsys.readouterr().out.splitlines()[2:7] == [
        "| experiment | metric | was | is |", "|---|---|---|---|",
        "| e | c | 2 | none |", "| e | d | 1 [0, 2] | 2.1 [1, 3] |", "| e | n | none | 5 |",
    ]  # fmt: skip
    write(REPRODUCED, a=1, b=1.1, c=2, d=0)
    assert changes.main(str(folder)) == 0
    assert "| e | b | 1 | 1.1 |\n\n# Verdicts" in capsys.readouterr().out


def test_experiments_that_came_or_went_are_named(committed, capsys):
    folder, _ = committed
    (folder / "new.json").write_text('{"a": 1}')
    assert changes.main(str(folder)) == 0
    assert "None moved.\n\nNew: new.\n\n# Verdicts" in capsys.readouterr().out
    (folder / "e.json").unlink()
    assert changes.main(str(folder)) == 0
    assert "New: new.\n\nGone: e.\n" in capsys.readouterr().out


def test_a_folder_without_metrics_is_refused_here_and_in_git(committed, capsys):
    folder, _ = committed
    for name in ("none", "later"):
        (folder.parent / name).mkdir()
    (folder.parent / "later/e.json").write_text("{}")
    wanted = (("none", "HEAD", "none: no metrics"), ("later", "HEAD", "later: git has none at HEAD"))
    for name, revision, message in (*wanted, (folder.name, "nowhere", "metrics: git has none at nowhere (")):
        assert changes.main(str(folder.parent / name), revision) == 1
        assert message in capsys.readouterr().err
