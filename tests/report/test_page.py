"""The page: verdicts beside their controls, margins, order, standings, and nothing that a claim says becomes markup."""

import json
import re
from html import unescape

import pytest
from site_of import BAD, IN, OUT, OVER, Site

from netspectra.report import page


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def write(site):
    """Write the page of some claims, and read it."""
    return lambda *claims, **metrics: site.write(site.judged(*claims, **metrics)).read_text(encoding="utf-8")


def cards(text):
    """What stands on each claim, by its id."""
    found = re.findall(r'<li class="claim" id="claim-([^"]*)".*?</li>', text, re.DOTALL)
    parts = re.findall(r'<li class="claim" id="claim-[^"]*"(.*?)</li>', text, re.DOTALL)
    return {name: plain(part.partition(">")[2]) for name, part in zip(found, parts, strict=True)}


def plain(markup):
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def section(text, name):
    return plain(re.search(rf'<section aria-labelledby="{name}">(.*?)</section>', text, re.DOTALL)[1])


def test_verdicts_stand_beside_their_controls(write):
    control = {"metric": "c", "is": "untrained networks"}
    text = write(
        {"id": "a", "metric": "m", "control": control, "published": 3, "kind": "picture", "uncertainty": 0.2},
        {"id": "b", "metric": "c", "no_control": "None fits."}, {"id": "c", "metric": "o"},
        {"id": "d", "metric": "m", "holds": {}}, m=IN, c=OUT, o=OVER,
    )  # fmt: skip
    found = cards(text)
    for said in (
        "✓ reproduced s", "measured 3 [2.5, 3.5]", "published 3 ± 0.2 (picture)", "wanted >= 2 basis b",
        "control untrained networks: 1 [0.5, 1.5], not reproduced", "also among all claims of the document (Holm)",
    ):  # fmt: skip
        assert said in found["a"]
    assert "✗ not reproduced s" in found["b"]
    assert "control none: None fits." in found["b"]
    assert "wanted >= 2; 1 below the bound 2 (50% of it); the near end of the interval 0.5 from it" in found["b"]
    assert "? undecided s" in found["c"]
    assert "the interval holds the bound" in found["c"]
    assert "– not judged s" in found["d"]
    assert "wanted nothing at this scale" in found["d"]
    assert re.findall(r'class="mark (\w+) is-claim"', text) == ["yes", "no", "unsure", "open"]
    assert "Scale sample (reduced scale)" in plain(text)
    assert "4 claims: 1 reproduced, 1 not reproduced, 1 undecided, 1 not judged" in text


def test_what_failed_stands_in_one_list_with_its_margin(write):
    above = {"id": "u", "metric": "m", "holds": {"sample": {"at_most": 2}}, "beyond": True}
    text = write({"id": "a", "metric": "m"}, above, {"id": "b", "metric": "c"}, m=IN, c=OUT)
    said = section(text, "failed")
    assert said.index("alignment b s 1 [0.5, 1.5] >= 2 1 below the bound 2") < said.index("alignment u s 3 [2.5, 3.5]")
    assert "1 above the bound 2 (50% of it); the near end of the interval 0.5 from it" in said
    assert "alignment a " not in said
    assert "Nothing failed." in section(write({"id": "a", "metric": "m"}, m=IN), "failed")


def test_a_control_that_passes_is_said(write):
    noise, blank = ({"metric": "c", "is": what} for what in ("noise", "the networks before training"))
    text = write({"id": "a", "metric": "m", "control": noise}, {"id": "b", "metric": "m", "control": blank}, m=IN, c=IN)
    assert "no evidence: the control passes too" in cards(text)["a"]
    assert "2 no evidence, as the control passes too" in text
    said = section(text, "untrained")
    assert "Untrained networks are the control of 1 of these claims: on 1 they pass too, on 0 they can neither" in said
    assert said.index("the networks before training 1: b") < said.index("noise 1: a")


def test_checks_and_what_is_beyond_stand_apart(write):
    text = write(
        {"id": "a", "metric": "m", "says": "one"}, {"id": "b", "metric": "m", "check": True, "says": "two"},
        {"id": "c", "metric": "m", "beyond": True, "says": "three"}, m=IN,
    )  # fmt: skip
    found = cards(text)
    assert "check, not counted two" in found["b"]
    assert "beyond the document three" in found["c"]
    assert re.findall(r'class="mark yes is-(\w+)"', text) == ["claim", "check", "beyond"]
    assert "1 claims: 1 reproduced" in text
    assert "1 ✓ reproduced 1 beyond 1 checks" in plain(text)


def test_figures_stand_in_the_order_of_the_document_with_their_claims(write):
    text = write({"id": "first", "metric": "m"}, {"id": "rest", "metric": "m"}, m=IN)
    marks = [
        'id="figure-g"', "First figure", 'id="claim-first"', 'id="figure-f"', "Second figure", 'id="claim-rest"',
    ]  # fmt: skip
    assert [text.index(mark) for mark in marks] == sorted(text.index(mark) for mark in marks)
    assert 'alt="A figure of what is drawn."' in text


def test_networks_with_the_same_recipe_share_a_row(write):
    said = section(write({"id": "a", "metric": "m"}, m=IN), "networks")
    assert "net mlp, again e mnist, 100 to train adam 0.001 256 15 5 100" in said
    assert "net fast e mnist, 100 to train adam 0.01 256 15 5 100" in said
    assert "gone" not in said


def test_what_was_kept_is_set_beside_what_is(site):
    one, two, three = ({"id": name, "metric": metric} for name, metric in (("a", "m"), ("b", "c"), ("c", "m")))
    run = {"commit": "0123456789abcdef", "date": "2026-01-02T03:04", "machine": {"cpu": "a processor"}, "wall_s": 180}
    site.keep("sample", site.judged(one, two, m=IN, c=IN), json.dumps(run))
    site.keep("paper", site.judged(one, two, m=OUT, c=OUT), '{"date": "2026-01-03"}')
    text = site.write(site.judged(one, two, three, m=IN, c=OUT)).read_text(encoding="utf-8")
    said = section(text, "changed")
    assert (
        "Against the standing of 2026-01-02, commit 0123456789ab, a processor, 3 minutes. 2 verdicts changed." in said
    )
    assert "Lost b s reproduced not reproduced 1 [0.5, 1.5] >= 2" in said
    assert "Gained c s new reproduced" in said
    assert "below at scale paper (standing of 2026-01-03, commit unknown)." in plain(text)
    assert re.findall(r'class="mark less ?(\w*)', text) == ["no", "no", ""]
    assert "at paper not reproduced, 1 [0.5, 1.5]" in cards(text)["a"]


def test_all_claims_stand_in_one_picture_where_it_is_drawn(site, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "FOLDER", tmp_path)
    found = site.judged({"id": "a", "metric": "m"}, m=IN)
    text = site.write(found, overview=[tmp_path / "f.svg", tmp_path / "f.png"]).read_text(encoding="utf-8")
    assert "All claims in one picture" in text
    assert text.count('alt="A figure of what is drawn."') == 3


def test_a_page_without_standings_says_so(write):
    assert "No standing of scale sample is kept" in section(write({"id": "a", "metric": "m"}, m=IN), "changed")


def test_times_are_those_of_the_run_unless_a_result_was_brought(site):
    took = "s\tmax_rss\n90.0\t512.4\n"
    for job in ("train_net", "e"):
        (site.folder / f"{job}.tsv").write_text(took, encoding="utf-8")
    (site.folder / "e.log").write_text("threads: 1\nbrought from .store/x: the same\n", encoding="utf-8")
    said = plain(site.write(site.judged({"id": "a", "metric": "m"}, m=IN)).read_text(encoding="utf-8"))
    assert "training took net: 90.0 s, 512 MB" in said
    assert "measuring took brought finished from the store" in said
    assert "drawing took not known here" in said


def test_everything_is_escaped(site):
    bad = {"says": BAD, "where": BAD, "basis": BAD, "metric": "m", "published": 1}
    (site.folder / "e.csv").write_text(f"x\n{BAD}\n", encoding="utf-8")
    site.blocks["experiments"]["e"]["note"] = BAD
    site.blocks["data"]["mnist"]["licence"] = BAD
    claims = (bad | {"id": "a", "control": {"metric": "c", "is": BAD}}, bad | {"id": "b", "no_control": BAD})
    site.keep("sample", site.judged(*claims, m=OUT, c=OUT), '{"date": "<b>", "machine": "<b>"}')
    text = site.write(site.judged(*claims, m=IN, c=IN)).read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "<b>&" not in text
    assert re.findall(r"<script[^>]*>", text) == [
        '<script type="application/json" id="table-e">', '<script type="application/json" id="settings">',
        "<script>", "<script>",
    ]  # fmt: skip
    assert text.count("&lt;script&gt;alert(&#34;&amp;&#34;)&lt;/script&gt;") > 9


def test_nothing_is_loaded_from_elsewhere(write):
    text = write({"id": "a", "metric": "m"}, m=IN)
    loaded = re.findall(r'\ssrc="([^"]*)"|<link[^>]* href="([^"]*)"', text)
    assert len(loaded) == 3
    assert all("".join(found).startswith("data:") for found in loaded)
    assert not re.search(r"url\(|@import|srcset|<iframe|<object|<embed", re.sub(r'"data:[^"]*"', '""', text))
    assert not re.search(r"\bfetch\(|XMLHttpRequest|import\(|type=\"module\"", text)
