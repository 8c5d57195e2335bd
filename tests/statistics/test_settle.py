"""How many networks would decide what is undecided, at what cost, and which numbers to raise."""

import pytest
import yaml

from netspectra.errors import DataError
from netspectra.statistics import judged, settle, verdicts
from netspectra.statistics.claims import Claim
from netspectra.statistics.replication import keys_of, least_replicates, replicates_of

PARAMS = {
    "networks": {
        "n": {"replicates": 5, "variants": {"a": {}, "b": {"replicates": 3}, "gone": {"replicates": 2}}},
        "o": {"replicates": 4, "variants": {"a": {}}},
    },
    "experiments": {"e": {"networks": ["n"]}, "f": {"networks": ["n", "o"], "replicates": 9}, "none": {}},
    "scales": {"paper": {}, "s": {"networks": {"n": {"variants": {"gone": None}}}}},
}
WIDE = {"mean": 2.5, "low": 1.5, "high": 3.5}


def judge(metric=None, *, experiment="e", networks=3, scale="s"):
    claim = Claim(
        id="x", document="d", experiment=experiment, where="w", says="s", metric="m", basis="b",
        holds={scale: {"at_least": 2}},
    )  # fmt: skip
    return verdicts.judge([claim], {experiment: {"m": metric or WIDE}}, scale, {experiment: networks})


def test_networks_are_counted_and_named_where_they_are_set():
    at_s, at_paper = (settle.settings_at(PARAMS, scale) for scale in ("s", "paper"))
    assert replicates_of(at_s["networks"]["n"]) == {"a": 5, "b": 3}
    assert [least_replicates(at_s, name) for name in ("e", "f", "none")] == [3, 3, None]
    assert least_replicates(at_paper, "e") == 2
    assert keys_of(at_s, "e") == ["scales.s.networks.n.replicates", "scales.s.networks.n.variants.b.replicates"]
    assert keys_of(at_paper, "f") == [
        "networks.n.replicates", "networks.n.variants.b.replicates", "networks.n.variants.gone.replicates",
        "networks.o.replicates", "experiments.f.replicates",
    ]  # fmt: skip
    assert keys_of(at_s, "none") == []


def test_a_wide_interval_takes_more_networks_and_their_minutes(tmp_path):
    """A half width of 1 by 3 networks is a spread of 0.4025, and t(n - 1) 0.4025 / sqrt(n) is below 0.5 from 5 on."""
    (tmp_path / "train_n.tsv").write_text("s\th:m:s\n960\t0:16:00\n")
    (advice,) = settle.advise(judge(), settle.settings_at(PARAMS, "s"), tmp_path, 100)
    assert advice.networks == 5
    # Variant a has 5 of them, b lacks two; eight networks took 960 s.
    assert advice.minutes == pytest.approx(2 * 120 / 60)
    line = settle.table([advice], 100).splitlines()[1]
    assert "3 -> 5" in line
    assert "2.5 [1.5, 3.5], wanted >= 2; scales.s.networks.n.replicates, scales.s.networks.n.variants.b" in line


def test_minutes_of_repetitions_are_those_of_the_analysis(tmp_path):
    settings = settle.settings_at(PARAMS, "s")
    settings["experiments"]["own"] = {"replicates": 3}
    (tmp_path / "own.tsv").write_text("s\n90\n")
    (advice,) = settle.advise(judge(experiment="own"), settings, tmp_path, 100)
    assert (advice.networks, advice.minutes) == (5, pytest.approx(1))


@pytest.mark.parametrize(
    ("metric", "networks", "limit", "said"),
    [
        (WIDE, 3, 4, "over 4"),
        ({"mean": 2.01, "low": 1.5, "high": 2.52}, 3, 100, "over 100"),
        (3.0, 5, 100, "no interval"),
        (3.0, None, 100, "no interval"),
        (WIDE, None, 100, "none"),
        (3.0, 1, 100, "1 -> 3"),
    ],
)
def test_what_networks_do_not_decide_is_said(tmp_path, metric, networks, limit, said):
    (advice,) = settle.advise(judge(metric, networks=networks), settle.settings_at(PARAMS, "s"), tmp_path, limit)
    assert said in settle.table([advice], limit).splitlines()[1]
    assert advice.minutes is None


def test_only_what_is_undecided_is_listed_the_cheapest_first(tmp_path):
    (tmp_path / "train_n.tsv").write_text("s\n960\n")
    narrow, free = {"mean": 3, "low": 2.5, "high": 3.5}, {"mean": 2.5, "low": 1.9, "high": 3.1}
    found = [*judge(narrow), *judge(3.0, networks=5), *judge(WIDE), *judge(free)]
    advice = settle.advise(found, settle.settings_at(PARAMS, "s"), tmp_path, 100)
    assert [one.verdict.value for one in advice] == [2.5, 2.5, 3.0]
    assert advice[0].minutes < advice[1].minutes
    assert settle.table(advice, 100).splitlines()[-1] == "3 undecided; 2 of them by up to 100 networks"


@pytest.mark.parametrize("text", ["", "s\n", "s\nx\n", "t\n1\n", "s\n1\n2\n"])
def test_damaged_run_times_are_refused(tmp_path, text):
    (tmp_path / "a.tsv").write_text(text)
    with pytest.raises(DataError, match="wanted one row with a column s"):
        settle.seconds_of(tmp_path / "a.tsv")


def test_the_command_prints_or_says_why_not(tmp_path, capsys):
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    file = tmp_path / "claims.json"
    command = [str(file), "--times", str(tmp_path), "--params", str(tmp_path / "params.yaml")]
    judged.write(judge(), file)
    assert settle.main(command) == 0
    assert "3 -> 5" in capsys.readouterr().out
    judged.write([], file)
    assert settle.main(command) == 0
    assert "0 undecided" in capsys.readouterr().out
    for wrong, message in ((judge(experiment="z"), "x: params.yaml has no experiment 'z'"), (judge(scale="t"), "'t'")):
        judged.write(wrong, file)
        assert settle.main(command) == 1
        assert message in capsys.readouterr().err
