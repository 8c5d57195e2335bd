"""The site is whole and needs nothing from elsewhere; what the pages say in numbers is so; the tutorial runs."""

import os
import re
import subprocess
import sys

import pytest
from project import ROOT

from netspectra.measures.cca import null_mean

TARGET = re.compile(r'(?:href|src)="([^"]+)"')
LOADED = re.compile(r'<(?:script|img|iframe|source)\b[^>]*\bsrc="(https?:[^"]*)"|<link\b[^>]*\bhref="(https?:[^"]*)"')


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, str(ROOT / "docs/build.py"), str(folder)]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_document_and_every_room_has_its_page(site):
    written = [*(ROOT / "docs").glob("*.md"), *(path for path in ROOT.glob("*.md") if path.stem != "README")]
    documents = {"index", "tutorial", *(path.stem for path in written)}
    assert documents == {path.stem for path in site.glob("*.html")}
    rooms = {path.parent.name for path in (ROOT / "src/netspectra").glob("*/__init__.py")}
    assert {f"{room}.html" for room in rooms} <= {path.name for path in (site / "api/netspectra").glob("*.html")}


def test_every_link_within_the_site_leads_somewhere(site):
    lost = []
    for page in site.glob("*.html"):
        for target in TARGET.findall(page.read_text(encoding="utf-8")):
            path, _, anchor = target.partition("#")
            if re.match(r"\w+:", target):
                continue
            there = page if not path else (page.parent / path)
            if not there.exists() or (anchor and f'id="{anchor}"' not in there.read_text(encoding="utf-8")):
                lost.append(f"{page.name}: {target}")
    assert lost == []


def test_no_page_loads_anything_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50
    assert [page.name for page in pages if LOADED.search(page.read_text(encoding="utf-8"))] == []


def test_the_site_takes_the_place_of_an_older_one(site):
    (site / "old.html").write_text("old", encoding="utf-8")
    command = [sys.executable, "-c", "import build, pathlib, sys; build.write_reference = lambda folder: None; "
               "build.main(pathlib.Path(sys.argv[1]))", str(site)]  # fmt: skip
    places = os.pathsep.join([str(ROOT / "src"), str(ROOT / "docs")])
    subprocess.run(command, env=os.environ | {"PYTHONPATH": places}, check=True)
    assert not (site / "old.html").exists()
    assert (site / "index.html").exists()
    assert [path.name for path in site.parent.iterdir()] == ["site"]


def test_numbers_in_the_page_of_lenses_are_so():
    text = " ".join((ROOT / "docs/lenses.md").read_text(encoding="utf-8").split())
    said = re.search(r"two \*independent\* layers of (\d+) neurons on ([\d,]+) samples is about (\.\d+)", text)
    neurons, samples = int(said[1]), int(said[2].replace(",", ""))
    assert null_mean(samples - 1, neurons, neurons) == pytest.approx(float(said[3]), abs=0.005)
    score = re.search(
        r"(\.\d+) is \*similar\* where the null's 95th percentile is (\.\d+) \(calibrated: (\.\d+)\)", text
    )
    value, null, calibrated = map(float, score.groups())
    assert (value - null) / (1 - null) == pytest.approx(calibrated, abs=0.005)


def test_every_lens_says_what_it_cannot_say():
    text = (ROOT / "docs/lenses.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (.+)\n((?:(?!^## ).*\n)*)", text, re.M))
    lenses = re.findall(r"^\| \[([\w ]+)\]\(#", text, re.M)
    assert len(lenses) == 9
    titles = {title.lower(): body for title, body in sections.items()}
    for lens in lenses:
        for part in ("**Says.**", "**Cannot say.**", "**Source.**", "**Cost.**"):
            assert part in titles[lens], (lens, part)


def test_the_tutorial_runs_as_it_stands_and_writes_its_page(tmp_path):
    command = [sys.executable, str(ROOT / "docs/tutorial.py")]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "lens/index.html").read_text(encoding="utf-8")
    assert "data:image/png;base64" in page
    assert "conv1" in done.stdout


def test_the_tutorial_is_ten_lines():
    code = (ROOT / "docs/tutorial.py").read_text(encoding="utf-8").rpartition('"""')[2]
    lines = [line for line in code.splitlines() if line.strip() and not line.startswith(("import ", "from "))]
    assert len(lines) <= 10
