"""Every experiment has all its pieces in one folder; the DAG builds; what changed runs again, and no more."""

import os
import re
import subprocess
import sys

import pytest
from project import ROOT, Project

from netspectra.statistics import claims
from netspectra.workflow import imports
from netspectra.workflow.layout import claims_of, data_of, folder_of, machine_of
from netspectra.workflow.settings import known_experiments, read, resolve

PARAMS = read(ROOT / "params.yaml")
ALSO_A_SETTING = {0.875}  # the last of eight equal steps of freezing
TRAININGS = {"train_align_mlp", "train_align_dropout"}


@pytest.mark.parametrize("name", PARAMS["experiments"])
def test_every_experiment_has_all_its_pieces_in_one_folder(name):
    pieces = {"__init__.py", "analysis.py", "plot.py", "settings.py", "claims.yaml"}
    captions = {f"{figure}.rst" for figure in PARAMS["experiments"][name]["figures"]}
    there = {path.name for path in (ROOT / folder_of(name)).iterdir() if path.name != "__pycache__"}
    assert there >= pieces | captions
    parts = imports.files_of(*(f"netspectra.experiments.{name}.{part}" for part in ("analysis", "plot")))
    assert {f"{folder_of(name)}/{part}" for part in there - pieces - captions} <= set(parts)


def test_every_folder_of_an_experiment_is_used():
    """But for that of a reader's own network, of which the project has none."""
    assert known_experiments() == sorted([*PARAMS["experiments"], "own"])


def test_claims_name_scales_that_there_are():
    found = claims.read_all(ROOT / claims_of(name) for name in PARAMS["experiments"])
    assert {scale for claim in found for scale in claim.holds} <= set(PARAMS["scales"])


def test_no_published_value_stands_in_the_settings():
    """What a document prints is in claims.yaml alone; whole numbers and short ones may agree by chance."""
    printed = {
        claim.published for name in PARAMS["experiments"] for claim in claims.read(ROOT / claims_of(name))
        if isinstance(claim.published, float) and len(f"{claim.published:g}") > 4
    } - ALSO_A_SETTING  # fmt: skip
    assert len(printed) > 10
    text = (ROOT / "params.yaml").read_text()
    assert [value for value in printed if re.search(rf"(?<![\d.]){value:g}(?!\d)", text)] == []


def test_a_job_is_told_of_its_machine():
    settings = resolve(PARAMS | {"device": "cuda"})
    trained = machine_of(settings, {"name": "align_mlp", "network": {}})
    assert trained == {
        "scale": "sample", "device": "cuda", "threads": 2, "store_mb": 4000, "save_every_s": 10, "turn_s": 5,
    }  # fmt: skip
    assert machine_of(settings, {"name": "active_spectrum"})["threads"] == 2
    assert machine_of(settings, {"name": "cca_toy"})["device"] == "cpu"
    assert machine_of(settings, {"scale": "sample"})["threads"] == 1


def test_a_network_reads_the_data_of_all_its_variants():
    block, settings = PARAMS["networks"]["align_mlp"], resolve(PARAMS)
    assert data_of(settings, block) == "data/prepared/full/mnist.safetensors"
    other = {"data": {"set": "cifar10"}}
    assert data_of(settings, block | {"variants": {"a": {}, "b": other}}) == [
        "data/prepared/full/mnist.safetensors", "data/prepared/sample/cifar10.safetensors",
    ]  # fmt: skip
    assert data_of(settings, block | {"variants": {"b": other}}) == "data/prepared/sample/cifar10.safetensors"


def snakemake(*options):
    command = [sys.executable, "-m", "snakemake", "-n", "--nolock", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_the_dag_builds():
    status, said = snakemake("--forceall", "--quiet", "all")
    assert status == 0, said


def test_a_misspelt_setting_stops_the_workflow_before_any_job():
    status, said = snakemake("--config", "devcie=2")
    assert status == 1
    assert said.splitlines()[-3:-1] == [
        "Error: params.yaml at scale sample:",
        "  top level: unknown key 'devcie'; allowed: data, device, download, experiments, networks, resources, scale; "
        "did you mean 'device'?",
    ]


def test_a_key_that_stands_twice_stops_the_workflow(pretended):
    path = pretended.folder / "params.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "device: cpu\n", encoding="utf-8")
    said = pretended.run("snakemake", "-n").stderr
    path.write_text(text, encoding="utf-8")
    assert said.splitlines()[-2].endswith("the key 'device' stands twice in one block; keep one of them")


@pytest.fixture(scope="module")
def pretended(tmp_path_factory):
    """A project that Snakemake takes for finished, though nothing was computed: made of empty files."""
    project = Project(tmp_path_factory.mktemp("pretended"), ("align_pruning", "cca_toy"))
    listed = project.succeed("snakemake", "--summary").splitlines()
    for line in listed:
        if (path := project.folder / line.split("\t")[0]).suffix:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    rules = re.findall(r"^(?:local)?rule (\w+):", project.succeed("snakemake", "-n", "-F"), re.M)
    names = " ".join(rules)
    project.succeed("snakemake", "--touch", "-F", "-q", "all", NETSPECTRA_PULLED=names)
    assert project.nothing_to_do()
    return project


@pytest.fixture
def rewrite(pretended):
    """Change a file of the project's package for one test."""
    kept = {}

    def rewriter(name, old, new):
        path = pretended.folder / "src/netspectra" / name
        kept.setdefault(path, path.read_text(encoding="utf-8"))
        assert old in path.read_text(encoding="utf-8"), old
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")

    yield rewriter
    for path, text in kept.items():
        path.write_text(text, encoding="utf-8")


def jobs(project):
    """Why each job would run, by rule."""
    return dict(re.findall(r"rule (\w+):\n(?:    .*\n)*?    reason: (.*)\n", project.succeed("snakemake", "-n")))


def changed(project):
    """Rules that run again for their own code or settings, not for those of other jobs."""
    return {name for name, reason in jobs(project).items() if "Params have changed" in reason}


@pytest.mark.parametrize("name", ["measures/power_laws.py", "measures/alignment.py", "training/run.py"])
def test_an_edited_docstring_or_comment_runs_nothing_again(pretended, rewrite, name):
    rewrite(name, '"""', '"""Edited. ')
    rewrite(name, "\nfrom ", "\n# A comment.\nfrom ")
    assert pretended.nothing_to_do()


def test_the_time_of_a_file_runs_nothing_again(pretended):
    for path in (pretended.folder / "src").rglob("*.py"):
        os.utime(path, (0, 0))
    assert pretended.nothing_to_do()


def test_a_changed_measure_runs_what_uses_it_again_and_no_more(pretended, rewrite):
    rewrite("measures/alignment.py", "\ndef ", "\nADDED = 1\n\n\ndef ")
    assert set(jobs(pretended)) == {
        *TRAININGS,
        "align_pruning",
        "plot_align_pruning",
        "judge",
        "overview",
        "explorables",
        "page",
        "all",
    }
    assert changed(pretended) == TRAININGS
    rewrite("measures/cca_inference.py", "\ndef ", "\nADDED = 1\n\n\ndef ")
    assert changed(pretended) == {*TRAININGS, "cca_toy"}


def test_a_changed_analysis_runs_alone(pretended, rewrite):
    rewrite("experiments/cca_toy/analysis.py", "(samples - 1, dx, dy)", "(samples - 2, dx, dy)")
    assert changed(pretended) == {"cca_toy"}


def test_a_changed_description_runs_nothing_again(pretended, rewrite):
    rewrite("experiments/cca_toy/settings.py", 'description="Repetitions"', 'description="How often"')
    assert pretended.nothing_to_do()
