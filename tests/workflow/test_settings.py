"""params.yaml: every wrong setting is named with what was found, what is allowed and what to do, all at once."""

import copy
from typing import get_args

import pytest
from project import ROOT
from pydantic import BaseModel

from netspectra.errors import SettingsError
from netspectra.overlays import merge
from netspectra.workflow import settings
from netspectra.workflow.settings import known_experiments, model_of, read, resolve

PARAMS = read(ROOT / "params.yaml")
MLP, CNN = ("networks", "align_mlp"), ("networks", "rainbow_cnn")
PRUNING = ("experiments", "align_pruning")


def changed(*changes, scale="paper"):
    """params.yaml with values set at paths."""
    params = copy.deepcopy(PARAMS) | {"scale": scale}
    for path, value in changes:
        block = params
        for key in path[:-1]:
            block = block[key]
        block[path[-1]] = value
    return params


def refused(*changes, scale="paper"):
    with pytest.raises(SettingsError) as error:
        resolve(changed(*changes, scale=scale))
    return str(error.value)


@pytest.mark.parametrize("scale", PARAMS["scales"])
def test_every_scale_is_valid(scale):
    assert resolve(PARAMS | {"scale": scale})["scale"] == scale


def test_defaults_are_filled_in_and_overlays_gone():
    found = resolve(PARAMS | {"scale": "paper"})
    block = found["networks"]["align_mlp"]
    assert {key: block[key] for key in ("task", "schedule", "stop", "freeze", "clip")} == {
        "task": {"name": "classify"}, "schedule": {"name": "constant"}, "stop": None, "freeze": [], "clip": None,
    }  # fmt: skip
    assert (block["data"]["permute_labels"], block["data"]["seed"]) == (False, 0)
    assert block["optimiser"] == {
        "name": "adam", "rate": 0.001, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0,
    }  # fmt: skip
    assert "scales" not in found
    assert found["resources"]["store_mb"] == 4000


WRONG = [
    (("devcie",), 2, "top level: unknown key 'devcie'; allowed: data, device, .*; did you mean 'device'"),
    (("device",), "tpu", r"device: found 'tpu', wanted text like .*auto.*\(auto takes CUDA"),
    ((*MLP, "epochz"), 2, "networks.align_mlp: unknown key 'epochz'; allowed: .*; did you mean 'epochs'"),
    ((*MLP, "replicates"), 0, r"networks.align_mlp.replicates: found 0, wanted at least 1 \(Networks per variant\)"),
    ((*MLP, "replicates"), True, "networks.align_mlp.replicates: found True, wanted a whole number"),
    ((*MLP, "replicates"), 2.0, "networks.align_mlp.replicates: found 2.0, wanted a whole number"),
    ((*MLP, "optimiser", "rate"), True, "optimiser.rate: found True, wanted a number"),
    ((*MLP, "optimiser", "rate"), float("inf"), "optimiser.rate: found inf, wanted a finite number"),
    ((*MLP, "optimiser", "rate"), "1e9", r"rate: found '1e9', .*YAML reads 1e9 as text: write 1.0e\+9"),
    ((*MLP, "optimiser", "rate"), "2.5e-3x", "optimiser.rate: found '2.5e-3x', wanted a number"),
    ((*MLP, "batch"), "128", "batch: found '128', wanted a whole number .*; write it without quotes"),
    ((*MLP, "optimiser", "name"), "adamw", "optimiser.name: found 'adamw', wanted one of .*'sgd', 'adam'"),
    ((*MLP, "optimiser", "momentum"), 0.9, "optimiser: unknown key 'momentum'; allowed: betas, eps, name"),
    ((*MLP, "architecture", "widths"), [784, -5, 10], "architecture.widths.1: found -5, wanted at least 1"),
    ((*MLP, "architecture", "widths"), [783, 5, 10], "architecture.widths.0: found 783, wanted 784, as data.mnist has"),
    ((*MLP, "architecture", "widths"), [784, 5, 11], "architecture.widths.2: found 11, wanted 10, as data.mnist has"),
    ((*CNN, "architecture", "image"), 28, "rainbow_cnn.architecture.image: found 28, wanted 32, as data.cifar10"),
    ((*CNN, "architecture", "kernel"), 31, "architecture.kernel: found 31, wanted at most 1, the side of a map"),
    ((*CNN, "data", "grey"), False, "architecture.channels.0: found 1, wanted 3, as data.cifar10"),
    ((*MLP, "data", "set"), "mnits", "networks.align_mlp.data.set: found 'mnits', wanted one of mnist, cifar10"),
    ((*MLP, "data", "train"), 60001, "data.train: found 60001, wanted at most 60000"),
    ((*MLP, "snapshots"), [0, 1.5], "snapshots.1: found 1.5, wanted at most 1"),
    ((*MLP, "snapshots"), [0.5, 0.5], "snapshots: found 0.5 twice, wanted each once"),
    ((*MLP, "schedule"), {"name": "steps"}, "align_mlp.schedule.at: missing .*; add it"),
    ((*MLP, "schedule"), {"name": "constant", "end": 0.1}, "schedule: unknown key 'end'; allowed: name"),
    ((*MLP, "task"), {"name": "next_tokens", "length": 3}, "align_mlp.task: found next_tokens, wanted classify"),
    ((*MLP, "freeze"), [{"layers": "fc*", "at": 2}], "freeze.0.at: found 2, wanted at most 1"),
    ((*MLP, "stop"), {"accuracy": 99}, "stop.accuracy: found 99, wanted at most 1"),
    ((*MLP, "clip"), 0, "clip: found 0, wanted more than 0"),
    ((*MLP, "data", "permute_labels"), 1, "data.permute_labels: found 1, wanted true or false"),
    ((*MLP, "variants", "mlp"), {"epohcs": 3}, "variants.mlp: unknown key 'epohcs'; .*did you mean 'epochs'"),
    ((*MLP, "variants", "mlp"), {"epochs": 0}, "variants.mlp.epochs: found 0, wanted at least 1"),
    ((*MLP, "variants", "mlp"), {"variants": {}}, "variants.mlp: found variants within a variant"),
    ((*MLP, "variants", "mlp"), {"data": {"set": "cifar10"}}, "mlp.architecture.widths.0: found 784, wanted 3072"),
    ((*MLP, "variants", "mlp"), {"optimiser": {"momentum": 0.9}}, "variants.mlp.optimiser: unknown key 'momentum'"),
    ((*MLP, "variants", "mlp"), {"optimiser": {"name": "sgd"}}, "variants.mlp.optimiser.rate: missing"),
    ((*MLP, "variants"), {0: {}}, "variants.0: found the key 0, wanted text; write it in quotes"),
    (("experiments", "align_prunning"), {}, "unknown key 'align_prunning'; .*did you mean 'align_pruning'"),
    ((*PRUNING, "networks"), ["align_mpl"], "align_pruning.networks: found 'align_mpl', wanted one of align_mlp"),
    ((*PRUNING, "fractions"), [0.1, 1.5], "fractions.1: found 1.5, wanted at most 1"),
    ((*PRUNING, "fractions"), [0.0, 0.9], "align_pruning.fractions: found .*, wanted 0.1 among them"),
    ((*PRUNING, "figures"), ["a", "a"], "align_pruning.figures: found 'a' twice"),
    ((*PRUNING, "figures"), ["align_by_layer"], "figures: found 'align_by_layer', which align_training draws"),
    ((*PRUNING, "random_draw"), 3, "align_pruning: unknown key 'random_draw'; .*did you mean 'random_draws'"),
    (("experiments", "rainbow_samples", "data"), ["imagenet"], "samples.data: found 'imagenet', wanted one of mnist"),
    (("experiments", "rainbow_spectra", "batch"), {"rainbow_mlp": 9}, "spectra.batch: found values for rainbow_mlp,"),
    (("experiments", "active_choices", "choices", "relu"), {"activaton": "relu"}, "relu: unknown key 'activaton'"),
    (("experiments", "active_spectrum", "samples"), 5145, "samples: found 5145, wanted at least 5146, as many"),
    (("data", "mnist"), None, "data.mnist: found None, wanted a block of keys and values"),
    (("data", "mnist", "version"), "half", "data.mnist.version: found 'half', wanted one of full"),
    (("resources", "networks", "align_mpl"), {"threads": 1}, "resources.networks: unknown key 'align_mpl'"),
    (("resources", "networks", "default"), {"threads": 1}, "resources.networks.default: missing mem_mb, runtime, gpu"),
    (("scale",), "papr", "scale: found 'papr', allowed: paper, sample, evening, smoke"),
    (("scales",), None, "scales: found None, wanted a block per scale"),
    (("scales", "paper"), {"networks": {"align_mpl": {}}}, "scales.paper.networks: unknown key 'align_mpl'"),
    (("scales", "paper"), {"networks": {"align_mlp": {"epochs": 0}}}, "networks.align_mlp.epochs: found 0"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message"), WRONG, ids=[".".join(map(str, path)) for path, *_ in WRONG])
def test_a_bad_setting_is_named_with_what_is_allowed(path, value, message):
    with pytest.raises(SettingsError, match=message):
        resolve(changed((path, value)))


def test_all_problems_are_said_at_once_a_line_each():
    said = refused(((*MLP, "epochs"), 0), ((*MLP, "optimiser", "rate"), -1), ((*PRUNING, "seed"), "one"), (("x",), 1))
    assert [line.split(":")[0].strip() for line in said.splitlines()[1:-1]] == [
        "networks.align_mlp.optimiser.rate", "networks.align_mlp.epochs", "top level", "experiments.align_pruning.seed",
    ]  # fmt: skip


def test_a_base_that_an_overlay_mends_is_not_wrong():
    params = changed(((*MLP, "epochs"), 0), (("scales", "paper"), {"networks": {"align_mlp": {"epochs": 3}}}))
    assert resolve(params)["networks"]["align_mlp"]["epochs"] == 3


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"train": 100, "permute_labels": True, "seed": 3}}, {"architecture": {"widths": [784, 7, 10]}},
        {"schedule": {"name": "cosine"}}, {"replicates": 9}, {"optimiser": {"name": "sgd", "rate": 1}},
        {"stop": {"accuracy": 0.99}, "freeze": [{"layers": "fc1", "at": 0.5}], "clip": 1},
        {"data": {"set": "cifar10", "grey": True}, "architecture": {"type": "convnet", "channels": [1, 2, 2, 2, 2, 2],
         "hidden": [3, 3], "image": 32, "classes": 10}},
    ],
)  # fmt: skip
def test_a_variant_may_change_anything(change):
    found = resolve(changed(((*MLP, "variants"), {"plain": {}, "changed": change})))
    assert found["networks"]["align_mlp"]["variants"]["changed"] == change


def test_a_block_of_another_kind_replaces_the_one_below():
    base = {"optimiser": {"name": "adam", "rate": 0.1, "betas": [0.9, 0.99]}, "epochs": 1}
    assert merge(base, {"optimiser": {"rate": 0.2}})["optimiser"] == base["optimiser"] | {"rate": 0.2}
    assert merge(base, {"optimiser": {"name": "sgd", "rate": 0.2}})["optimiser"] == {"name": "sgd", "rate": 0.2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", r"params.yaml, line 4: the key 'c' stands twice in one block"),
        ("a: 1\nb: .nan\n", r"params.yaml, line 2: found .nan, wanted a finite number"),
        ("a: [1, -.inf]\n", r"params.yaml, line 1: found -.inf, wanted a finite number"),
        ("a: [1, 2\nb: 3\n", r"params.yaml, line 2: "),
        ("a: &x {b: *x}\n", r"params.yaml: not YAML: Circular"),
        ("a: \x07\n", r"params.yaml: not YAML"),
    ],
)
def test_yaml_is_read_strictly(tmp_path, text, message):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=message):
        read(path)


def test_a_key_laid_over_a_merged_block_does_not_stand_twice(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n")
    assert read(path)["b"] == {"x": 3, "y": 2}


def models(model, seen):
    """A model and all that it holds."""
    seen.add(model)
    for field in model.model_fields.values():
        for inner in inner_models(field.annotation):
            if inner not in seen:
                models(inner, seen)
    return seen


def inner_models(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from inner_models(argument)


def test_every_setting_is_described_and_every_block_closed():
    roots = [settings.Params, *map(model_of, known_experiments())]
    found = {model for root in roots for model in models(root, set())}
    assert len(found) > 40
    assert [f"{m.__name__}.{n}" for m in found for n, f in m.model_fields.items() if not f.description] == []
    assert [
        m.__name__ for m in found if m.model_config.get("extra") != "forbid" or not m.model_config.get("strict")
    ] == []


def test_what_the_settings_offer_is_what_the_code_has():
    from netspectra.data.formats import FORMATS
    from netspectra.networks.zoo import ARCHITECTURES
    from netspectra.training.interventions import ACTIONS
    from netspectra.training.optimisers import OPTIMISERS
    from netspectra.training.probes import PROBES
    from netspectra.training.schedules import SCHEDULES
    from netspectra.workflow import architectures, data_blocks, network_blocks

    def names(union, key):
        return {name for model in inner_models(union) for name in get_args(model.model_fields[key].annotation)}

    block = network_blocks.Network.model_fields
    assert set(ARCHITECTURES) == names(architectures.Architecture, "type")
    assert set(OPTIMISERS) == names(block["optimiser"].annotation, "name")
    assert set(PROBES) == names(network_blocks.Probe, "name")
    assert set(ACTIONS) == names(network_blocks.Intervention, "name")
    assert set(FORMATS) == names(data_blocks.ImageVersion, "format")
    assert set(SCHEDULES) == names(block["schedule"].annotation, "name")


def test_a_variant_that_an_overlay_sets_to_null_is_left_out():
    variants = ("networks", "align_mlp", "variants")
    over = ("scales", "sample", "networks", "align_mlp", "variants")
    base = (variants, {"a": {}, "b": {"seed": 3}, "c": None})
    found = resolve(changed(base, (over, {"a": None, "c": {"seed": 4}}), scale="sample"))
    assert found["networks"]["align_mlp"]["variants"] == {"b": {"seed": 3}, "c": {"seed": 4}}
    assert list(resolve(changed(base))["networks"]["align_mlp"]["variants"]) == ["a", "b"]
    said = refused(base, (over, {"bb": None}), scale="sample")
    assert "scales.sample.networks.align_mlp.variants: unknown key 'bb'; allowed: a, b, c; did you mean 'b'?" in said
    assert "align_mlp.variants: found {}, wanted" in refused(base, (over, {"a": None, "b": None}), scale="sample")


def test_untried_experiments_are_left_out_with_the_networks_they_alone_read():
    everything = resolve(changed((("untried",), [])))
    found = resolve(changed((("untried",), ["align_train*", "rainbow_spectra", "cca_mnist"])))
    assert set(everything["experiments"]) - set(found["experiments"]) == {
        "align_training",
        "rainbow_spectra",
        "cca_mnist",
    }
    assert set(everything["networks"]) - set(found["networks"]) == {"cca_mnist"}
    assert "rainbow_spectra" not in found["resources"]["experiments"]
    evening = resolve(changed((("untried",), ["pwcca_*"]), (("scale",), "evening")))
    assert {name.partition("_")[0] for name in evening["experiments"]} == {"svcca"}
    assert "untried: found ['nothing']" in refused((("untried",), ["nothing"]))
