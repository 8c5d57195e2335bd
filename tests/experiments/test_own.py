"""The experiment on a reader's own network: settings, files that count as inputs, table, metrics, figures."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from project import ROOT
from pydantic import ValidationError
from safetensors.torch import save_file
from torch import nn

from netspectra.errors import SettingsError
from netspectra.experiments.measuring import Given
from netspectra.experiments.own import analysis, plot
from netspectra.experiments.own.settings import Settings
from netspectra.networks.checkpoints import Networks
from netspectra.networks.ensembles import Ensemble
from netspectra.problems import lines
from netspectra.statistics.claims import read as read_claims
from netspectra.statistics.metrics import nest
from netspectra.workflow import layout, own_networks
from netspectra.workflow.settings import read, resolve

MODULE = """
from torch import nn


def make(width=12):
    return nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 10), nn.ReLU(), nn.Linear(10, 3))
"""
FIGURES = ["own_alignment", "own_spectra", "own_similarity", "own_pruning", "own_against"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a module, two files of weights and samples, as the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_readers_module.py").write_text(MODULE, encoding="utf-8")
    space = {}
    exec(MODULE, space)
    for seed in (0, 1):
        torch.manual_seed(seed)
        save_file(space["make"]().state_dict(), tmp_path / f"w{seed}.safetensors")
    generator = np.random.default_rng(0)
    x = generator.normal(size=(120, 8)).astype(np.float32)
    np.savez(tmp_path / "x.npz", x=x, y=x[:, :3].argmax(1))
    return tmp_path


def block(**changed):
    network = {"model": "own_readers_module:make", "weights": "w0.safetensors"}
    return {
        "figures": FIGURES,
        "network": network,
        "against": {"other": network | {"weights": "w1.safetensors"}},
        "samples": {"npz": "x.npz", "batch": 50},
        "lenses": ["alignment", "spectra", "similarity", "pruning"],
        "null": 10,
    } | changed


def refused(**changed):
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(block(**changed))
    return "\n".join(lines(caught.value, Settings, ["experiments", "own"]))


def test_files_of_networks_samples_and_code_are_inputs(here):
    found = Settings.model_validate(block()).model_dump()
    assert found["files"] == ["w0.safetensors", "own_readers_module.py", "w1.safetensors", "x.npz"]
    settings = {"experiments": {"own": found, "other": {"figures": []}}}
    assert layout.files_of(settings, "own") == found["files"]
    assert layout.files_of(settings, "other") == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"network": {"model": "nonsense", "weights": None}}, "own.network.model: found 'nonsense', wanted text like"),
        (
            {"network": {"model": "a:b", "weights": "gone.safetensors"}},
            "own.network.weights: found gone.safetensors: no such file; name one that was written by",
        ),
        ({"network": {"model": "a:b", "weights": "x.npz"}}, "wanted a .safetensors file, as others would be unpickled"),
        ({"network": {"model": "a:b"}}, "own.network.weights: missing"),
        ({"network": None}, "own.network: found it and networks, or neither"),
        ({"samples": None}, "own.samples: missing"),
        ({"samples": {"npz": "gone.npz"}}, "own.samples.npz: found gone.npz: no such file"),
        ({"samples": {"folder": "gone"}}, "own.samples.folder: found gone: no such folder"),
        ({"samples": {"npz": "x.npz", "folder": "."}}, "own.samples: found folder and npz, wanted one of"),
        ({"samples": {"torchvision": "MNIST"}}, "own.samples.root: found none, wanted the folder that holds MNIST"),
        ({"further_weights": ["gone.safetensors"]}, "own.further_weights: found gone.safetensors: no such file"),
        ({"figures": ["own_attack"]}, "own.figures: found 'own_attack', wanted of own_against, own_alignment"),
        ({"lenses": ["spectre"]}, "own.lenses.0: found 'spectre', wanted one of"),
        ({"memory": "much"}, "own.memory: found 'much'"),
    ],
)
def test_settings_that_cannot_be_are_named(here, changed, said):
    assert said in refused(**changed)


def test_networks_are_held_against_their_weights_by_a_process_of_its_own(here):
    settings = {"experiments": {"own": Settings.model_validate(block()).model_dump(), "other": {}}}
    own_networks.check(settings)
    settings["experiments"]["own"]["network"]["arguments"] = {"width": 13}
    settings["experiments"]["own"]["against"]["other"]["model"] = "own_readers_module:nothing"
    with pytest.raises(SettingsError) as caught:
        own_networks.check(settings)
    first, second = caught.value.args[0].splitlines()[1:]
    assert first.startswith(
        "  experiments.own.network: w0.safetensors: does not fit the network: 0.bias is (12,), wanted (13,)"
    )
    assert second.startswith("  experiments.own.against.other: model: module 'own_readers_module' has no attribute")


def test_a_project_without_such_networks_starts_no_process(monkeypatch):
    monkeypatch.setattr(own_networks.subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    own_networks.check(resolve(read(ROOT / "params.yaml")))


@pytest.fixture
def findings(here):
    settings = Settings.model_validate(block()).model_dump()
    return settings, analysis.analyse(Given(json.loads(json.dumps(settings))))


def test_the_table_is_that_of_the_lenses(findings):
    _, found = findings
    seen = found.table[found.table.value.notna()]
    assert {"alignment", "spectra", "similarity", "pruning", "against"} == set(seen.lens)
    assert set(seen[seen.lens == "alignment"].layer) == {"0", "2", "4"}


def test_metrics_are_whole_numbers_of_layers_that_a_file_may_hold(findings):
    _, found = findings
    held = nest(found.metrics)
    assert held["outputs_changed"] == 0
    rows = found.table[(found.table.quantity == "mean_alignment") & (found.table.layer == "0")]
    value = held["alignment.0.mean_alignment"]
    mean = value["mean"] if isinstance(value, dict) else value
    assert mean == pytest.approx(float(rows.value.iloc[0]), rel=1e-5)


def test_claims_ask_for_metrics_that_there_are(findings):
    _, found = findings
    claims = read_claims(ROOT / layout.claims_of("own"))
    assert {claim.metric for claim in claims} <= set(found.metrics)
    scales = read(ROOT / "params.yaml")["scales"]
    assert all(set(claim.holds) == set(scales) for claim in claims)


def test_every_figure_is_drawn_from_the_table_as_it_lies_on_the_disk(findings, tmp_path):
    settings, found = findings
    found.table.to_csv(tmp_path / "own.csv", index=False, float_format="%.6g")
    table = pd.read_csv(tmp_path / "own.csv", keep_default_na=False, na_values=[""])
    figures = plot.draw(table, settings, {})
    assert list(figures) == FIGURES
    assert all(figure.axes for figure in figures.values())
    assert all((ROOT / layout.folder_of("own") / f"{name}.rst").is_file() for name in FIGURES)


def test_a_lens_that_saw_nothing_says_why(findings):
    settings, found = findings
    table = found.table[found.table.lens != "pruning"]
    skipped = pd.DataFrame([{"lens": "pruning", "layer": "", "quantity": "skipped", "why": "there are no labels"}])
    figure = plot.draw(pd.concat([table, skipped], ignore_index=True), settings | {"figures": ["own_pruning"]}, {})[
        "own_pruning"
    ]
    assert "there are no labels" in figure.axes[0].texts[0].get_text()


def test_replicates_are_networks_of_their_own(here):
    settings = Settings.model_validate(
        block(further_weights=["w1.safetensors"], against={}, figures=FIGURES[:1])
    ).model_dump()
    networks = analysis.networks_of(Given(settings))
    assert len(networks) == 2
    assert isinstance(networks[0], nn.Module)
    assert not torch.equal(networks[0][0].weight, networks[1][0].weight)


def test_every_figure_of_every_lens_has_its_caption():
    from netspectra.own import drawing

    captions = {path.stem for path in (ROOT / layout.folder_of("own")).glob("*.rst")}
    assert captions == {f"own_{name}" for name in drawing.FIGURES}


def test_networks_that_are_trained_here_are_looked_at_as_replicates(here, monkeypatch):
    asked = block(network=None, networks=["mlp"], against={}, samples=None, figures=FIGURES[:1], lenses=["alignment"])
    settings = Settings.model_validate(asked).model_dump()
    architecture = {"type": "fully_connected", "widths": [8, 6, 3], "bias": True}
    ensemble = Ensemble.initial(architecture, [0, 1])
    tensors = {f"final/plain/{name}": tensor for name, tensor in ensemble.state.items()}
    trained = Networks({"architecture": architecture, "variants": {"plain": {}}, "snapshots": []}, tensors)
    images = torch.randn(40, 8, generator=torch.Generator().manual_seed(0))
    given = Given(settings, {"mlp": trained})
    split = SimpleNamespace(batches=lambda size: iter([(images, torch.arange(40) % 3)]))
    monkeypatch.setattr(Given, "data", lambda *_: SimpleNamespace(test=split))
    found = analysis.analyse(given)
    assert found.metrics["networks"] == 2
    layers = set(found.table[found.table.quantity == "mean_alignment"].layer)
    assert len(layers) == 2
    means = found.table[found.table.quantity == "mean_alignment"]
    assert (means.low < means.value).all()
