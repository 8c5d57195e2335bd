"""Verdicts: by the whole interval, beside the control, counted, kept by id, printed."""

import json

import pytest

from netspectra.errors import ClaimError, DataError
from netspectra.statistics import judged, listing, verdicts
from netspectra.statistics.claims import Claim
from netspectra.statistics.judging import NOT_JUDGED, NOT_REPRODUCED, REPRODUCED, UNDECIDED

KEPT = {"id": "x", "document": "d", "experiment": "e", "where": "w", "says": "s", "metric": "m", "basis": "b"}
ABOVE = {"s": {"at_least": 2}}
CONTROL = {"metric": "m_untrained", "is": "untrained networks"}


def claim(holds, **more):
    return Claim(**KEPT | {"holds": holds} | more)


def metric(mean, low, high):
    return {"mean": mean, "low": low, "high": high}


IN, OVER, OUT = metric(3, 2.5, 3.5), metric(3, 1.5, 4.5), metric(1, 0.5, 1.5)


def judge(*claims, networks=5, **metrics):
    return verdicts.judge(list(claims), {"e": metrics}, "s", {"e": networks})


@pytest.mark.parametrize(
    ("rule", "found", "verdict"),
    [
        ({"at_least": 2}, IN, REPRODUCED),
        ({"at_least": 2}, OVER, UNDECIDED),
        ({"at_least": 2}, OUT, NOT_REPRODUCED),
        ({"at_most": 2}, metric(3, 1.9, 4.1), UNDECIDED),
        ({"at_most": 2}, metric(3, 2.1, 3.9), NOT_REPRODUCED),
        ({"at_most": 0}, 0, UNDECIDED),
        ({"between": [1, 2]}, metric(1.5, 1.2, 1.8), REPRODUCED),
        ({"between": [1, 2]}, metric(1.5, 1.2, 2.1), UNDECIDED),
        (None, IN, NOT_JUDGED),
    ],
)
def test_a_verdict_follows_from_the_whole_interval(rule, found, verdict):
    (only,) = judge(claim({"s": rule} if rule else {}), m=found)
    assert (only.verdict, only.tolerance) == (verdict, rule)
    assert (only.value, only.low) == ((0, None) if found == 0 else (found["mean"], found["low"]))


def test_an_exact_value_needs_no_interval_and_an_interval_that_is_there_counts():
    exact = claim(ABOVE, exact=True)
    assert [judge(exact, m=value)[0].verdict for value in (3, 2, 1, OVER)] == [
        REPRODUCED, REPRODUCED, NOT_REPRODUCED, UNDECIDED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("control", "verdict", "evidence", "passes"),
    [(OUT, NOT_REPRODUCED, True, False), (IN, REPRODUCED, False, True), (OVER, UNDECIDED, False, False)],
)
def test_the_control_is_judged_by_the_same_rule_and_one_that_passes_leaves_no_evidence(
    control, verdict, evidence, passes
):
    (only,) = judge(claim(ABOVE, control=CONTROL), m=IN, m_untrained=control)
    assert only.verdict == REPRODUCED
    assert only.control == judged.Control("untrained networks", "m_untrained", *control.values(), verdict)
    assert (only.evidence, only.control_passes) == (evidence, passes)
    assert ("control passes: " in listing.table([only])) == passes
    counts = "; ".join(listing.headline([only]))
    assert ("1 no evidence" in counts) == passes
    assert ("1 not yet evidence" in counts) == (verdict == UNDECIDED)


def test_an_exact_claim_has_an_exact_control_and_a_claim_without_one_is_no_evidence():
    exact = claim(ABOVE, exact=True, control=CONTROL)
    assert judge(exact, m=3, m_untrained=1)[0].control.verdict == NOT_REPRODUCED
    (without,) = judge(claim(ABOVE, no_control="Nothing lacks it."), m=IN)
    assert (without.control, without.evidence, without.no_control) == (None, False, "Nothing lacks it.")


def test_what_nobody_measures_is_an_error_of_the_claim_and_of_its_control():
    with pytest.raises(ClaimError, match="no metric 'm' in"):
        judge(claim({}))
    with pytest.raises(ClaimError, match="x: no metric 'm_untrained'"):
        judge(claim({}, control=CONTROL), m=1)
    with pytest.raises(ClaimError, match=r"no metric 'm' in data/<scale>/metrics/e.json"):
        verdicts.judge([claim({})], {}, "s")
    with pytest.raises(ClaimError) as error:
        judge(claim({}, metric="maen"), mean=1)
    assert error.value.remedy == "name one that analysis.py measures, as 'mean'; the entry is in claims.yaml"


def test_claims_of_a_document_are_adjusted_to_each_other():
    """Ends at the bound have p = 2.5 %; of four claims the least p counts four times, checks and the unjudged none."""
    just, far = metric(3, 2, 4), metric(30, 29, 31)
    counted = [claim(ABOVE, id=f"c{i}", metric="far" if i else "just") for i in range(4)]
    apart = [claim(ABOVE, id="check", check=True), claim(ABOVE, id="beyond", beyond=True), claim({}, id="unjudged")]
    other = claim(ABOVE, id="other", document="other", metric="just")
    found = {v.id: v for v in judge(*counted, *apart, other, just=just, far=far, m=just)}
    assert found["c0"].p == found["other"].p == pytest.approx(0.025, rel=1e-3)
    assert found["c1"].p_holm == pytest.approx(4 * found["c1"].p, rel=1e-2)
    assert found["c0"].p_holm == found["c0"].p  # the greatest of them
    assert [found[name].p_holm for name in ("check", "beyond", "unjudged")] == [None] * 3
    assert found["unjudged"].p is None
    assert found["c1"].is_shown_together
    two = {v.id: v for v in judge(*(claim(ABOVE, id=i, metric="just") for i in "ab"), just=just)}
    assert [(v.verdict, v.p_holm, v.is_shown_together) for v in two.values()] == [(REPRODUCED, 0.05, False)] * 2


def test_few_networks_make_a_claim_less_sure_where_many_are_stated():
    p = [judge(claim(ABOVE), networks=n, m=metric(3, 2.5, 3.5))[0].p for n in (3, 5, 100, None)]
    assert p == sorted(p, reverse=True)
    assert p[0] > 5 * p[2]


def test_counts_keep_checks_and_what_is_beyond_apart():
    found = judge(
        claim(ABOVE, id="a"), claim(ABOVE, id="b", metric="over"), claim(ABOVE, id="c", check=True, metric="out"),
        claim(ABOVE, id="d", beyond=True), claim({}, id="e", no_control="None."), m=IN, over=OVER, out=OUT,
    )  # fmt: skip
    assert listing.headline(found) == [
        "3 claims: 1 reproduced, 0 not reproduced, 1 undecided, 1 not judged",
        "2 name no control and do not say why",
        "1 checks apart: 0 reproduced, 1 not reproduced, 0 undecided, 0 not judged",
        "1 claims beyond the documents: 1 reproduced, 0 not reproduced, 0 undecided, 0 not judged",
    ]
    lines = listing.table(found).splitlines()
    assert lines[1].split() == ["d", "1", "0", "1", "1", "0", "of", "1"]
    assert [line.split()[-1] for line in lines if line.startswith("undecided")] == ["2"]
    shown = [next(name for name in "abcde" if f" {name} " in line) for line in lines[3:-6]]
    assert shown == ["b", "c", "e"]
    assert " a " in listing.table(found, everything=True)
    assert lines[-5:] == ["Scale s (reduced scale):", *listing.headline(found)]


@pytest.mark.parametrize(
    ("scale", "verdict", "said"),
    [
        ("paper", IN, "reproduced"),
        ("s", IN, "reproduced at reduced scale"),
        ("s", OUT, "not reproduced at reduced scale"),
        ("s", OVER, "undecided at reduced scale"),
        ("other", IN, "not judged"),
    ],
)
def test_a_reduced_scale_says_so(scale, verdict, said):
    rules = {"s": {"at_least": 2}, "paper": {"at_least": 2}}
    assert verdicts.judge([claim(rules)], {"e": {"m": verdict}}, scale)[0].said == said


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "claims.json"
    judged.write(judge(claim(ABOVE, control=CONTROL), claim({}, id="y"), m=IN, m_untrained=OUT), path)
    return path


def test_the_file_is_a_dictionary_by_id_and_read_as_it_was_written(file):
    content = json.loads(file.read_text())
    assert list(content) == ["x", "y"]
    wanted = {"verdict": "reproduced", "value": 3, "low": 2.5, "high": 3.5, "published": None, "scale": "s"}
    wanted |= {
        "tolerance": {"at_least": 2},
        "says": "s",
        "document": "d",
        "experiment": "e",
        "where": "w",
        "basis": "b",
    }
    assert {key: content["x"][key] for key in wanted} == wanted
    assert content["x"]["control"] | {"metric": ""} == {
        "what": "untrained networks", "metric": "", "value": 1, "low": 0.5, "high": 1.5, "verdict": "not reproduced",
    }  # fmt: skip
    first, second = judged.load(file)
    assert (first.id, first.control.low, first.evidence) == ("x", 0.5, True)
    assert (second.verdict, second.tolerance) == (NOT_JUDGED, None)


@pytest.mark.parametrize("text", ["[]", "{", '{"x": {}}', '{"x": 1}', '{"x": {"control": null, "more": 1}}'])
def test_a_damaged_file_is_refused_with_its_remedy(file, text, capsys):
    file.write_text(text)
    with pytest.raises(DataError, match=r"claims.json: damaged[^\n]*\nRemedy: snakemake --forcerun judge"):
        judged.load(file)
    assert verdicts.main([str(file)]) == 1
    assert "Error: " in capsys.readouterr().err
    assert verdicts.main([str(file.with_name("none.json"))]) == 1
    assert "none.json: cannot be read" in capsys.readouterr().err


def test_a_file_is_printed_short_or_whole(file, capsys):
    assert verdicts.main([str(file)]) == 0
    short = capsys.readouterr().out
    assert verdicts.main([str(file), "--all"]) == 0
    whole = capsys.readouterr().out
    assert " x " not in short
    assert " x " in whole
    assert max(map(len, whole.splitlines())) < 120


def test_a_run_judges_every_file(tmp_path, capsys):
    folder = tmp_path / "e"
    folder.mkdir()
    (folder / "claims.yaml").write_text(
        "document: d\nclaims:\n- {id: x, where: w, says: s, metric: m, basis: b, holds: {s: {at_least: 2}}}\n"
    )
    (tmp_path / "e.json").write_text(json.dumps({"m": IN}))
    inputs = {"claims": [folder / "claims.yaml"], "metrics": [tmp_path / "e.json"]}
    verdicts.run(inputs, {"verdicts": tmp_path / "claims.json"}, {"scale": "s", "replicates": {"e": 4}})
    (only,) = judged.load(tmp_path / "claims.json")
    assert (only.verdict, only.networks) == (REPRODUCED, 4)
    assert "1 reproduced" in capsys.readouterr().out
