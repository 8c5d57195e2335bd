"""A fifteenth experiment is one folder and one block; Snakemake, DVC and the page know it by its name."""

import json

import pytest
import yaml
from project import Project

from netspectra.workflow import new

CHANGED = {
    "analysis.py": '''"""Sums of squares."""

import pandas as pd

from netspectra.experiments.measuring import Findings, Given
from netspectra.statistics.intervals import Metrics


def analyse(given: Given) -> Findings:
    """Square the first numbers, and compare their sum."""
    table = pd.DataFrame({"x": range(1, given.settings["count"] + 1)})
    table["value"] = table.x**2
    metrics = Metrics()
    metrics.number("sum", table.value.sum())
    metrics.number("sum_over_printed", table.value.sum() / given.published["sum"])
    return Findings(table, metrics)
''',
    "claims.yaml": """document: alignment
published: {sum: &sum 30}
claims:
  - id: squares_{what}
    for: {what: [sum, sum_over_printed], published: [*sum, null], bound: [29, 1]}
    where: Nowhere
    says: The {what} of squares is large enough.
    metric: "{what}"
    published: "{published}"
    holds: {smoke: {at_least: "{bound}"}}
    basis: Arithmetic.
    exact: true
    no_control: Squares have none.
""",
    "squares.rst": "Squares of the first numbers, as nobody asked for.\n",
}
BLOCK = {"figures": ["squares"], "count": 4}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fifteenth")
    project = Project(folder / "project", ("cca_toy",))
    place = project.folder / "src/netspectra/experiments/squares"
    new.write("squares", project.folder)
    for name, text in CHANGED.items():
        (place / name).write_text(text, encoding="utf-8")
    write(project, BLOCK)
    project.put_under_dvc(folder / "store")
    return project


def write(project, block):
    """One more block in params.yaml."""
    path = project.folder / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    params["experiments"]["squares"] = block
    params["experiments"]["cca_toy"]["draws"] = 2
    path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def metrics(project):
    return json.loads((project.folder / "data/smoke/metrics/squares.json").read_text())


def test_dvc_runs_its_stage(project):
    said = project.succeed("dvc", "repro", "squares")
    assert "Running stage 'squares'" in said
    assert metrics(project) == {"sum": 30, "sum_over_printed": 1}
    assert sorted(path.name for path in (project.folder / "figures/smoke").glob("*")) == [
        "squares.png", "squares.svg",
    ]  # fmt: skip
    assert not (project.folder / "data/smoke/metrics/cca_toy.json").exists()


def test_snakemake_runs_it_and_the_page_shows_it(project):
    project.succeed("snakemake")
    assert project.nothing_to_do()
    page = (project.folder / "report/smoke/index.html").read_text(encoding="utf-8")
    assert "<b>squares</b>. Squares of the first numbers, as nobody asked for." in page
    assert "The sum_over_printed of squares is large enough." in page
    judged = json.loads((project.folder / "data/smoke/metrics/claims.json").read_text())
    mine = [(name, v["verdict"], v["published"]) for name, v in judged.items() if v["experiment"] == "squares"]
    assert mine == [("squares_sum", "reproduced", 30), ("squares_sum_over_printed", "reproduced", None)]


def test_the_pieces_that_are_written_run(tmp_path):
    project = Project(tmp_path, ("cca_toy",))
    said = project.succeed("python", "-m", "netspectra.workflow.new", "cubes", PYTHONPATH="src")
    params = yaml.safe_load((project.folder / "params.yaml").read_text(encoding="utf-8"))
    block = yaml.safe_load(said.partition("make reproduce:")[2])
    params["experiments"] |= block
    (project.folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    project.succeed("snakemake", "--", "data/smoke/metrics/cubes.json", "figures/smoke/cubes.png")
    assert json.loads((project.folder / "data/smoke/metrics/cubes.json").read_text()) == {"mean": 5.5}
    again = project.run("python", "-m", "netspectra.workflow.new", "cubes", PYTHONPATH="src")
    assert again.stderr.splitlines() == [
        "Error: src/netspectra/experiments/cubes: is there already", "Remedy: choose another name",
    ]  # fmt: skip


def test_its_settings_are_held_against_its_own_model(project):
    write(project, BLOCK | {"count": 0, "cuont": 3})
    said = project.run("snakemake", "-n").stderr
    write(project, BLOCK)
    assert "experiments.squares.count: found 0, wanted at least 1 (Numbers that are averaged)" in said
    assert "experiments.squares: unknown key 'cuont'; allowed: count, figures; did you mean 'count'?" in said
