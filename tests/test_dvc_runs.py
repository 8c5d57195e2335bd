"""DVC and Snakemake over one folder, as a user runs them: what the one has done the other finds done."""

import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
import yaml
from project import BIN, ROOT, WAIT_S, Project, kill

EXPERIMENTS = ("align_training", "align_pruning")


def versioned(folder, remote):
    """The project under git and DVC, with nothing made yet."""
    project = Project(folder, EXPERIMENTS)
    project.put_under_dvc(remote)
    return project


def up_to_date(project):
    return "up to date" in project.succeed("dvc", "status")


def change_pruning(project):
    path = project.folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["experiments"]["align_pruning"]["fractions"] = [0.0, 0.1, 0.5, 0.9]
    path.write_text(yaml.safe_dump(params, sort_keys=False))


@pytest.fixture(scope="module")
def author(tmp_path_factory):
    """Made by Snakemake, committed to DVC and git, and pushed."""
    folder = tmp_path_factory.mktemp("author")
    project = versioned(folder / "project", folder / "store")
    project.succeed("snakemake")
    project.succeed("dvc", "commit", "-f")
    project.commit("results")
    project.succeed("dvc", "push")
    return project


def cloned(author, folder):
    project = author.at(folder)
    author.succeed("git", "clone", "-q", ".", str(folder))
    project.name_its_author()
    (folder / "data/embedded").unlink(missing_ok=True)
    (folder / "data/embedded").symlink_to(ROOT / "data/embedded")
    return project


def pull(project, **environment):
    """What `make pull` does."""
    return project.succeed("python", "-m", "netspectra.workflow.pull", PYTHONPATH="src", **environment)


@pytest.fixture
def clone(author, tmp_path):
    """A fresh clone after `make pull`."""
    project = cloned(author, tmp_path / "clone")
    pull(project)
    return project


@pytest.fixture
def s3():
    """Address of a real S3 endpoint on loopback with one bucket, `store`."""
    if not (BIN / "moto_server").exists():
        pytest.skip("needs moto[server] and dvc-s3")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([BIN / "moto_server", "-H", "127.0.0.1", "-p", str(port)], **quiet)
    address, until = f"http://127.0.0.1:{port}", time.monotonic() + WAIT_S
    try:
        while not created(f"{address}/store"):
            assert time.monotonic() < until, "the S3 endpoint does not answer"
            time.sleep(0.2)
        yield address
    finally:
        server.kill()
        server.wait()


def created(bucket):
    try:
        with urllib.request.urlopen(urllib.request.Request(bucket, method="PUT"), timeout=WAIT_S):
            return True
    except urllib.error.URLError:
        return False


def point_at(project, endpoint):
    project.succeed("dvc", "remote", "add", "--local", "-d", "bucket", "s3://store/netspectra")
    project.succeed("dvc", "remote", "modify", "--local", "bucket", "endpointurl", endpoint)


def test_after_snakemake_dvc_has_nothing_to_do(author):
    assert up_to_date(author)
    assert "Running stage" not in author.succeed("dvc", "repro")
    assert author.nothing_to_do()


def test_after_dvc_snakemake_has_nothing_to_do(author, tmp_path):
    project = versioned(tmp_path / "project", tmp_path / "store")
    project.succeed("dvc", "repro")
    assert up_to_date(project)
    assert project.nothing_to_do()
    assert project.results() == author.results()


def test_after_a_pull_both_have_nothing_to_do(author, clone):
    assert clone.nothing_to_do()
    assert up_to_date(clone)
    assert clone.results() == author.results()


def test_a_number_changed_before_a_pull_is_not_blessed_by_it(author, tmp_path):
    project = cloned(author, tmp_path / "clone")
    change_pruning(project)
    assert "align_pruning: changed since it was pushed" in pull(project)
    said = project.succeed("snakemake")
    assert re.search(r"\] align_pruning ", said)
    assert not re.search(r"\] align_training ", said)
    assert project.nothing_to_do()


def test_an_empty_remote_is_said_in_one_line(author, tmp_path):
    project = cloned(author, tmp_path / "clone")
    config = project.folder / ".dvc/config"
    config.write_text(config.read_text().replace(str(author.folder.parent / "store"), str(tmp_path / "empty")))
    failed = project.run("python", "-m", "netspectra.workflow.pull", PYTHONPATH="src")
    assert failed.returncode == 1
    problem, remedy = failed.stderr.splitlines()
    assert problem.startswith("Error: the DVC remote does not hold what dvc.lock names")
    assert remedy == "Remedy: make reproduce, which makes it here; or name another remote in .dvc/config"


def finished_work(project):
    """Every network and result that is kept, as a file that was written once."""
    return {path: path.stat().st_ino for path in (project.folder / ".store").rglob("*") if path.is_file()}


def another_number(project):
    project.succeed("dvc", "exp", "run", "-S", "experiments.align_pruning.random_draws=1")


def back(project):
    project.succeed("git", "checkout", "-q", ".")
    project.succeed("dvc", "checkout")


def fail(project):
    assert project.run("snakemake", "--config", "device=cuda").returncode != 0


STEPS = {
    "reproduce": lambda project: project.succeed("snakemake"),
    "repro": lambda project: project.succeed("dvc", "repro"),
    "pull": pull,
    "exp": another_number,
    "back": back,
    "fail": fail,
    "commit": lambda project: project.succeed("dvc", "commit", "-f"),
}


@pytest.mark.parametrize("order", ["pull exp reproduce back", "fail repro pull"])
def test_in_any_order_nothing_is_made_twice_and_both_tools_end_with_nothing_to_do(author, tmp_path, order):
    project = cloned(author, tmp_path / "clone")
    before = {}
    for step in [*order.split(), "reproduce", "repro"]:
        STEPS[step](project)
        now = finished_work(project)
        assert before.items() <= now.items(), step
        before = now
    assert project.nothing_to_do()
    assert up_to_date(project)
    assert project.results() == author.results()


def test_push_and_pull_through_s3(author, s3, tmp_path):
    keys = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1"}
    mine = author.at(tmp_path / "mine")
    shutil.copytree(author.folder, mine.folder, symlinks=True)
    point_at(mine, s3)
    assert "pushed" in mine.succeed("dvc", "push", **keys)
    theirs = cloned(author, tmp_path / "theirs")
    point_at(theirs, s3)
    pull(theirs, **keys)
    assert theirs.nothing_to_do()
    assert up_to_date(theirs)
    assert theirs.results() == author.results()


def test_a_changed_number_runs_what_depends_on_it_under_dvc(clone):
    before = clone.results()
    change_pruning(clone)
    said = clone.succeed("dvc", "repro")
    assert "Running stage 'align_pruning'" in said
    assert "Running stage 'networks_align_mlp'" not in said
    assert "Running stage 'align_training'" not in said
    assert clone.nothing_to_do()
    assert up_to_date(clone)
    changed = {path for path, digest in clone.results().items() if before.get(path) != digest}
    assert all(re.search("align_pruning|align_node|claims|explorables", path) for path in changed)
    assert "align_pruning.json" in clone.succeed("dvc", "metrics", "diff")
    assert "fractions" in clone.succeed("dvc", "params", "diff")


def test_a_changed_number_runs_what_depends_on_it_under_snakemake(clone):
    change_pruning(clone)
    said = clone.succeed("snakemake")
    assert re.search(r"\] align_pruning ", said)
    assert not re.search(r"\] train_align_mlp ", said)
    assert not re.search(r"\] align_training ", said)
    clone.succeed("dvc", "commit", "-f")
    assert up_to_date(clone)
    assert clone.nothing_to_do()


@pytest.mark.parametrize("moment", [".resume/*.safetensors", "data/smoke/tables/*.csv"])
def test_a_killed_dvc_run_is_taken_up(author, tmp_path, moment):
    project = versioned(tmp_path / "project", tmp_path / "store")
    run = project.start("dvc", "repro")
    project.wait_for(moment)
    kill(run)
    project.succeed("dvc", "repro")
    log = (project.folder / "logs/smoke/train_align_mlp.log").read_text()
    assert ("resumed at step" in log) == moment.startswith(".resume")
    assert project.results() == author.results()
    assert up_to_date(project)


def test_experiments_are_compared(clone):
    for draws in (1, 2):
        said = clone.succeed("dvc", "exp", "run", "-S", f"experiments.align_pruning.random_draws={draws}")
        assert "Running stage 'networks_align_mlp'" not in said
    shown = clone.succeed("dvc", "exp", "show", "--csv", "--only-changed")
    assert "experiments.align_pruning.random_draws" in shown.splitlines()[0]
    assert len([line for line in shown.splitlines() if "workspace" not in line]) >= 3
