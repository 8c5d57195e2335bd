"""Pieces of the page: pictures by size, excerpts of tables, figures that no place is written for."""

import re
from urllib.parse import unquote

import pytest
import yaml
from project import ROOT
from site_of import IN, Site

from netspectra.report import marks, origins
from netspectra.report.documents import LAST, by_document
from netspectra.report.excerpts import excerpt
from netspectra.report.pictures import minified, picture
from netspectra.statistics.claims import places
from netspectra.workflow.layout import claims_of

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def test_a_small_drawing_stays_one_and_a_large_one_becomes_pixels(tmp_path):
    Site(tmp_path)
    small = picture(tmp_path / "f.svg", tmp_path / "f.png")
    assert small.is_drawing
    assert (small.width, small.height) == (400, 200)
    assert unquote(small.address).startswith("data:image/svg+xml,<svg ")
    assert not set('"<&') & set(small.address)
    length = len(minified((tmp_path / "f.svg").read_text(encoding="utf-8")))
    assert picture(tmp_path / "f.svg", tmp_path / "f.png", small=length) == small
    large = picture(tmp_path / "f.svg", tmp_path / "f.png", small=length - 1)
    assert (large.width, large.height) == (200, 100)
    assert large.address.startswith("data:image/png;base64,")
    assert not large.is_drawing


def test_a_drawing_is_minified_but_for_what_it_shows():
    text = (
        '<?xml?><!-- x -->\n<svg ><metadata>m</metadata>\n <g id="a" transform="scale(0.015625)">'
        '<path id="b" d="M 1.2345 \n2.98 z" style="opacity: 0.25"/></g><use href="#b" x="3.04"/></svg>'
    )
    assert minified(text) == (
        '<svg ><g transform="scale(0.015625)"><path id="b" d="M1.2 3 z" style="opacity: 0.25"/></g>'
        '<use href="#b" x="3"/></svg>'
    )


def test_an_excerpt_takes_rows_at_even_steps(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i:03},1\n" for i in range(100)), encoding="utf-8")
    whole, part = excerpt(path, 600), excerpt(path, 200)
    assert (whole.rows, whole.total, whole.step, whole.columns) == (100, 100, 1, ["x", "y"])
    assert (part.rows, part.total, part.step) == (34, 100, 3)
    assert part.text.splitlines()[:3] == ["x,y", "000,1", "003,1"]


def test_a_figure_without_a_place_is_the_last_and_keeps_its_claims(tmp_path):
    site = Site(tmp_path)
    found = site.judged({"id": "first", "metric": "m"}, {"id": "other", "metric": "m"}, m=IN)
    shown = by_document({"e": ["new", "g"]}, [tmp_path / "e/claims.yaml"], found)["alignment"]
    assert [(one.name, one.place) for one in shown][1] == ("new", LAST)
    assert [[v.id for v in one.verdicts] for one in shown] == [["first"], ["other"]]


def test_every_figure_has_a_place_of_its_own():
    for name, block in PARAMS["experiments"].items():
        assert set(block["figures"]) == set(places(ROOT / claims_of(name))[1]), f"{claims_of(name)}: figures"


def test_seeds_are_found_wherever_they_stand():
    blocks = {"a": {"seed": 1, "variants": {"b": {"data": {"seed": 2}}}}, "c": {"list": [{"seed": 3}]}}
    assert dict(origins.seeds(blocks)) == {"a": 1, "a.variants.b.data": 2}


def test_origin_names_commit_and_libraries():
    found = origins.origin()
    assert re.match(r"[0-9a-f]{12}|unknown", found["Commit"])
    assert re.search(r"numpy \d", found["Software"])


@pytest.mark.parametrize(("value", "low", "high"), [(3, 2.5, 3.5), (1e-9, -1e9, 1e9), (0, -1e-9, 1e-9)])
def test_a_strip_stays_in_its_frame(tmp_path, value, low, high):
    control = {"control": {"metric": "c", "is": "far"}, "published": 2.5}
    site, metric = Site(tmp_path), {"mean": value, "low": low, "high": high}
    (found,) = site.judged({"id": "a", "metric": "m", **control}, m=metric, c={"mean": -1e12, "low": -1e12, "high": 0})
    drawn = marks.strip(found)
    assert drawn.beyond
    assert drawn.interval[0] <= drawn.value <= drawn.interval[1]
    for x in (drawn.value, drawn.control, drawn.published, *drawn.band, *drawn.interval):
        assert 0 <= x <= marks.WIDTH
