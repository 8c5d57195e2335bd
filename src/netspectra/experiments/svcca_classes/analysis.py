"""Multiple correlation of every layer's spatial means with the logit of a class, trained and before training."""

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
        for kind, one in (("trained", network), ("untrained", ready)):
            rows += [row | {"replicate": i, "kind": kind} for row in of_network(one, data, settings)]
    table = pd.DataFrame(rows)
    for kind, ending in (("trained", ""), ("untrained", "_control")):
        add(metrics, ending, table[table.kind == kind], settings)
    return Findings(table, metrics)


def of_network(network: nn.Module, data: Dataset, settings: dict) -> Iterator[dict]:
    """Correlations of every hidden layer with every logit of the same network."""
    places = layers_of(network)
    parts = [representations(network, [*places, "logits"], [batch]) for batch in _batches(data.test, settings)]
    seen = {name: torch.cat([neurons(part[name]) for part in parts]) for name in [*places, "logits"]}
    for depth, place in enumerate(places, 1):
        found = multiple_correlation(seen[place], seen["logits"]).adjusted
        for label, value in zip(data.classes, found.tolist(), strict=True):
            yield {"layer": place, "x": depth, "class": label, "value": value}


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
