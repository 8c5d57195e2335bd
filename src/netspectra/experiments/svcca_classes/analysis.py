"""Multiple correlation of layers with the trained logit of a class, of trained networks and before training."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from torch import nn

from netspectra.data.images import Dataset
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.controls import with_statistics
from netspectra.lenses.representations import neurons, representations
from netspectra.measures.multiple_correlation import multiple_correlation
from netspectra.networks.parts import Residual
from netspectra.statistics.intervals import Metrics


def analyse(given: Given) -> Findings:
    """Tabulate correlations, what chance gives taken off, by layer and class; the last layer enters the logits."""
    settings, metrics = given.settings, Metrics()
    ((name, networks),) = given.networks.items()
    data, variant, rows = given.data(name), settings["variant"], []
    for i, network in enumerate(networks.stack(variant)):
        started = networks.stack(variant, 0.0).single(i)
        ready = with_statistics(started, _batches(data.train, settings))
        logits = seen(network, ["logits"], data, settings)["logits"]
        for kind, one in (("trained", network), ("untrained", ready)):
            rows += [row | {"replicate": i, "kind": kind} for row in of_network(one, logits, data, settings)]
    table = pd.DataFrame(rows)
    for kind, ending in (("trained", ""), ("untrained", "_control")):
        add(metrics, ending, table[table.kind == kind], settings)
    return Findings(table, metrics)


def of_network(network: nn.Module, logits: torch.Tensor, data: Dataset, settings: dict) -> Iterator[dict]:
    """Correlations of every hidden layer of a network with every logit of the trained one."""
    for depth, (place, x) in enumerate(seen(network, layers_of(network), data, settings).items(), 1):
        found = multiple_correlation(x, logits).adjusted
        for label, value in zip(data.classes, found.tolist(), strict=True):
            yield {"layer": place, "x": depth, "class": label, "value": value}


def seen(network: nn.Module, places: list[str], data: Dataset, settings: dict) -> dict[str, torch.Tensor]:
    """Spatial means of places on test images."""
    parts = [representations(network, places, [batch]) for batch in _batches(data.test, settings)]
    return {name: torch.cat([neurons(part[name]) for part in parts]) for name in places}


def layers_of(network: nn.Module) -> list[str]:
    """Hidden layers, bottom first: the stem, two for every residual block, and what enters the logits."""
    found = []
    for name, layer in network.named_children():
        if isinstance(layer, Residual):
            found += [f"{name}.bncv1", f"{name}.res"]
        elif name not in ("in", "logits", "out"):
            found.append(name)
    return found


def add(metrics: Metrics, ending: str, rows: pd.DataFrame, settings: dict) -> None:
    """Add rises with depth, and how much nearer the curves of related classes are than those of others."""
    curves = rows.pivot(index=["replicate", "class"], columns="x", values="value")
    first, *_, last, logits = curves.columns
    by_class = pd.Series([spearmanr(curves.columns, curve).statistic for curve in curves.to_numpy()], curves.index)
    metrics.add(f"order{ending}", by_class.groupby("replicate").min())
    metrics.add(f"rise{ending}", (curves[last] - curves[first]).groupby("replicate").mean())
    metrics.add(f"last{ending}", curves[logits].groupby("replicate").min())
    within, between = [], []
    for _, found in curves.groupby("replicate"):
        one, two, other = (
            found.xs(label, level="class").to_numpy()[0] for label in (*settings["related"], settings["other"])
        )
        within.append(np.abs(one - two).mean())
        between.append((np.abs(one - other).mean() + np.abs(two - other).mean()) / 2)
    metrics.add(f"related{ending}", np.subtract(between, within))


def _batches(split: object, settings: dict) -> Iterator:
    return islice(split.batches(settings["batch"]), -(-settings["images"] // settings["batch"]))
