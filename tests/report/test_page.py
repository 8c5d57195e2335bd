"""The page: four verdicts, controls, checks apart, and nothing that a claim says becomes markup."""

import re

import pytest

from netspectra.report import page
from netspectra.statistics import judged, verdicts
from netspectra.statistics.claims import Claim

KEPT = {
    "document": "d",
    "experiment": "e",
    "where": "w",
    "says": "s",
    "basis": "b",
    "holds": {"sample": {"at_least": 2}},
}
IN, OVER, OUT = ({"mean": m, "low": a, "high": b} for m, a, b in ((3, 2.5, 3.5), (3, 1.5, 4.5), (1, 0.5, 1.5)))
BAD = '<script>alert("&")</script>'


@pytest.fixture
def write(tmp_path):
    """Write the page of some claims, and read it."""

    def writer(*claims, **metrics):
        found = verdicts.judge([Claim(**KEPT | c) for c in claims], {"e": metrics}, "sample", {"e": 5})
        judged.write(found, tmp_path / "claims.json")
        (tmp_path / "f.png").write_bytes(b"picture")
        (tmp_path / "f.rst").write_text(f"A figure. {BAD}\n")
        inputs = {
            "verdicts": tmp_path / "claims.json",
            "figures": [tmp_path / "f.png"],
            "captions": [tmp_path / "f.rst"],
        }
        page.run(inputs, {"page": tmp_path / "index.html"}, {"scale": "sample", "figures": {"e": ["f"]}})
        return (tmp_path / "index.html").read_text(encoding="utf-8")

    return writer


def rows(text):
    """Cells by row."""
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(<td.*?)</tr>", text, re.DOTALL)]


def test_verdicts_stand_beside_their_controls(write):
    control = {"metric": "c", "is": "untrained networks"}
    text = write(
        {"id": "a", "metric": "m", "control": control, "published": 3, "kind": "picture", "uncertainty": 0.2},
        {"id": "b", "metric": "c", "no_control": "None fits."}, {"id": "c", "metric": "o"},
        {"id": "d", "metric": "m", "holds": {}}, m=IN, c=OUT, o=OVER,
    )  # fmt: skip
    first, second, third, fourth = rows(text)
    assert first == [
        "s", "reproduced at reduced scale; also among all claims of the document (Holm)", "3 [2.5, 3.5]",
        "3 +- 0.2 (picture)", "&gt;= 2", "untrained networks: 1 [0.5, 1.5], not reproduced",
    ]  # fmt: skip
    assert second[1:] == ["not reproduced at reduced scale", "1 [0.5, 1.5]", "", "&gt;= 2", "none: None fits."]
    assert third[1] == "undecided at reduced scale"
    assert fourth[1:] == ["not judged", "3 [2.5, 3.5]", "", "", ""]
    assert re.findall(r'<td class="(\w+)">', text) == ["yes", "no", "unsure", "open"]
    assert "<h2>Scale sample (reduced scale)</h2>" in text
    assert "4 claims: 1 reproduced, 1 not reproduced, 1 undecided, 1 not judged" in text


def test_a_control_that_passes_is_said(write):
    text = write({"id": "a", "metric": "m", "control": {"metric": "c", "is": "noise"}}, m=IN, c=IN)
    assert "no evidence: the control passes too" in rows(text)[0][1]
    assert "1 no evidence, as the control passes too" in text


def test_checks_and_what_is_beyond_stand_apart(write):
    text = write(
        {"id": "a", "metric": "m", "says": "one"}, {"id": "b", "metric": "m", "check": True, "says": "two"},
        {"id": "c", "metric": "m", "beyond": True, "says": "three"}, m=IN,
    )  # fmt: skip
    order = [text.index(part) for part in ("<h3>Claims", ">one<", "<h3>Beyond", ">three<", "<h3>Checks", ">two<")]
    assert order == sorted(order)
    assert "1 claims: 1 reproduced" in text
    assert "Beyond" not in write({"id": "a", "metric": "m"}, m=IN)


def test_everything_is_escaped(write):
    bad = {"says": BAD, "where": BAD, "basis": BAD, "metric": "m", "published": 1}
    text = write(
        bad | {"id": "a", "control": {"metric": "c", "is": BAD}}, bad | {"id": "b", "no_control": BAD}, m=IN, c=IN
    )  # fmt: skip
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;") == 9
