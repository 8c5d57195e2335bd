"""Claims: read, expanded, refused where they are wrong, judged."""

from collections import Counter

import pytest
import yaml
from project import ROOT

from netspectra.errors import ClaimError
from netspectra.statistics import claims, judged, listing
from netspectra.workflow.layout import claims_of
from netspectra.workflow.settings import read as read_params

EXPERIMENTS = read_params(ROOT / "params.yaml")["experiments"]
ONE = {"where": "Section 1", "metric": "m", "holds": {"s": {"at_least": 2}}, "basis": "A rule.", "says": "It is so."}
FAMILY = {**ONE, "id": "rises_{layer}", "for": {"layer": ["fc1", "fc2"], "width": [784, 100]}} | {
    "says": "Layer {layer} of width {width} rises.", "metric": "{layer}_rise", "published": "{width}",
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """Write the claims of an experiment named `toy`."""

    def writer(*entries, **top):
        path = tmp_path / "toy/claims.yaml"
        path.parent.mkdir(exist_ok=True)
        content = {"document": "alignment", "claims": list(entries)} | top
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path

    return writer


def all_claims():
    return claims.read_all(ROOT / claims_of(name) for name in EXPERIMENTS)


def test_every_experiment_makes_claims_under_their_own_names():
    found = all_claims()
    assert len({claim.id for claim in found}) == len(found)
    counts = Counter(claim.document for claim in found)
    assert counts.keys() == {"alignment", "rainbow", "cca", "active", "svcca", "pwcca"}
    assert min(counts.values()) > 20
    assert {claim.experiment for claim in found} == set(EXPERIMENTS)


def test_every_claim_names_its_control_or_says_why_it_has_none():
    assert [c.id for c in all_claims() if not (c.control or c.no_control or c.check or c.beyond)] == []


def test_the_readme_counts_the_committed_verdicts_and_they_are_of_these_claims():
    found = judged.load(ROOT / "data/sample/metrics/claims.json")
    assert {v.id for v in found} == {claim.id for claim in all_claims()}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [line for line in listing.headline(found) if f"    {line}\n" not in readme] == []


def test_families_say_what_was_written_out():
    found = {claim.id: claim for claim in all_claims()}
    one = found["align_starts_at_chance_fc4"]
    assert one.says == "Alignment of layer fc4 starts at chance, which is one over its width 50."
    assert (one.metric, one.published) == ("fc4_start_over_chance", 1)
    area = found["align_adv_area_0.001_over_0_clamped"]
    assert area.metric == "area_clamped_0.001_over_0"
    assert "(cutoff 0.001 against 0)" in area.says
    assert area.says.endswith("pixels clamped to their range.")
    rank = found["rainbow_activation_clipping_2"]
    assert (rank.metric, rank.published) == ("mlp_2_activation_loss_rank_30", None)
    assert found["rainbow_r_1"].holds["paper"].between == [0.907, 0.937]


def test_published_numbers_stand_beside_the_claims():
    printed = claims.published(ROOT / claims_of("cca_recipe"))
    assert printed["facts"]["accuracy"] == 97.13
    curve = claims.published(ROOT / claims_of("active_spectrum"))
    assert dict(zip(curve["index"], curve["eigenvalue"], strict=True))[35] == 1.87
    assert claims.published(ROOT / claims_of("align_training")) == {"test_accuracy": 97}


def test_a_family_is_one_claim_per_entry(write):
    first, second = claims.read(write(FAMILY))
    assert (first.id, first.experiment, first.document) == ("rises_fc1", "toy", "alignment")
    assert (first.says, first.metric) == ("Layer fc1 of width 784 rises.", "fc1_rise")
    assert (second.id, second.published, second.holds["s"].at_least) == ("rises_fc2", 100, 2)


def test_a_family_of_several_claims_goes_round_by_round(write):
    members = [{**ONE, "id": "a_{way}"}, {**ONE, "id": "b_{way}_{layer}", "for": {"layer": [1, 2]}}]
    found = claims.read(write({"for": {"way": ["keep", "none"]}, "claims": members}))
    assert [c.id for c in found] == ["a_keep", "b_keep_1", "b_keep_2", "a_none", "b_none_1", "b_none_2"]


def test_families_fill_in_their_controls(write):
    control = {"metric": "{layer}_rise_untrained", "is": "untrained layer {layer}"}
    first, second = claims.read(write(FAMILY | {"control": control, "kind": "picture", "uncertainty": 0.5}))
    assert (first.control.metric, first.control.what) == ("fc1_rise_untrained", "untrained layer fc1")
    assert (second.control.metric, second.kind, second.uncertainty) == ("fc2_rise_untrained", "picture", 0.5)
    assert (second.check, second.exact, second.beyond, second.no_control) == (False, False, False, None)
    assert claims.read(write(ONE | {"id": "a", "no_control": "No network."}))[0].no_control == "No network."


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (FAMILY | {"for": {"layer": ["fc1", "fc2"], "width": [784]}}, "for: found lists of lengths"),
        (FAMILY | {"for": {"layer": ["fc1"]}}, "rises_fc1: found {width}, for which its family has no list"),
        (FAMILY | {"for": FAMILY["for"] | {"side": [1, 2]}}, "for: found side, which no claim of the family uses"),
        (FAMILY | {"for": ["fc1"]}, "for: found .*, wanted lists of values by name"),
        (FAMILY | {"for": {"layer": ["fc1", "fc1"], "width": [1, 2]}}, "ids that stand twice: rises_fc1"),
        ({"for": {"way": [1]}, "claims": [ONE | {"id": "a_{way}"}], "says": "x"}, "a family with keys says"),
        (ONE, "a claim without an id.id: missing"),
        (ONE | {"id": "a", "sais": "x"}, "a: unknown key 'sais'; .*did you mean 'says'"),
        ({k: v for k, v in ONE.items() if k != "basis"} | {"id": "a"}, "a.basis: missing"),
        (ONE | {"id": "a", "holds": {"s": {"at_leest": 1}}}, "a.holds.s: unknown key 'at_leest'; .*'at_least'"),
        (ONE | {"id": "a", "holds": {"s": {"at_least": 1, "at_most": 2}}}, "a.holds.s: found .*, wanted one of"),
        (ONE | {"id": "a", "holds": {"s": {"between": [2, 1]}}}, "a.holds.s.between: found .*, wanted the lower bound"),
        (ONE | {"id": "a", "holds": {"s": {"at_least": "2"}}}, "a.holds.s.at_least: found '2', wanted a number"),
        (ONE | {"id": "a", "published": True}, "a.published: found True, wanted a number"),
        (ONE | {"id": "a", "control": "m"}, "a.control: found 'm', wanted a block"),
        (ONE | {"id": "a", "control": {"metric": "m"}}, "a.control.is: missing"),
        (ONE | {"id": "a", "control": {"metric": "n", "is": "x"}, "no_control": "y"}, "a: found control and no"),
        (ONE | {"id": "a", "control": {"metric": "m", "is": "x"}}, "a.control.metric: found the claim's own, m, on"),
        (ONE | {"id": "a", "check": True, "holds": {}}, "a: found check without a rule in holds"),
        (ONE | {"id": "a", "no_control": ""}, "a.no_control: found '', wanted"),
        (ONE | {"id": "a", "check": "yes"}, "a.check: found 'yes', wanted true or false"),
        (ONE | {"id": "a", "kind": "guess"}, "a.kind: found 'guess', wanted one of 'printed', 'picture' or 'words'"),
        (ONE | {"id": "a", "published": 1, "uncertainty": -1}, "a.uncertainty: found -1, wanted at least 0"),
        (ONE | {"id": "a", "uncertainty": 1}, "a: found uncertainty 1 of no published value"),
    ],
)  # fmt: skip
def test_a_wrong_claim_is_refused_by_name(write, entry, message):
    with pytest.raises(ClaimError, match=message) as error:
        claims.read(write(entry))
    assert error.value.remedy.startswith("mend it, or git checkout ")


def test_a_wrong_file_is_refused_by_name(tmp_path, write):
    with pytest.raises(
        ClaimError, match=r"claims.yaml:\n.*top level: unknown key 'publisht'; .*did you mean 'published'"
    ):
        claims.read(write(ONE | {"id": "a"}, publisht={}))
    path = tmp_path / "claims.yaml"
    path.write_text("document: alignment\nclaims:\n- {id: a, id: b}\n")
    with pytest.raises(ClaimError, match=r"claims.yaml, line 3: the key 'id' stands twice"):
        claims.read(path)
    with pytest.raises(ClaimError, match=r"none\.yaml: missing"):
        claims.read(tmp_path / "none.yaml")


def test_an_id_may_not_stand_in_two_experiments(tmp_path, write):
    path = write(ONE | {"id": "a"})
    other = tmp_path / "other/claims.yaml"
    other.parent.mkdir()
    other.write_text(path.read_text())
    with pytest.raises(ClaimError, match="a: stands in toy and in other"):
        claims.read_all([path, other])
