"""Test accuracy while layers freeze, paired with the same networks trained whole, and the backward work it saves."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

import pandas as pd
import torch
from torch import nn

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.learning import learning_rows
from netspectra.lenses.training_cost import frozen_share
from netspectra.networks.checkpoints import Networks, variant_settings
from netspectra.networks.zoo import build
from netspectra.statistics.intervals import Metrics

KINDS = {"convnet": "conv", "resnet": "resnet"}


def analyse(given: Given) -> Findings:
    """Tabulate learning curves against the share of training done, what froze when, and gains over the same seeds."""
    frames, metrics = [], Metrics()
    for name, networks in given.networks.items():
        kind = KINDS[networks.settings["architecture"]["type"]]
        x, _ = given.data(name).train.batch(slice(0, 2))
        found = pd.DataFrame([*freezing(networks), *gains(networks, given.settings), *work(networks, x.cpu())])
        rows = learning_rows(networks, given.settings["points"])
        frames += [rows.assign(x=rows.x / float(_steps(networks)), network=kind), found.assign(network=kind)]
        add(metrics, kind, found)
        metrics.number(f"{kind}_identical", min(share for share, _ in bits(networks)))
        metrics.number(f"{kind}_identical_control", max(share for _, share in bits(networks)))
    return Findings(pd.concat(frames), metrics)


def freezing(networks: Networks) -> Iterator[dict]:
    """The fraction of training from which every module is frozen."""
    for variant in networks.variants:
        for block in variant_settings(networks.settings, variant)["freeze"]:
            yield {"variant": variant, "layer": block["layers"], "quantity": "frozen", "x": block["at"]}


def gains(networks: Networks, settings: dict) -> Iterator[dict]:
    """What freezing gains in test accuracy over the networks of the same seeds that train whole, in [-1, 1]."""
    base = _ends(networks, settings["base"], settings["late"])
    for variant in (name for name in networks.variants if name != settings["base"]):
        for when, values in _ends(networks, variant, settings["late"]).items():
            for i, value in enumerate((values - base[when][: len(values)]).tolist()):
                yield {"variant": variant, "replicate": i, "quantity": when, "x": 1.0, "value": value}


def work(networks: Networks, x: torch.Tensor) -> Iterator[dict]:
    """Backward multiply-adds of every variant over those without freezing."""
    network = build(networks.settings["architecture"])
    for variant in networks.variants:
        blocks = variant_settings(networks.settings, variant)["freeze"]
        groups, at = [modules(network, block["layers"]) for block in blocks], [block["at"] for block in blocks]
        share = frozen_share(network, x, groups, at)
        yield {"variant": variant, "replicate": 0, "quantity": "backward", "x": 1.0, "value": share}


def modules(network: nn.Module, pattern: str) -> list[str]:
    """Modules whose name fits."""
    return [name for name, _ in network.named_modules() if name and fnmatchcase(name, pattern)]


def bits(networks: Networks) -> Iterator[tuple[float, float]]:
    """Shares of tensors that are at the end, bit by bit, as they were at a snapshot: of frozen and of other modules."""
    network = build(networks.settings["architecture"])
    for variant in networks.variants:
        settings = variant_settings(networks.settings, variant)
        for at in settings["snapshots"] if settings["freeze"] else ():
            done = [block["layers"] for block in settings["freeze"] if block["at"] <= at]
            frozen = tuple(f"{name}." for pattern in done for name in modules(network, pattern))
            kept, end = networks.stack(variant, at).state, networks.stack(variant).state
            same = pd.Series({name: float(torch.equal(kept[name], end[name])) for name in end})
            below = same.index.str.startswith(frozen)
            yield same[below].mean(), same[~below].mean()


def add(metrics: Metrics, kind: str, rows: pd.DataFrame) -> None:
    """Add gains with intervals over paired networks, and shares of the backward work."""
    for (variant, quantity), found in rows.dropna(subset="value").groupby(["variant", "quantity"]):
        if quantity == "backward":
            metrics.number(f"{kind}_{variant}_backward", found.value.item())
        else:
            metrics.add(f"{kind}_{variant}_{quantity}", found.value)


def _steps(networks: Networks) -> int:
    return int(networks.history(networks.variants[0])["test/step"][-1])


def _ends(networks: Networks, variant: str, late: float) -> dict[str, torch.Tensor]:
    """Test accuracy of every network at the end, and its mean over what was measured late."""
    history = networks.history(variant)
    accuracy, steps = history["test/accuracy"].double().cpu(), history["test/step"].cpu()
    return {"final": accuracy[-1], "late": accuracy[steps >= late * steps[-1]].mean(0)}
