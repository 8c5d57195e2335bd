"""Settings, claims, and that every experiment has all its pieces under one name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from netspectra.errors import SettingsError
from netspectra.statistics import verdicts as claims
from netspectra.workflow.imports import files_of
from netspectra.workflow.settings import resolve

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "workflow/schemas/params.schema.yaml"
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


def changed(path, value):
    params = json.loads(json.dumps(PARAMS))
    *parents, last = path
    block = params
    for key in parents:
        block = block[key]
    block[last] = value
    return params


@pytest.mark.parametrize("scale", PARAMS["scales"])
def test_every_scale_is_valid(scale):
    assert resolve(PARAMS | {"scale": scale}, SCHEMA)["scale"] == scale


MLP = ("networks", "align_mlp")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("scale",), "papr", "scale: found 'papr', allowed: paper, sample, smoke"),
        (("devcie",), 2, "unknown key 'devcie'; allowed: .*device"),
        ((*MLP, "epochz"), 2, "networks.align_mlp: unknown key 'epochz'; allowed: .*epochs"),
        ((*MLP, "replicates"), 0, "networks.align_mlp.replicates: found 0, wanted minimum 1"),
        ((*MLP, "batch"), "big", "networks.align_mlp.batch: found 'big', wanted type integer"),
        ((*MLP, "architecture", "widths"), [784, -5, 10], r"architecture.widths.1: found -5, wanted minimum 1"),
        ((*MLP, "optimiser", "name"), "adamw", "optimiser.name: found 'adamw', wanted enum .*adam.*sgd"),
        (("experiments", "align_pruning", "fractions"), [0.1, 1.5], "fractions.1: found 1.5, wanted maximum 1"),
        (("experiments", "align_pruning", "fractions"), [0.0, 0.9], "fractions: found .*, wanted contains .*0.1"),
        (("device",), "tpu", "device: found 'tpu'"),
    ],
)
def test_a_bad_setting_is_named_with_what_is_allowed(path, value, message):
    params = changed(path, value)
    if path[-1] in ("batch", "epochs"):
        params["scales"]["sample"]["networks"]["align_mlp"].pop(path[-1], None)
    with pytest.raises(SettingsError, match=message):
        resolve(params, SCHEMA)


@pytest.mark.parametrize("name", PARAMS["experiments"])
def test_every_experiment_has_all_its_pieces(name):
    block = PARAMS["experiments"][name]
    pieces = [f"src/netspectra/experiments/{name}/{part}.py" for part in ("analysis", "plot")]
    pieces += [f"workflow/report/{figure}.rst" for figure in block["figures"]]
    assert [p for p in pieces if not (ROOT / p).is_file()] == []
    assert set(block.get("networks", [])) <= set(PARAMS["networks"])
    assert any(c["experiment"] == name for c in claims.read(ROOT / "claims.yaml")), "no claim"


def described(schema, where=""):
    for key, value in schema.get("properties", {}).items():
        yield f"{where}.{key}", value
        yield from described(value, f"{where}.{key}")
    for key, value in schema.get("$defs", {}).items():
        yield from described(value, f"{where}.{key}")


def test_every_setting_is_described():
    schema = yaml.safe_load(SCHEMA.read_text())
    assert [name for name, value in described(schema) if "description" not in value and "$ref" not in value] == []


def test_claims_are_well_formed_and_name_experiments():
    found = claims.read(ROOT / "claims.yaml")
    assert {c["experiment"] for c in found} <= set(PARAMS["experiments"])
    assert all(set(c["holds"]) <= set(PARAMS["scales"]) for c in found)


@pytest.mark.parametrize(
    ("rule", "value", "limits", "verdict", "sure"),
    [
        ({"at_least": 2}, 3, (2.5, 3.5), claims.REPRODUCED, True),
        ({"at_least": 2}, 3, (1.5, 4.5), claims.REPRODUCED, False),
        ({"at_least": 2}, 1, (0.5, 1.5), claims.NOT_REPRODUCED, True),
        ({"at_most": 2}, 3, (1.9, 4.1), claims.NOT_REPRODUCED, False),
        ({"between": [1, 2]}, 1.5, (1.2, 1.8), claims.REPRODUCED, True),
        (None, 1.5, (1.2, 1.8), claims.NOT_JUDGED, False),
    ],
)
def test_verdicts(rule, value, limits, verdict, sure):
    claim = dict.fromkeys(claims.KEYS, "x") | {"metric": "m", "published": None, "holds": {"s": rule} if rule else {}}
    metrics = {"x": {"m": value, "m_low": limits[0], "m_high": limits[1]}}
    (found,) = claims.judge([claim], metrics, "s")
    assert (found.verdict, found.sure) == (verdict, sure)
    assert verdict in claims.table([found])


def test_a_claim_about_what_nobody_measures_is_an_error():
    claim = dict.fromkeys(claims.KEYS, "x") | {"holds": {}}
    with pytest.raises(claims.ClaimError, match="no metric 'x'"):
        claims.judge([claim], {"x": {}}, "s")


def test_code_of_an_analysis_is_what_it_imports():
    found = files_of("netspectra.experiments.align_pruning.analysis")
    assert "src/netspectra/lenses/pruning.py" in found
    assert "src/netspectra/lenses/attacks.py" not in found
    assert "src/netspectra/training/job.py" not in found


def test_a_template_is_code():
    assert "src/netspectra/report/page.html" in files_of("netspectra.report.page")


def test_the_dag_builds():
    command = [sys.executable, "-m", "snakemake", "-n", "--forceall", "--quiet", "all", "--nolock"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_misspelt_setting_stops_the_workflow_before_any_job():
    command = [sys.executable, "-m", "snakemake", "-n", "--nolock", "--config", "devcie=2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "unknown key 'devcie'" in done.stdout + done.stderr
