"""Test accuracy while layers freeze, paired with the same networks trained whole, and the backward work it saves."""

from collections.abc import Iterator

import pandas as pd
import torch

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.learning import learning_rows
from netspectra.lenses.training_cost import frozen_share
from netspectra.networks.checkpoints import Networks, variant_settings
from netspectra.networks.zoo import build
from netspectra.statistics.intervals import Metrics

KINDS = {"convnet": "conv", "resnet": "resnet"}


def analyse(given: Given) -> Findings:
    """Tabulate learning curves against the share of training that is done, and when what froze; accuracies in %."""
    frames, metrics = [], Metrics()
    for name, networks in given.networks.items():
        kind = KINDS[networks.settings["architecture"]["type"]]
        rows = learning_rows(networks, given.settings["points"])
        steps = networks.history(given.settings["base"])["test/step"][-1]
        frames.append(rows.assign(network=kind, x=rows.x / float(steps)))
        frames.append(pd.DataFrame(freezing(networks)).assign(network=kind))
        x, _ = given.data(name).train.batch(slice(0, 2))
        add(metrics, kind, networks, x.cpu(), given.settings)
    return Findings(pd.concat(frames), metrics)


def freezing(networks: Networks) -> Iterator[dict]:
    """The fraction of training from which every module is frozen."""
    for variant in networks.variants:
        for block in variant_settings(networks.settings, variant)["freeze"]:
            yield {"variant": variant, "layer": block["layers"], "quantity": "frozen", "x": block["at"]}


def add(metrics: Metrics, kind: str, networks: Networks, x: torch.Tensor, settings: dict) -> None:
    """Add what freezing gains in test accuracy over the same seeds, in [-1, 1], and its share of backward work."""
    base = settings["base"]
    network = build(networks.settings["architecture"])
    ends = {variant: _ends(networks, variant, settings["late"]) for variant in networks.variants}
    for variant, found in ends.items():
        metrics.add(f"{kind}_{variant}_accuracy", found["final"])
        if variant == base:
            continue
        for when, values in found.items():
            metrics.add(f"{kind}_{variant}_{when}", values - ends[base][when][: len(values)])
        blocks = variant_settings(networks.settings, variant)["freeze"]
        groups, at = [[block["layers"]] for block in blocks], [block["at"] for block in blocks]
        metrics.number(f"{kind}_{variant}_backward", frozen_share(network, x, groups, at))


def _ends(networks: Networks, variant: str, late: float) -> dict[str, torch.Tensor]:
    """Test accuracy of every network at the end, and its mean over what was measured late."""
    history = networks.history(variant)
    accuracy, steps = history["test/accuracy"].double().cpu(), history["test/step"].cpu()
    return {"final": accuracy[-1], "late": accuracy[steps >= late * steps[-1]].mean(0)}
