"""Accuracy of networks on few SVCCA directions of one layer, beside neurons, principal and unrelated directions."""

from collections.abc import Iterator
from functools import partial
from itertools import islice

import pandas as pd
import torch
from torch import nn

from netspectra.data.images import Dataset
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.representations import representations
from netspectra.lenses.versions import accuracy_of_versions, flat
from netspectra.measures.directions import (
    Decomposed,
    Directions,
    decompose,
    only_neurons,
    principal_directions,
    shared_directions,
)
from netspectra.measures.feature_maps import permuted
from netspectra.networks.flow import Change
from netspectra.statistics.intervals import Metrics

Key = tuple[str, int]
Versions = dict[Key, Change]


def analyse(given: Given) -> Findings:
    """Tabulate accuracies by split, layer, kind of projection and count; every network is paired with the next."""
    settings, metrics = given.settings, Metrics()
    ((name, networks),) = given.networks.items()
    trained, data = list(networks.stack(networks.variants[0])), given.data(name)
    rows = []
    for layer in settings["counts"]:
        rows += [row | {"layer": layer} for row in of_layer(trained, data, layer, settings)]
    table = pd.DataFrame(rows)
    for (layer, split), found in table.groupby(["layer", "split"], sort=False):
        add(metrics, f"{layer}_{split}", found.pivot(index="replicate", columns="version", values="value"), settings)
    table[["kind", "x"]] = [list(key) for key in table.pop("version")]
    return Findings(table, metrics)


def of_layer(trained: list[nn.Module], data: Dataset, layer: str, settings: dict) -> Iterator[dict]:
    """Accuracies of every network with what leaves the layer replaced."""
    generator = torch.Generator().manual_seed(settings["seed"])
    seen = [_seen(network, data, layer, settings) for network in trained]
    ready = [decompose(x, name=layer) for x in seen]
    for i, network in enumerate(trained):
        other = (i + 1) % len(trained)
        controls = decompose(permuted(seen[other], generator), name=layer)
        versions = of_network(seen[i], (ready[i], ready[other], controls), layer, settings, generator)
        changes = [flat(change) for change in versions.values()]
        for split in ("train", "test"):
            found = accuracy_of_versions(network, layer, changes, getattr(data, split).batches(settings["batch"]))
            for version, value in zip(versions, found.tolist(), strict=True):
                yield {"replicate": i, "split": split, "version": version, "value": value}


def of_network(
    x: torch.Tensor,
    layers: tuple[Decomposed, Decomposed, Decomposed],
    layer: str,
    settings: dict,
    generator: torch.Generator,
) -> Versions:
    """All that one layer is replaced with, by kind and count."""
    mine, other, control = layers
    share, counts = settings["share"], settings["counts"][layer]
    shared = shared_directions(mine, other, share=share, filled=True)
    kinds = {
        "svcca": shared,
        "control": shared_directions(mine, control, share=share, filled=True),
        "pca": principal_directions(mine),
    }
    found: Versions = {("full", x.shape[1]): _unchanged}
    for kind, directions in kinds.items():
        found |= {(kind, k): partial(directions.project, count=k) for k in counts if k <= len(directions)}
    strongest = x.abs().mean(0).argsort(descending=True)
    found |= {("strongest", k): partial(only_neurons, chosen=strongest[:k], others=0.0) for k in counts}
    for draw in range(settings["draws"]):
        order = torch.randperm(x.shape[1], generator=generator)
        found |= {(f"random {draw}", k): partial(only_neurons, chosen=order[:k], others=0.0) for k in counts}
    for m in settings["neurons"].get(layer, []):
        for kind in ("svcca", "control"):
            found |= {
                (f"{kind} on {m}", k): partial(_carried, directions=kinds[kind], count=k, neurons=m)
                for k in counts
                if k <= min(len(kinds[kind]), settings["carried_most"])
            }
    return found


def add(metrics: Metrics, prefix: str, wide: pd.DataFrame, settings: dict) -> None:
    """Add what is claimed of one layer on one split; rows are networks, columns (kind, count)."""
    layer = prefix.split("_")[0]
    (full,) = (key for key in wide if key[0] == "full")
    few, carried = settings["few"][layer], settings["carried"]
    random = wide[[(f"random {draw}", few) for draw in range(settings["draws"])]].mean(axis=1)
    metrics.add(f"{prefix}_full", wide[[full]])
    metrics.add(f"{prefix}_over_pca", wide[[("svcca", few)]].squeeze(axis=1) - _column(wide, ("pca", few)))
    for kind, ending in (("svcca", ""), ("control", "_control")):
        found = _column(wide, (kind, few))
        metrics.add(f"{prefix}_gap{ending}", _column(wide, full) - found)
        metrics.add(f"{prefix}_over_random{ending}", found - random)
        metrics.add(f"{prefix}_over_strongest{ending}", found - _column(wide, ("strongest", few)))
        if layer in settings["neurons"]:
            fewer, more = (_column(wide, (f"{kind} on {m}", carried)) for m in _ends(settings["neurons"][layer]))
            metrics.add(f"{prefix}_distributed{ending}", _column(wide, (kind, carried)) - more)
            metrics.add(f"{prefix}_fewer{ending}", more - fewer)


def _ends(neurons: list[int]) -> tuple[int, int]:
    return neurons[0], neurons[-1]


def _column(wide: pd.DataFrame, key: Key) -> pd.Series:
    return wide[[key]].squeeze(axis=1)


def _seen(network: nn.Module, data: Dataset, layer: str, settings: dict) -> torch.Tensor:
    batches = islice(data.train.batches(settings["batch"]), -(-settings["images"] // settings["batch"]))
    return representations(network, [layer], batches)[layer].flatten(1)


def _carried(x: torch.Tensor, directions: Directions, count: int, neurons: int) -> torch.Tensor:
    chosen = directions.loadings(count).argsort(descending=True)[:neurons]
    return only_neurons(directions.project(x, count), chosen, 0.0)


def _unchanged(x: torch.Tensor) -> torch.Tensor:
    return x
