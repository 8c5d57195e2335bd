"""What happens to people: kills, full disks, strange places; nothing finished is lost, and results are bit for bit."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from project import BIN, ROOT, Project, job_of, kill

SNAKEMAKE = ("snakemake", "--cores", "2")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("undisturbed"))
    project.succeed(*SNAKEMAKE)
    assert project.nothing_to_do()
    return project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture
def finished(undisturbed, tmp_path):
    """A finished project that may be broken."""
    shutil.copytree(undisturbed.folder, tmp_path, symlinks=True, dirs_exist_ok=True)
    project = undisturbed.at(tmp_path)
    assert project.nothing_to_do()
    return project


def test_a_killed_training_job_is_taken_up(project, undisturbed):
    run = project.start(*SNAKEMAKE)
    project.wait_for(".resume/*.safetensors")
    os.kill(job_of(run, "job.py"), signal.SIGKILL)
    assert run.wait() != 0
    assert not any((project.folder / "data/smoke/networks").glob("*"))
    project.succeed(*SNAKEMAKE)
    assert "resumed at step" in (project.folder / "logs/smoke/train_align_mlp.log").read_text()
    assert project.results() == undisturbed.results()
    assert not any((project.folder / ".resume").glob("*"))


@pytest.mark.parametrize("moment", [".resume/*.safetensors", "data/smoke/tables/*.csv"])
def test_a_killed_run_is_taken_up_after_unlock(project, undisturbed, moment):
    run = project.start(*SNAKEMAKE)
    project.wait_for(moment)
    kill(run)
    locked = project.run(*SNAKEMAKE)
    assert locked.returncode != 0
    assert "unlock" in locked.stdout + locked.stderr
    project.succeed("snakemake", "--unlock")  # what `make unlock` does
    project.succeed(*SNAKEMAKE)
    assert project.results() == undisturbed.results()


def test_a_job_whose_snakemake_is_gone_writes_nothing(project):
    run = project.start(*SNAKEMAKE)
    project.wait_for(".resume/*.safetensors")
    job = job_of(run, "job.py")
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    until = time.monotonic() + 20
    while Path(f"/proc/{job}").exists() and "Z" not in Path(f"/proc/{job}/stat").read_text().split(")")[1][:3]:
        assert time.monotonic() < until, "the job lives on"
        time.sleep(0.1)
    assert not any((project.folder / "data/smoke/networks").glob("*.safetensors"))
    assert "is gone" in (project.folder / "logs/smoke/train_align_mlp.log").read_text()


def test_a_failed_job_leaves_the_last_good_result(finished, undisturbed):
    good = (finished.folder / "params.yaml").read_text()
    (finished.folder / "params.yaml").write_text(good.replace("rate: 0.001", "rate: 1.0e+30"))
    failed = finished.run(*SNAKEMAKE)
    said = failed.stdout + failed.stderr
    assert failed.returncode != 0
    assert "Restored previous version" in said
    error, *_, log = said[said.rindex("Error: ") :].splitlines()
    assert "diverged: fc1.weight is not finite at step 1; lower optimiser.rate" in error
    assert log == "Log: logs/smoke/train_align_mlp.log"
    assert finished.results() == undisturbed.results()
    (finished.folder / "params.yaml").write_text(good)
    finished.succeed(*SNAKEMAKE)
    assert finished.results() == undisturbed.results()


@pytest.mark.parametrize("moment", ["figures/smoke/.*.part", "figures/smoke/*.png"])
def test_a_killed_plot_is_drawn_again(finished, undisturbed, moment):
    for figure in (finished.folder / "figures/smoke").glob("*"):
        figure.unlink()
    shutil.rmtree(finished.folder / ".store/results")
    (finished.folder / "logs/smoke/plot_align_training.log").unlink()
    run = finished.start(*SNAKEMAKE)
    finished.wait_for(moment)
    os.kill(job_of(run, "job.py"), signal.SIGKILL)
    assert run.wait() != 0
    said = finished.succeed(*SNAKEMAKE)
    assert "train_align_mlp" not in said
    assert finished.results() == undisturbed.results()


def test_two_runs_in_one_clone(project, undisturbed):
    first = project.start(*SNAKEMAKE)
    project.wait_for("logs/smoke/train_align_mlp.log")
    second = project.run(*SNAKEMAKE)
    assert second.returncode != 0
    assert "cannot be locked" in second.stdout + second.stderr
    assert first.wait() == 0, project.said()
    assert project.results() == undisturbed.results()


@contextlib.contextmanager
def mounted(folder: Path, options: str):
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize(
    ("options", "message"), [("size=200k", "No space left on device"), ("ro", "Read-only file system")]
)
def test_a_full_disk_and_a_read_only_folder(project, undisturbed, options, message):
    networks = project.folder / "data/smoke/networks"
    with mounted(networks, options):
        failed = project.run(*SNAKEMAKE)
        assert failed.returncode != 0
        assert message in failed.stdout + failed.stderr
        assert not any(networks.glob("*"))
    project.succeed(*SNAKEMAKE)
    assert project.results() == undisturbed.results()


@pytest.mark.parametrize("damage", ["truncated", "one bit"])
def test_a_damaged_checkpoint_is_noticed_and_made_again(finished, undisturbed, damage):
    path = finished.folder / "data/smoke/networks/align_mlp.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-9] if damage == "truncated" else content[:-1] + bytes([content[-1] ^ 1]))
    assert f"train_align_mlp: {path.relative_to(finished.folder)} was changed since" in finished.succeed(*SNAKEMAKE)
    assert finished.results() == undisturbed.results()


def test_a_clock_that_jumps_repeats_nothing(finished):
    for year in (1990, 2035):
        for path in finished.folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and ".snakemake" not in path.parts:
                os.utime(path, (time.mktime((year, 1, 1 + hash(path.name) % 28, 0, 0, 0, 0, 1, 0)),) * 2)
        assert finished.nothing_to_do(), year


def test_no_gpu_is_said_plainly(project):
    failed = project.run(*SNAKEMAKE, "--config", "device=cuda", "--", "data/smoke/networks/align_mlp.safetensors")
    assert failed.returncode != 0
    assert "device: cuda asked for, but usable here: cpu" in failed.stdout + failed.stderr


def test_a_path_with_spaces_the_c_locale_and_no_home(tmp_path, undisturbed):
    project = Project(tmp_path / "my results é")
    shutil.copy2(ROOT / "requirements.lock", project.folder)
    plain = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "HOME": "/proc/none"}
    said = project.succeed("make", "reproduce", f"VENV={BIN.parent}", **plain)
    assert "Scale smoke (reduced scale):" in said
    assert project.results() == undisturbed.results()


def test_another_machine_gives_the_same_verdicts_within_the_stated_tolerance(project, undisturbed):
    older = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "OPENBLAS_CORETYPE": "Haswell"}
    project.succeed(*SNAKEMAKE, **older, MKL_ENABLE_INSTRUCTIONS="AVX2")
    wanted, found = (
        json.loads((p.folder / "data/smoke/metrics/align_training.json").read_text()) for p in (undisturbed, project)
    )
    for name, metric in wanted.items():
        if isinstance(metric, dict):
            half = (metric["high"] - metric["low"]) / 2
            assert found[name]["mean"] == pytest.approx(metric["mean"], rel=1e-3, abs=half), name
    assert any(isinstance(metric, dict) for metric in wanted.values())
    verdicts = [
        {
            name: v["verdict"]
            for name, v in json.loads((p.folder / "data/smoke/metrics/claims.json").read_text()).items()
        }
        for p in (undisturbed, project)
    ]
    assert verdicts[0] == verdicts[1]


def test_one_core_and_two_give_the_same_bytes(project, undisturbed):
    project.succeed("snakemake", "--cores", "1")
    assert project.results() == undisturbed.results()
