"""`make standing` keeps what a run of the commit made, and refuses anything else."""

import json
import platform
import shutil
import subprocess

import pytest
from project import ROOT

from netspectra import provenance
from netspectra.errors import DataError, SettingsError
from netspectra.workflow import standing
from netspectra.workflow.settings import read, resolve

SNAKEMAKE = """#!/bin/sh
echo "$@" >> said.log
case "$*" in
    *-n) cat answer; exit 0;;
esac
scale=$(echo "$*" | sed 's/.*scale=\\([a-z]*\\).*/\\1/')
mkdir -p data/$scale/metrics benchmarks/results/$scale
for name in claims $(cat experiments); do echo "{}" > data/$scale/metrics/$name.json; done
printf 's\\n2.5\\n' > benchmarks/results/$scale/judge.tsv
test ! -e changes || echo "# new" >> params.yaml
exit $(cat rc)
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with settings, in git, and a Snakemake that makes empty metrics."""
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    names = list(resolve(read(ROOT / "params.yaml") | {"scale": "smoke"})["experiments"])
    for name, text in {"answer": "Nothing to be done\n", "rc": "0", "experiments": " ".join(names)}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/snakemake").write_text(SNAKEMAKE)
    (tmp_path / "bin/snakemake").chmod(0o755)
    (tmp_path / ".gitignore").write_text("said.log\nbenchmarks/\nchanges\n/data/smoke/\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin", prepend=":")
    git("init", "--quiet")
    commit()
    return tmp_path


def git(*command):
    named = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    subprocess.run(["git", *named, *command], check=True, capture_output=True)


def commit():
    git("add", "-A")
    git("commit", "--quiet", "-m", "Go on")


def test_metrics_verdicts_machine_and_versions_are_kept(project):
    assert standing.stand("smoke", ["-c1"]) == standing.FOLDER / "smoke"
    assert {path.stem for path in (project / "standing/smoke/metrics").iterdir()} == set(
        (project / "experiments").read_text().split()
    )
    made = (project / "data/smoke/metrics/claims.json").read_bytes()
    assert (project / "standing/smoke/claims.json").read_bytes() == made
    run = json.loads((project / "standing/smoke/run.json").read_text())
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    assert (run["commit"], run["scale"], run["command"]) == (head, "smoke", "snakemake --config scale=smoke -c1")
    assert run["jobs"] == {"ran": 1, "of": 1, "s": 2.5}
    assert run["machine"].keys() == {"cpu", "cores", "memory", "gpu"}
    assert run["versions"].keys() == {"python", "torch", "numpy", "scipy", "snakemake"}
    assert run["wall_s"] >= 0
    assert run["date"].endswith("+00:00")


def test_what_a_run_makes_does_not_stand_in_the_way_of_the_next(project):
    standing.stand("smoke")
    (project / "standing/smoke/metrics/gone.json").write_text("{}")
    (project / "docs").mkdir()
    (project / "docs/verdicts.md").write_text("# Verdicts\n")
    standing.stand("smoke")
    assert not (project / "standing/smoke/metrics/gone.json").exists()


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("new.py", "", "new.py: not as git has it"),
        ("rc", "00", "rc: not as git has it"),
        ("params.yaml", "scale: smoke", "params.yaml"),
    ],
)
def test_a_dirty_tree_is_refused_before_anything_runs(project, file, text, message):
    whole = (project / file).read_text() if file == "params.yaml" else ""
    (project / file).write_text(whole.replace("scale: sample", text) if whole else text)
    with pytest.raises(DataError, match=message) as error:
        standing.stand("smoke")
    assert "git commit or git stash" in error.value.remedy
    assert not (project / "said.log").exists()
    assert not (project / "standing").exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"answer": "job  count\njudge  1\n"}, "not of the settings in force"),
        ({"rc": "1"}, "did not end well"),
    ],
)
def test_results_that_are_not_of_the_settings_in_force_are_refused(project, changed, message):
    for name, text in changed.items():
        (project / name).write_text(text)
    commit()
    with pytest.raises(DataError, match=message):
        standing.stand("smoke")
    assert not (project / "standing").exists()


def test_what_is_left_out_does_not_stand(project):
    standing.stand("paper", untried="svcca_*,pwcca_*")
    run = json.loads((project / "standing/paper/run.json").read_text())
    assert run["command"] == "snakemake --config scale=paper 'untried=[svcca_*,pwcca_*]'"
    kept = {path.stem for path in (project / "standing/paper/metrics").iterdir()}
    assert "align_training" in kept
    assert not any(name.startswith(("svcca", "pwcca")) for name in kept)


def test_a_tree_that_changes_under_the_run_is_refused(project):
    (project / "changes").touch()
    with pytest.raises(DataError, match=r"params.yaml: not as git has it"):
        standing.stand("smoke")
    assert not (project / "standing").exists()


def test_the_command_says_what_is_wrong(project, capsys, monkeypatch):
    with pytest.raises(SettingsError, match="scale: found 'papr'"):
        standing.stand("papr")
    shutil.rmtree(project / ".git")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    assert standing.main(["smoke"]) == 1
    assert "Remedy: run it in a clone of the project" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "/nowhere")
    assert standing.main(["smoke"]) == 1
    assert "Remedy: run it in a clone of the project, with git installed" in capsys.readouterr().err


def test_the_processor_has_its_name_where_the_system_gives_one(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some CPU\nmodel name\t: Other\n")
    assert provenance.processor(tmp_path / "cpuinfo") == "Some CPU"
    assert provenance.processor(tmp_path / "none") in (platform.processor(), platform.machine())


def test_the_first_gpu_is_named_and_a_tool_that_fails_names_none(tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    for text, name in (("echo Some GPU; echo Other", "Some GPU"), ("exit 9", None)):
        tool.write_text(f"#!/bin/sh\n{text}\n")
        tool.chmod(0o755)
        assert provenance.graphics() == name
