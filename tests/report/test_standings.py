"""docs/verdicts.md: made from standing/, all scales side by side, with a reason beside what is not reproduced."""

import json

import pytest
from project import ROOT

from netspectra.errors import DataError
from netspectra.report import standings
from netspectra.statistics import judged, settled, verdicts
from netspectra.statistics.claims import Claim, read_all
from netspectra.statistics.settled import Look, Settled

IN, OVER, OUT = ({"mean": m, "low": a, "high": b} for m, a, b in ((3, 2.5, 3.5), (3, 1.5, 4.5), (1, 0.5, 1.5)))
HOLDS = {"paper": {"at_least": 2}, "sample": {"at_least": 2}}
CONTROL = {"metric": "out", "is": "untrained networks"}
CLAIMS = [
    {"id": "holds", "metric": "in", "control": CONTROL, "published": 3, "kind": "printed", "uncertainty": 0.5},
    {"id": "fails", "metric": "out", "no_control": "None fits.", "reason": {"paper": "Tried | and failed."}},
    {"id": "wavers", "metric": "over", "beyond": True},
    {"id": "counted", "metric": "in", "check": True},
]
RUN = {
    "commit": "0123456789abcdef", "date": "2026-11-25T12:00:00+00:00", "scale": "paper", "wall_s": 90, "command": "run",
    "machine": {"cpu": "Some CPU", "cores": 2, "memory": "8.0 GiB", "gpu": None}, "versions": {"python": "3.11.7"},
    "jobs": {"ran": 3, "of": 4, "s": 100.5},
}  # fmt: skip
LOOKS = (Look(3, 0.95, 3, 1.5, 4.5, "undecided"), Look(9, 0.975, 3, 1.9, 4.1, "undecided"))


@pytest.fixture
def found(tmp_path, monkeypatch):
    """What stands at two scales, of which one was settled, and the claims."""
    monkeypatch.chdir(tmp_path)
    kept = {"document": "d", "experiment": "e", "where": "Section 1", "says": "It is so", "basis": "b", "holds": HOLDS}
    claims = [Claim(**kept | claim) for claim in CLAIMS]
    for scale in ("sample", "paper"):
        values = {"in": IN, "over": OVER, "out": OUT}
        judged.write(verdicts.judge(claims, {"e": values}, scale, {"e": 3}), standings.STANDING / scale / "claims.json")
        (standings.STANDING / scale / "run.json").write_text(json.dumps(RUN | {"scale": scale}))
    come_to = {"counted": Settled(LOOKS[:1], "reproduced", "by 3 networks")}
    come_to |= {"wavers": Settled(LOOKS, settled.ON_THE_BOUND, "over 100 networks")}
    settled.write(come_to, standings.STANDING / "sample/settled.json")
    return standings.load(), {claim.id: claim for claim in claims}


def rows(text, name):
    return [line for line in text.splitlines() if line.startswith(f"| `{name}`")]


def test_the_committed_file_is_what_is_made_from_standing(monkeypatch):
    monkeypatch.chdir(ROOT)
    claims = {claim.id: claim for claim in read_all(sorted(ROOT.glob(standings.CLAIMS)))}
    stands = standings.load()
    assert {one.scale for one in stands} >= {"sample"}
    assert standings.SHEET.read_text(encoding="utf-8") == standings.sheet(stands, claims)


def test_whatever_stands_as_not_reproduced_or_on_the_bound_says_why(monkeypatch):
    monkeypatch.chdir(ROOT)
    claims = {claim.id: claim for claim in read_all(sorted(ROOT.glob(standings.CLAIMS)))}
    assert standings.unexplained(standings.load(), claims) == []


def test_what_stands_is_kept_whole(monkeypatch):
    """Verdicts on metrics that lie beside them, and the facts of the run that a page shows."""
    for folder in (ROOT / "standing").iterdir():
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        assert run.keys() >= {"commit", "date", "machine", "versions", "wall_s", "command", "scale"}
        assert run["machine"].keys() == {"cpu", "cores", "memory", "gpu"}
        assert run["scale"] == folder.name
        of_them = {v.experiment for v in judged.load(folder / "claims.json")}
        assert {path.stem for path in (folder / "metrics").iterdir()} == of_them


def test_scales_stand_side_by_side_the_documents_own_first(found):
    text = standings.sheet(*found)
    assert "| claim | where | published | paper | sample |" in text
    (row,) = rows(text, "holds")
    cell = "**reproduced**: 3 [2.5, 3.5]; wanted >= 2; control (untrained networks): 1 [0.5, 1.5], not reproduced"
    assert row == f"| `holds`: It is so | Section 1 | 3 +- 0.5 (printed) | {cell} | {cell} |"
    assert rows(text, "counted")[-1].startswith("| `counted` (check): ")
    assert "2 claims: 1 reproduced, 1 not reproduced" in text
    assert "`run` at 0123456789ab on 2026-11-25; Some CPU, 2 cores, 8.0 GiB, no GPU; 1.5 minutes, 3 of 4 jobs" in text


def test_what_is_not_reproduced_says_why_or_that_nobody_has(found):
    stands, claims = found
    text = standings.sheet(stands, claims)
    at_paper, at_sample, _ = rows(text, "fails")
    assert at_paper == "| `fails` | paper | 1 [0.5, 1.5], wanted >= 2 | Tried \\| and failed. |"
    assert at_sample.endswith(f"| {standings.SILENT} |")
    assert standings.unexplained(stands, claims) == [("sample", "fails"), ("sample", "wavers")]
    assert standings.unexplained(stands, {}) == []


def test_what_is_on_the_bound_says_what_was_tried(found):
    why, shown = rows(standings.sheet(*found), "wavers")
    tried = "settled: networks: 3 (95 %: undecided), 9 (97.5 %: undecided); on the bound, over 100 networks"
    assert why.endswith(f"{standings.SILENT} {tried} |")
    assert "| **undecided**: 3 [1.5, 4.5]; wanted >= 2 | **undecided, on the bound**: 3 [1.5, 4.5]" in shown


def test_what_was_settled_is_listed(found):
    assert "| `counted` | sample | networks: 3 (95 %: undecided); reproduced, by 3 networks |" in standings.sheet(
        *found
    )


@pytest.mark.usefixtures("found")
def test_a_damaged_run_is_refused_with_its_remedy(capsys):
    (standings.STANDING / "sample/run.json").write_text("{")
    with pytest.raises(DataError, match=r"run.json: cannot be read .*\nRemedy: make standing SCALE=sample"):
        standings.load()
    assert standings.main() == 1
    assert "Remedy: make standing SCALE=sample" in capsys.readouterr().err


def test_the_command_writes_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert standings.main() == 0
    assert (tmp_path / standings.SHEET).read_text().startswith("# Verdicts\n")
    assert "Written: docs/verdicts.md" in capsys.readouterr().out
