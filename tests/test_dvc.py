"""dvc.yaml and the Snakefile say the same."""

import contextlib
import io
import re
from pathlib import Path

import pytest
import yaml
from snakemake.api import SnakemakeApi
from snakemake.settings.types import OutputSettings, ResourceSettings

from netspectra.workflow.stages import HEADER, keys, stages

ROOT = Path(__file__).parents[1]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


@pytest.fixture(scope="module")
def rules():
    """Inputs, outputs and settings of every rule, as Snakemake itself reads the Snakefile."""
    with contextlib.redirect_stderr(io.StringIO()), SnakemakeApi(OutputSettings(show_failed_logs=False)) as api:
        workflow = api.workflow(resource_settings=ResourceSettings(cores=1), snakefile=ROOT / "Snakefile", workdir=ROOT)
        return {rule.name: rule for rule in workflow._workflow.rules}


def rules_of(stage):
    return re.search(r"--allowed-rules (.*) --", stage["cmd"])[1].split()


def names(entries):
    return {entry if isinstance(entry, str) else next(iter(entry)) for entry in entries}


def test_it_is_up_to_date():
    found = stages(PARAMS, ROOT / "workflow/schemas/params.schema.yaml")
    assert found == STAGES, "dvc.yaml is out of date; run: make stages"
    assert (ROOT / "dvc.yaml").read_text().startswith(HEADER)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_has_the_dependencies_and_outputs_of_its_rules(name, rules):
    stage = STAGES[name]
    chosen = [rules[rule] for rule in rules_of(stage)]
    outputs = {str(path) for rule in chosen for path in rule.output}
    inputs = {str(path) for rule in chosen for path in rule.input} - outputs
    made = names([*stage["outs"], *stage.get("metrics", ()), *stage.get("plots", ())])
    assert set(stage["deps"]) == inputs
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
                assert set(keys(PARAMS, block, settings["name"])) <= set(stage["params"])
        for network in settings.get("networks", ()):
            assert f"data/networks/{network}.safetensors" in stage["deps"]
        if "download" in settings:
            assert "download" in stage["params"]
        if "scale" in settings:
            assert "scale" in stage["params"]


def test_metrics_are_in_git_and_all_else_is_cached():
    for stage in STAGES.values():
        assert all(options == {"cache": False} for entry in stage.get("metrics", ()) for options in entry.values())
        assert all(isinstance(path, str) for path in stage["outs"] + stage.get("plots", []))
