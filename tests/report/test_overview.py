"""The picture of all claims: every value stands on its side of the tolerance, and every claim is shown."""

from xml.etree import ElementTree

import pytest
from matplotlib import pyplot as plt

from netspectra.figures import style
from netspectra.report import overview
from netspectra.statistics import judged, verdicts
from netspectra.statistics.claims import Claim

KEPT = {"document": "d", "experiment": "e", "where": "w", "says": "s", "basis": "b", "metric": "m"}
IN, OUT = ({"mean": m, "low": a, "high": b} for m, a, b in ((3, 2.5, 3.5), (1, 0.5, 1.5)))
CONTROL = {"control": {"metric": "c", "is": "untrained networks"}}


def judge(*claims, m=IN, c=OUT):
    return verdicts.judge([Claim(**KEPT | one) for one in claims], {"e": {"m": m, "c": c}}, "sample", {"e": 5})


@pytest.mark.parametrize(
    "rule", [{"at_least": 2}, {"at_most": 2}, {"between": [2, 4]}, {"between": [-1e6, 2]}, {"at_least": 0}]
)
@pytest.mark.parametrize("published", [None, 3, -5])
def test_places_keep_sides_and_order(rule, published):
    (one,) = judge({"id": "a", "holds": {"sample": rule}, "published": published} | CONTROL)
    place, wanted = overview.placed(one), judged.tolerance_of(rule)
    values = [-1e9, -20, -0.5, 0, 1, 1.9, 2, 2.1, 3, 4, 5, 1e9]
    places = [place(value) for value in values]
    assert places == sorted(places, reverse="at_most" in rule)
    for value, x in zip(values, places, strict=True):
        assert (x >= 0 and ("between" not in rule or x <= 1)) == wanted.holds(value)


@pytest.mark.parametrize(
    ("change", "unit"), [({"published": 4}, 4), ({"published": 1} | CONTROL, 1), (CONTROL, 1), ({}, 3)]
)
def test_the_unit_is_the_published_value_within_then_the_control_then_the_value(change, unit):
    (one,) = judge({"id": "a", "holds": {"sample": {"at_least": 0}}} | change)
    assert overview.placed(one)(unit) == 1
    assert overview.placed(one)(unit / 2) == 0.5


def test_documents_keep_their_order_and_fill_two_columns():
    assert overview.in_columns({"a": 50, "b": 60, "c": 10, "d": 90}) == [["a", "b"], ["c", "d"]]
    assert overview.in_columns({"a": 5}) == [["a"]]


def test_every_claim_is_drawn_in_the_colour_of_its_verdict(tmp_path):
    found = judge(
        {"id": "one", "holds": {"sample": {"at_least": 2}}, "published": 3} | CONTROL,
        {"id": "two", "holds": {"sample": {"at_most": 2}}, "document": "other"},
        {"id": "three", "holds": {}}, {"id": "four", "holds": {"sample": {"at_least": 2}}, "check": True},
    )  # fmt: skip
    style.use()
    figure = overview.draw(found)
    labels = {text.get_text(): text.get_color() for axes in figure.axes for text in axes.get_yticklabels()}
    names = {"one": "reproduced", "two": "not reproduced", "three": "not judged"}
    assert labels == {name: style.VERDICTS[verdict] for name, verdict in names.items()}
    diamonds = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "D"]
    assert [line.get_ydata() for line in diamonds] == [0]
    plt.close(figure)


def test_the_files(tmp_path):
    judged.write(judge({"id": "one", "holds": {"sample": {"at_least": 2}}}), tmp_path / "claims.json")
    outputs = {kind: tmp_path / f"claims_overview.{kind}" for kind in ("svg", "png")}
    overview.run({"verdicts": tmp_path / "claims.json"}, outputs, {"scale": "sample"})
    assert ElementTree.parse(outputs["svg"]).getroot().tag.endswith("svg")
    assert outputs["png"].read_bytes().startswith(b"\x89PNG")
