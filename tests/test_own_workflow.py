"""A network of the reader's own goes the whole way: rule, stage, table, metrics, figures, verdict, page."""

import json

import numpy as np
import pytest
import torch
import yaml
from project import Project
from safetensors.torch import save_file

MODULE = """
from torch import nn


def make(width=12):
    return nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 3))
"""
BLOCK = {
    "figures": ["own_alignment", "own_attack"],
    "network": {"model": "mine:make", "weights": "mine.safetensors"},
    "samples": {"npz": "x.npz"},
    "lenses": ["alignment", "attack"],
}
METRICS = "data/smoke/metrics/own.json"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    project = Project(folder / "project", ("cca_toy",))
    (project.folder / "mine.py").write_text(MODULE, encoding="utf-8")
    weigh(project, 0)
    generator = np.random.default_rng(0)
    np.savez(project.folder / "x.npz", x=generator.normal(size=(60, 8)), y=generator.integers(3, size=60))
    write(project, BLOCK)
    return project


def weigh(project, seed, width=12):
    space = {}
    exec(MODULE, space)
    torch.manual_seed(seed)
    save_file(space["make"](width).state_dict(), project.folder / "mine.safetensors")


def write(project, block):
    path = project.folder / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    params["experiments"]["own"] = block
    params["experiments"]["cca_toy"]["draws"] = 2
    path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def test_it_goes_the_whole_way(project):
    done = project.run("python", "-m", "netspectra.cli", "reproduce", "--json", "--cores", "1", PYTHONPATH="src")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["page"] == str(project.folder / "report/smoke/index.html")
    assert any("checks apart" in line for line in said["verdicts"])
    status = project.succeed("python", "-m", "netspectra.cli", "status", PYTHONPATH="src")
    assert "Nothing to do." in status
    metrics = json.loads((project.folder / METRICS).read_text())
    assert metrics["outputs_changed"] == 0
    assert {"alignment.0.mean_alignment", "alignment.2.mean_alignment"} <= set(metrics)
    assert (project.folder / "figures/smoke/own_attack.svg").exists()
    judged = json.loads((project.folder / "data/smoke/metrics/claims.json").read_text())
    assert judged["own_outputs_stay"]["verdict"] == "reproduced"
    page = (project.folder / "report/smoke/index.html").read_text(encoding="utf-8")
    assert "own_alignment" in page


def test_other_weights_run_it_again_and_weights_that_do_not_fit_stop_it(project):
    weigh(project, 1)
    found = project.run("python", "-m", "netspectra.cli", "status", "--json", PYTHONPATH="src")
    why = {job["name"]: job["why"] for job in json.loads(found.stdout)["jobs"]}
    assert "mine.safetensors" in why["own"]
    assert why["cca_toy"] is None
    weigh(project, 1, width=13)
    done = project.run("snakemake", "-n")
    weigh(project, 0)
    last = done.stderr.splitlines()[-3:]
    assert done.returncode == 1
    assert last[0] == "Error: params.yaml:"
    assert last[1].startswith("  experiments.own.network: mine.safetensors: does not fit the network: 0.bias is (13,)")
    assert last[2] == "Remedy: change what each line names"


def test_its_stage_depends_on_its_files(project):
    said = project.succeed("python", "-m", "netspectra.workflow.stages", PYTHONPATH="src")
    stage = yaml.safe_load(said)["stages"]["own"]
    assert {"mine.py", "mine.safetensors", "x.npz"} <= set(stage["deps"])
