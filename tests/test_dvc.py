"""dvc.yaml and the Snakefile say the same."""

import contextlib
import io
import re

import pytest
import yaml
from dvc.utils.serialize import modify_yaml
from project import ROOT
from snakemake.api import SnakemakeApi
from snakemake.settings.types import OutputSettings, ResourceSettings

from netspectra.workflow.imports import code_of
from netspectra.workflow.layout import claims_of
from netspectra.workflow.settings import read
from netspectra.workflow.stages import HEADER, keys, stages

PARAMS = read(ROOT / "params.yaml")
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


@pytest.fixture(scope="module")
def rules():
    """Inputs, outputs and settings of every rule, as Snakemake itself reads the Snakefile."""
    with contextlib.redirect_stderr(io.StringIO()), SnakemakeApi(OutputSettings(show_failed_logs=False)) as api:
        workflow = api.workflow(resource_settings=ResourceSettings(cores=1), snakefile=ROOT / "Snakefile", workdir=ROOT)
        return {rule.name: rule for rule in workflow._workflow.rules}


def rules_of(stage):
    return re.search(r"--allowed-rules (.*) --", stage["cmd"])[1].split()


def modules_of(rule):
    """What the code of a rule is made of, seen where it asks for what that means."""
    return rule.params["code"](None)["modules"]


def names(entries):
    return {entry if isinstance(entry, str) else next(iter(entry)) for entry in entries}


def test_a_number_that_dvc_changes_is_one_line_of_diff(tmp_path):
    before = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "params.yaml"
    path.write_text("\n".join(before) + "\n", encoding="utf-8")
    with modify_yaml(path) as params:
        params["experiments"]["align_pruning"]["random_draws"] += 1
    after = path.read_text(encoding="utf-8").splitlines()
    assert [b.strip() for a, b in zip(before, after, strict=True) if a != b] == ["random_draws: 11"]


def test_it_is_up_to_date():
    assert stages(PARAMS) == STAGES, "dvc.yaml is out of date; run: make stages"
    assert (ROOT / "dvc.yaml").read_text().startswith(HEADER)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_has_the_dependencies_and_outputs_of_its_rules(name, rules):
    stage = STAGES[name]
    chosen = [rules[rule] for rule in rules_of(stage)]
    outputs = {str(path) for rule in chosen for path in rule.output}
    inputs = {str(path) for rule in chosen for path in rule.input} - outputs
    made = names([*stage["outs"], *stage.get("metrics", ()), *stage.get("plots", ())])
    assert set(stage["deps"]) == inputs | {file for rule in chosen for file in code_of(*modules_of(rule))}
    # Official files are checked by their own checksum and may be fetched anew: DVC does not keep them.
    assert made == {path for path in outputs if not path.startswith("data/raw/")}
    assert set(stage["cmd"].split(" -- ")[1].split()) == made


def test_every_rule_with_outputs_belongs_to_a_stage(rules):
    used = [rule for stage in STAGES.values() for rule in rules_of(stage)]
    assert sorted(used) == sorted(name for name, rule in rules.items() if rule.output)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_every_parameter_of_its_rules(name, rules):
    """Whatever block of params.yaml stands in the settings of a rule, the stage names or has as a dependency."""
    stage = STAGES[name]
    for rule in rules_of(stage):
        settings = rules[rule].params["settings"]
        for kind, block in {"data": "data", "network": "networks", "experiment": "experiments"}.items():
            if kind in settings:
                assert set(keys(PARAMS, block, settings["name"])) <= {
                    key for key in stage["params"] if isinstance(key, str)
                }
        for network in settings.get("networks", ()):
            assert f"data/sample/networks/{network}.safetensors" in stage["deps"]
        if "download" in settings:
            assert "download" in stage["params"]
        if settings.get("published"):
            assert {claims_of(settings["name"]): ["published"]} in stage["params"]
        if "scale" in settings:
            assert "scale" in stage["params"]


def test_metrics_are_in_git_and_all_else_is_cached():
    for stage in STAGES.values():
        assert all(options == {"cache": False} for entry in stage.get("metrics", ()) for options in entry.values())
        assert all(isinstance(path, str) for path in stage["outs"] + stage.get("plots", []))
