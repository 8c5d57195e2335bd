"""`make settle GO=1`: numbers are raised where they stand, claims judged again, until decided or on the bound."""

import re
from pathlib import Path

import pytest
import yaml

from netspectra.errors import DataError, SettingsError
from netspectra.statistics import judged, settled, verdicts
from netspectra.statistics.claims import Claim
from netspectra.workflow import deciding, raising

PARAMS = """# A comment that stays.
networks:
  n:
    replicates: 5
    variants: {a: {}, '0.01': {replicates: 3}}
experiments:
  e: {networks: [n]}
  own: {replicates: 2}
scales:
  paper: {}
  s:
    networks:
      n: {replicates: 4, epochs: 3}   # and another
"""
AT_S = {"replicates": 4, "variants": {"a": {}, "0.01": {"replicates": 3}}}
SETTINGS = {"networks": {"n": AT_S}, "experiments": {"e": {}, "own": {"replicates": 2}}}


@pytest.fixture
def params(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(PARAMS)
    return tmp_path / "params.yaml"


def test_a_number_is_found_under_its_key_whatever_dots_its_names_hold():
    assert raising.number_at(SETTINGS, "scales.s.networks.n.replicates") == 4
    assert raising.number_at(SETTINGS, "networks.n.variants.0.01.replicates") == 3
    assert raising.raised(SETTINGS, {"networks.n.replicates": 4, "experiments.own.replicates": 3}) == {
        "experiments.own.replicates": 3
    }
    for wrong in ("networks.m.replicates", "networks.n", "networks.n.replicates.x"):
        with pytest.raises(SettingsError, match=rf"{wrong}: found .*, wanted a number of networks"):
            raising.number_at(SETTINGS, wrong)


def test_numbers_are_set_and_everything_else_stays(params):
    numbers = {"scales.s.networks.n.replicates": 9, "scales.s.networks.n.variants.0.01.replicates": 7}
    raising.write(numbers | {"scales.s.experiments.own.replicates": 6, "networks.n.variants.0.01.replicates": 8})
    text = params.read_text()
    assert "# A comment that stays." in text
    assert "# and another" in text
    found = yaml.safe_load(text)
    assert found["scales"]["s"]["experiments"] == {"own": {"replicates": 6}}
    assert found["scales"]["s"]["networks"]["n"] | {"variants": None} == {
        "replicates": 9, "epochs": 3, "variants": None,
    }  # fmt: skip
    assert found["networks"]["n"]["variants"]["0.01"] == {"replicates": 8}
    assert found["networks"]["n"]["replicates"] == 5


SPREAD = {"decided": 0.4, "bound": 0.4, "wide": 8.0}
VALUE = {"decided": 2.4, "bound": 2.0001, "wide": 3.0}


@pytest.fixture
def session(params):
    """A run that judges claims with intervals of as many networks as params.yaml asks for; and how often it ran."""
    params.write_text(PARAMS.replace(", '0.01': {replicates: 3}", ""))
    kept = {"document": "d", "experiment": "e", "where": "w", "says": "s", "basis": "b"}
    claims = [Claim(**kept, id=name, metric=name, holds={"s": {"at_least": 2}}) for name in VALUE]
    runs = []

    def run():
        count = yaml.safe_load(params.read_text())["scales"]["s"]["networks"]["n"]["replicates"]
        runs.append(count)
        half = {name: 3 * spread / count**0.5 for name, spread in SPREAD.items()}
        values = {name: {"mean": x, "low": x - half[name], "high": x + half[name]} for name, x in VALUE.items()}
        found = verdicts.judge(claims, {"e": values}, "s", {"e": count})
        judged.write(found, Path("data/s/metrics/claims.json"))

    run()
    found = deciding.Session("s", 50, 30, run)
    found.counts = runs
    return found


def test_claims_are_decided_or_called_on_the_bound(session, params):
    found = deciding.settle(session)
    assert {name: one.called for name, one in found.items()} == {
        "decided": "reproduced", "bound": settled.ON_THE_BOUND, "wide": settled.ON_THE_BOUND,
    }  # fmt: skip
    first, last = found["decided"].looks[0], found["decided"].looks[-1]
    assert (first.networks, first.level, first.verdict) == (4, 0.95, "undecided")
    assert last.networks > 4
    assert last.level > 0.95
    assert last.low >= 2
    assert found["decided"].why == f"by {last.networks} networks"
    assert found["bound"].why == "as it takes over 50 networks"
    assert session.counts == sorted(set(session.counts))
    assert f"replicates: {session.counts[-1]}" in params.read_text()


def test_every_look_asks_for_a_surer_interval(session):
    (one,) = deciding.settle(session, ["decided"]).values()
    levels = [look.level for look in one.looks]
    assert levels == pytest.approx([1 - 0.05 / 2**k for k in range(len(levels))])


def test_what_takes_longer_than_was_given_is_on_the_bound_and_not_tried(session):
    times = Path("benchmarks/results/s/train_n.tsv")
    times.parent.mkdir(parents=True)
    times.write_text("s\n24000\n")
    (one,) = deciding.settle(session, ["decided"]).values()
    assert one.called == settled.ON_THE_BOUND
    assert re.fullmatch(r"as \d+ networks take \d+ minutes", one.why)
    assert session.counts == [4]


def test_when_the_minutes_are_used_up_a_claim_stays_undecided(session):
    session.minutes = 0
    (one,) = deciding.settle(session, ["decided"]).values()
    assert (one.called, one.why, len(one.looks)) == ("undecided", "as no minutes are left", 1)


def test_a_claim_that_networks_do_not_decide_is_refused(session):
    with pytest.raises(DataError, match="other: not among what more networks may decide"):
        deciding.settle(session, ["other"])


def test_the_command_keeps_what_it_came_to(session, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(deciding, "_runner", lambda *of_the_command: session.run)
    assert deciding.main(["s", "--claims", "decided", "--limit", "50"]) == 0
    assert "git checkout params.yaml undoes it" in capsys.readouterr().out
    kept = settled.load("standing/s/settled.json")
    assert kept["decided"].is_decided
    assert deciding.main(["s", "--claims", "none"]) == 1
    assert "Remedy: make settle lists them" in capsys.readouterr().err


def test_a_run_that_fails_ends_it(tmp_path, monkeypatch):
    (tmp_path / "snakemake").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "snakemake").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(DataError, match=r"snakemake --config scale=s -c1 -- data/s/metrics/claims\.json: did not end"):
        deciding._runner("s", ["-c1"], "")()
