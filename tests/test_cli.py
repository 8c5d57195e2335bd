"""The command line: help that teaches, JSON for programs, errors with their remedy in the last lines, exit status."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from project import ROOT

import netspectra
from netspectra import cli
from netspectra.commands import dry_run
from netspectra.commands.console import emit_json
from netspectra.commands.project import Project
from netspectra.errors import NetspectraError

COMMANDS = ("reproduce", "status", "explain", "verdicts", "settle", "lens")
OWN = """
from torch import nn


def make(width=12):
    return nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 3))
"""
HEAVY = {"torch", "pandas", "matplotlib", "scipy", "numpy", "snakemake"}


@pytest.fixture
def run(capfd, monkeypatch):
    """Run a command in the project; exit status, stdout and stderr."""
    monkeypatch.chdir(ROOT)

    def runner(*arguments):
        status = cli.main(arguments)
        return status, *capfd.readouterr()

    return runner


def started(*arguments, cwd=ROOT, **environment):
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "netspectra.cli", *arguments]
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")} | environment
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_options_and_shows_examples(run, command):
    status, out, _ = run(command, "--help")
    assert status == 0
    assert f"Usage: netspectra {command}" in out
    assert f"\n    netspectra {command}" in out.partition("Examples:")[2]
    assert "--json" in out


def test_the_program_alone_lists_its_commands(run):
    status, out, _ = run()
    assert status == 0
    assert all(f"\n  {command} " in out for command in COMMANDS)


def test_help_imports_nothing_heavy():
    code = "import sys; from netspectra import cli; cli.main(['lens', '--help']); print(sorted(sys.modules))"
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    loaded = {name.split(".")[0] for name in ast.literal_eval(said.splitlines()[-1])}
    assert loaded & HEAVY == set()


@pytest.mark.parametrize(
    ("arguments", "error", "remedy"),
    [
        (["statsu"], "No such command 'statsu'", "netspectra --help"),
        (["explain"], "Missing argument", "netspectra explain --help"),
        (["settle", "--limit", "0"], "Invalid value for '--limit'", "netspectra settle --help"),
        (["verdicts", "--agianst", "HEAD"], "No such option: --agianst", "netspectra verdicts --help"),
    ],
)
def test_a_command_that_is_not_understood_ends_in_error_and_remedy(run, arguments, error, remedy):
    status, out, err = run(*arguments)
    assert (status, out) == (cli.USAGE, "")
    last = err.splitlines()[-2:]
    assert last[0].startswith(f"Error: {error}")
    assert last[1].startswith(f"Remedy: {remedy}")


def test_where_there_is_no_project_the_remedy_says_how_to_name_one(run, tmp_path):
    status, out, err = run("status", "--project", str(tmp_path))
    assert (status, out) == (1, "")
    assert err.splitlines() == [
        f"Error: {tmp_path}: no project of netspectra, as it has no Snakefile",
        "Remedy: cd into a checkout of the project, or name it: --project FOLDER",
    ]


def test_a_package_that_is_missing_is_named_with_its_extra(tmp_path):
    for package, extra in (("typer", "cli"), ("pydantic", "workflow")):
        broken = f"raise ModuleNotFoundError('none', name={package!r})\n"
        (tmp_path / f"{package}.py").write_text(broken, encoding="utf-8")
        done = started("status", PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT / "src")]))
        (tmp_path / f"{package}.py").unlink()
        assert done.returncode == 1
        assert done.stderr.splitlines()[-2:] == [
            f"Error: this command needs {package}, which is not installed",
            f"Remedy: pip install 'netspectra[{extra}]'",
        ]


def test_an_unforeseen_error_keeps_its_traceback(run, monkeypatch):
    from netspectra.commands import verdicts

    monkeypatch.setattr(verdicts, "run", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("verdicts")


def test_a_wrong_scale_is_named_with_those_there_are(run):
    status, _, err = run("verdicts", "--scale", "papper")
    assert status == 1
    assert err.splitlines()[-2].startswith("Error: params.yaml: scale: found 'papper', allowed: paper, sample")


def test_verdicts_are_those_of_the_file(run):
    status, out, err = run("verdicts", "--scale", "sample", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    held = json.loads((ROOT / "data/sample/metrics/claims.json").read_text(encoding="utf-8"))
    assert {claim["id"]: claim["verdict"] for claim in found["claims"]} == {k: v["verdict"] for k, v in held.items()}
    assert found["summary"][0].startswith(f"{sum(not (v['check'] or v['beyond']) for v in held.values())} claims")
    _, out, _ = run("verdicts", "--scale", "sample")
    assert out.splitlines()[-len(found["summary"]) :] == found["summary"]


def test_verdicts_are_held_against_a_revision(run):
    status, out, _ = run("verdicts", "--scale", "sample", "--against", "HEAD", "--json")
    found = json.loads(out)
    assert status == int(bool(found["lost_without_a_word"]))
    status, out, err = run("verdicts", "--scale", "sample", "--against", "no-such-revision")
    assert (status, out) == (1, "")
    assert "git has none at no-such-revision" in err.splitlines()[-2]


def test_where_nothing_was_judged_the_remedy_makes_it(run):
    status, _, err = run("verdicts", "--scale", "evening")
    assert status == 1
    assert err.splitlines()[-1] == "Remedy: netspectra reproduce --scale evening"


def test_settle_lists_what_is_undecided(run):
    status, out, _ = run("settle", "--scale", "sample", "--limit", "20", "--json")
    assert status == 0
    held = json.loads((ROOT / "data/sample/metrics/claims.json").read_text(encoding="utf-8"))
    found = json.loads(out)["undecided"]
    assert {one["id"] for one in found} == {name for name, v in held.items() if v["verdict"] == "undecided"}
    assert all(one["networks"] is None or one["networks"] <= 20 for one in found)


def test_status_names_every_job_with_why_it_would_run(run):
    status, out, err = run("status", "--scale", "smoke", "--json")
    assert (status, err) == (0, "Asking Snakemake what it would run ...\n")
    found = json.loads(out)
    by_name = {job["name"]: job for job in found["jobs"]}
    assert {"fetch_mnist", "prepare_mnist", "train_align_mlp", "cca_toy", "plot_cca_toy", "judge", "page"} <= set(
        by_name
    )
    waiting = {name for name, job in by_name.items() if job["why"] is not None}
    assert found["finished"] == (not waiting)
    assert waiting == {n for n, job in by_name.items() if job["state"] in ("not made yet", "would run again")}
    assert sum(sum(counts.values()) for counts in found["counts"].values()) == len(by_name)
    for name in waiting:
        assert by_name[name]["why"], name


def test_explain_says_what_a_figure_rests_on(run):
    status, out, _ = run("explain", "cca_datapoints", "--scale", "sample", "--json")
    found = json.loads(out)
    assert (status, found["experiment"]) == (0, "cca_toy")
    held = json.loads((ROOT / "data/sample/metrics/claims.json").read_text(encoding="utf-8"))
    mine = {claim["id"] for claim in found["claims"]}
    assert mine == {name for name, v in held.items() if v["experiment"] == "cca_toy"}
    assert "src/netspectra/experiments/cca_toy/analysis.py" in found["code"]
    command = "snakemake --config scale=sample -- figures/sample/cca_datapoints.svg figures/sample/cca_datapoints.png"
    assert found["command"] == command
    assert [job["name"] for job in found["jobs"]] == ["cca_toy", "plot_cca_toy"]
    status, _, err = run("explain", "cca_datapoint")
    assert (status, err.splitlines()[-1]) == (1, "Remedy: netspectra explain cca_datapoints")


def test_reproduce_hands_on_what_snakemake_takes(run):
    status, out, err = run("reproduce", "--scale", "smoke", "--json", "-n", "--nolock", "--", "report/smoke/index.html")
    assert (status, json.loads(out)) == (0, {"scale": "smoke", "status": 0})
    assert "snakemake --config scale=smoke -n --nolock -- report/smoke/index.html" in err
    assert "rule page:" in err or "Nothing to be done" in err


SETTINGS = "{'name': 'a', 'experiment': {'draws': %d, 'seed': 1}}"
CODE = "{'modules': ('netspectra.experiments.measuring', 'x'), 'digest': '%s'}"


@pytest.mark.parametrize(
    ("reason", "short"),
    [
        ("Missing output files: a.csv", "missing output files: a.csv"),
        ("Input files updated by another job: a, b, c, d, e", "input files updated by another job: a, b, c and 2 more"),
        (
            f"Params have changed since last execution: all output: before: {SETTINGS % 10} now: {SETTINGS % 20}",
            "experiment.draws: 10 when it was made, now 20",
        ),
        (
            f"Missing output files: a; Params have changed since last execution: before: {CODE % 1} now: {CODE % 2}",
            "missing output files: a; code of netspectra.experiments.measuring, x has changed",
        ),
        ("Params have changed since last execution: before: <nonsense> now: <other>", "settings have changed"),
    ],
)
def test_snakemakes_reasons_are_told_in_short(reason, short):
    assert dry_run.in_short(reason) == short


def test_a_dry_run_is_read_with_what_was_changed_by_others():
    text = """cca_toy: data/x.csv was changed since; made again where it is asked for
rule cca_toy:
    output: data/x.csv
    reason: Incomplete output
localrule all:
    reason: Input files updated by another job: a
"""
    assert dry_run.read(text) == {"cca_toy": "data/x.csv was changed since"}


def test_what_snakemake_refuses_is_said_once(monkeypatch):
    said = "Using profile\nError: params.yaml: wrong\nRemedy: mend it\n"
    done = subprocess.CompletedProcess([], 1, "", said)
    monkeypatch.setattr(Project, "snakemake", lambda *_, **__: done)
    with pytest.raises(NetspectraError) as caught:
        dry_run.planned(Project({"scale": "smoke"}, None))
    assert (caught.value.args[0], caught.value.remedy) == ("params.yaml: wrong", "mend it")


def test_json_holds_no_number_that_json_does_not_know(capsys):
    emit_json({"a": float("nan"), "b": [1.5, Path("x")], 3: (True, None)})
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [1.5, "x"], "3": [True, None]}


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A network of the reader's own with weights, others, and samples, in the working directory."""
    from safetensors.torch import save_file

    monkeypatch.chdir(tmp_path)
    (tmp_path / "cli_readers_module.py").write_text(OWN, encoding="utf-8")
    space = {}
    exec(OWN, space)
    for seed in (0, 1):
        torch.manual_seed(seed)
        save_file(space["make"](12).state_dict(), tmp_path / f"w{seed}.safetensors")
    generator = np.random.default_rng(0)
    np.savez(tmp_path / "x.npz", x=generator.normal(size=(90, 8)).astype(np.float32), y=generator.integers(3, size=90))
    return tmp_path


def test_lens_writes_a_view_and_a_page_about_a_network_it_has_never_seen(own, capfd):
    status = cli.main([
        "lens", "cli_readers_module:make", "--argument", "width=12", "--weights", "w0.safetensors", "--data", "x.npz",
        "--against", "w1.safetensors", "--lens", "spectra", "--lens", "similarity", "--null", "10", "--out", "seen",
        "--json",
    ])  # fmt: skip
    out, err = capfd.readouterr()
    found = json.loads(out)
    assert status == 0
    assert "90 samples in 1 batches" in err
    view = netspectra.load_view(own / "seen")
    assert found["numbers"] == len(view.table)
    assert set(view.table.lens) == {"spectra", "similarity", "against"}
    assert found["page"] == str(own / "seen/index.html")
    assert "data:image/png;base64" in (own / "seen/index.html").read_text(encoding="utf-8")
    status = cli.main(["lens", "cli_readers_module:make", "--data", "x.npz", "--lens", "alignment", "--layers", "0"])
    out, err = capfd.readouterr()
    assert status == 0
    assert "no --weights, so it is looked at as the function makes it" in err
    assert out.splitlines()[-1] == f"Page: {own / 'lens/index.html'}"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--weights", "w0.safetensors", "--argument", "width=9"], "w0.safetensors: does not fit the network"),
        (["--argument", "width"], "--argument: found 'width', wanted KEY=VALUE"),
        (["--mean", "half"], "--mean: found 'half', wanted numbers between commas"),
        (["--layers", "conv*"], "layers: "),
        (["--lens", "spectre"], "lenses: wanted some of"),
        (["--memory", "much"], "memory: "),
        (["--data", "y.npz"], "y.npz: no such file"),
    ],
)
def test_lens_refuses_in_error_and_remedy(own, capfd, arguments, error):
    given = arguments if "--data" in arguments else [*arguments, "--data", "x.npz"]
    status = cli.main(["lens", "cli_readers_module:make", *given])
    out, err = capfd.readouterr()
    last = err.splitlines()[-2:]
    assert (status, out) == (1, "")
    assert last[0].startswith(f"Error: {error}")
    assert last[1].startswith("Remedy: ")
    assert not (own / "lens").exists()


def test_an_interrupted_look_keeps_what_was_seen(own, capfd, monkeypatch):
    from netspectra.own import looks

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(looks, "accuracies", interrupted)
    arguments = ["--data", "x.npz", "--lens", "alignment", "--lens", "pruning"]
    status = cli.main(["lens", "cli_readers_module:make", *arguments])
    assert status == cli.INTERRUPTED
    assert capfd.readouterr().err.splitlines()[-2] == "Error: interrupted"
    assert set(netspectra.load_view(own / "lens").table.lens) == {"alignment"}
