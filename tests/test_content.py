"""No result stands that is not of what is in force, whatever times say; and nothing finished is made twice or lost."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from project import Project, kill

CLAIMS = "src/netspectra/experiments/align_training/claims.yaml"
NETWORK = "data/smoke/networks/align_mlp.safetensors"
METRICS = "data/smoke/metrics/align_training.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("made"))
    project.succeed("snakemake")
    return project, project.results()


@pytest.fixture
def project(made, tmp_path):
    """A finished copy, with its times."""
    shutil.copytree(made[0].folder, tmp_path / "copy", symlinks=True)
    return made[0].at(tmp_path / "copy")


@pytest.fixture
def results(made):
    return made[1]


def put(path: Path, content: bytes) -> bytes:
    """Other content with a time long past; what it was."""
    before = path.read_bytes()
    path.write_bytes(content)
    os.utime(path, (978_307_200,) * 2)
    return before


def log(project, job):
    return (project.folder / f"logs/smoke/{job}.log").read_text()


def test_a_finished_copy_has_nothing_to_do(project):
    assert project.nothing_to_do()


def test_claims_with_an_old_time_are_judged_anew_and_their_verdicts_kept(project, results):
    path = project.folder / CLAIMS
    before = put(path, path.read_bytes().replace(b"at_least: ", b"at_least: 9999"))
    said = project.succeed("snakemake")
    assert f"judge: {CLAIMS} was changed since; made again" in said
    assert "not reproduced" in log(project, "judge")
    assert project.results() != results
    put(path, before)
    said = project.succeed("snakemake")
    assert "train_align_mlp" not in said
    assert "brought from" in log(project, "judge")
    assert project.results() == results
    assert project.nothing_to_do()


@pytest.mark.parametrize("file", [METRICS, "data/prepared/full/mnist.safetensors", "figures/smoke/align_by_layer.png"])
def test_a_file_changed_by_hand_is_made_again(project, results, file):
    put(project.folder / file, b"{}")
    assert not project.nothing_to_do()
    assert "was changed since" in project.succeed("snakemake")
    assert project.results() == results
    assert project.nothing_to_do()


def test_a_network_put_there_by_hand_is_not_lost(project, results):
    put(project.folder / NETWORK, b"mine")
    project.succeed("snakemake")
    (kept,) = (project.folder / ".replaced").rglob("*.safetensors.*")
    assert kept.read_bytes() == b"mine"
    assert str(kept.relative_to(project.folder)) in log(project, "train_align_mlp")
    assert project.results() == results


def test_settings_changed_while_snakemake_had_no_memory_are_noticed(project):
    shutil.rmtree(project.folder / ".snakemake")
    assert project.nothing_to_do()
    params = yaml.safe_load((project.folder / "params.yaml").read_text())
    params["networks"]["align_mlp"]["seed"] += 1
    (project.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    assert "train_align_mlp" in project.succeed("snakemake", "-n")


def test_another_scale_and_back_computes_nothing(project, results):
    params = yaml.safe_load((project.folder / "params.yaml").read_text())
    params["scales"]["tiny"] = params["scales"]["smoke"]
    (project.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    said = project.succeed("snakemake", "--config", "scale=tiny")
    assert "prepare_mnist" not in said
    assert "3 of 3 networks are in .store" in (project.folder / "logs/tiny/train_align_mlp.log").read_text()
    assert (project.folder / "report/tiny/index.html").exists()
    assert project.nothing_to_do()
    assert project.results() == results


def test_a_target_of_another_scale_is_refused_with_its_remedy(project):
    failed = project.run("snakemake", "data/smoke/metrics/claims.json", "--config", "scale=paper")
    assert failed.returncode != 0
    params = yaml.safe_load((project.folder / "params.yaml").read_text())
    params["scales"]["paper"] = {}
    (project.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    failed = project.run("snakemake", "--config", "scale=paper", "--", "data/smoke/metrics/claims.json")
    assert failed.stderr.splitlines()[-2:] == [
        "Error: data/smoke/metrics/claims.json is of scale smoke, and the scale in force is paper",
        "Remedy: make stages, if dvc.yaml asks for it; else --config scale=smoke",
    ]


def test_code_changed_while_a_training_runs_is_not_recorded(project):
    shutil.rmtree(project.folder / ".store")
    (project.folder / NETWORK).unlink()
    run = project.start("snakemake", "--", NETWORK)
    try:
        project.wait_for(".resume/*.safetensors")
        loop = project.folder / "src/netspectra/training/run.py"
        loop.write_text(loop.read_text() + "\nCHANGED = True\n")
        assert run.wait(timeout=120) != 0
    except subprocess.TimeoutExpired:
        kill(run)
        raise
    assert project.said().splitlines()[-3:-1] == [
        "Error: train_align_mlp: the code was changed while this job ran; nothing of it is kept",
        "Remedy: run it again",
    ]
    assert not (project.folder / NETWORK).exists()
