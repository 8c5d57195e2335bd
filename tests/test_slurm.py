"""The workflow on a real Slurm of one node with two pretended GPUs, started for these tests."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from project import WAIT_S, Project

SLURM = Path(__file__).parent / "slurm"
SUBMIT = (
    "snakemake", "--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "2",
    "--seconds-between-status-checks", "2", "--latency-wait", "5",
)  # fmt: skip

pytestmark = pytest.mark.skipif(
    bool(os.geteuid()) or not shutil.which("slurmctld") or not shutil.which("munge"),
    reason="needs root and Debian's slurm-wlm and munge",
)


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slurm")
    subprocess.run([SLURM / "up.sh", folder], check=True)
    os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
    yield
    del os.environ["SLURM_CONF"]
    subprocess.run([SLURM / "down.sh", folder], check=False)


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("local"))
    project.succeed("snakemake")
    return project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def devices(project, job):
    """The GPUs that a job saw, as the first line of its log says."""
    first = (project.folder / f"logs/smoke/{job}.log").read_text().splitlines()[0]
    return first.partition("CUDA devices: ")[2]


def test_submitted_jobs_end_as_local_ones_and_see_one_gpu(slurm, local, project):
    project.succeed(*SUBMIT)
    assert project.results() == local.results()
    for job in ("train_align_mlp", "align_training"):
        assert devices(project, job) in ("0", "1")
    assert devices(project, "plot_align_training") == "not said"


def test_a_failing_job_is_reported_with_its_log(slurm, project):
    failed = project.run(*SUBMIT, "--config", "device=cuda")
    assert failed.returncode != 0
    assert "device: cuda asked for" in failed.stdout + failed.stderr
    assert not any((project.folder / "data/smoke/networks").glob("*"))


def test_a_cancelled_run_is_taken_up(slurm, local, project):
    run = project.start(*SUBMIT)
    project.wait_for(".resume/*.safetensors")
    os.kill(run.pid, signal.SIGINT)
    assert run.wait() != 0
    until = time.monotonic() + WAIT_S
    while subprocess.run(["squeue", "-h"], capture_output=True, text=True, check=True).stdout.strip():
        assert time.monotonic() < until, "the job was not cancelled"
        time.sleep(0.5)
    project.succeed(*SUBMIT)
    assert "resumed at step" in (project.folder / "logs/smoke/train_align_mlp.log").read_text()
    assert project.results() == local.results()
