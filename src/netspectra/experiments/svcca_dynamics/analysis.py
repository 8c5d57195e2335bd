"""SVCCA of every layer during training with every layer in the end, and how much any drift of that length gives."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import pandas as pd
import torch
from torch import nn

from netspectra.data.images import Dataset
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.controls import displaced, with_statistics
from netspectra.lenses.representations import Read, neurons, representations
from netspectra.measures.feature_maps import permuted, svcca_grid
from netspectra.networks.checkpoints import Networks, variant_settings
from netspectra.networks.parts import Residual
from netspectra.statistics.intervals import Metrics

INPUT = "in"  # the layer of every network that hands on its input


@dataclass(frozen=True)
class Seen:
    """What the places of a network hold: spatial means of all images, and whole maps of the first few."""

    means: Read
    maps: Read


def analyse(given: Given) -> Findings:
    """Tabulate similarities of places with themselves at every time, and whole grids."""
    settings, metrics, frames = given.settings, Metrics(), []
    for name, networks in given.networks.items():
        kind = networks.settings["architecture"]["type"]
        rows = pd.DataFrame(of_networks(networks, given.data(name), settings))
        frames.append(rows.assign(network=kind))
        add_check(metrics, kind, rows)
        if kind == "convnet":
            add(metrics, rows, settings)
        else:
            add_residual(metrics, rows)
    return Findings(pd.concat(frames), metrics)


def places_of(network: nn.Module) -> list[str]:
    """Every named layer, bottom first; of a residual block both normalised convolutions and their sum."""
    found = []
    for name, layer in network.named_children():
        found += [f"{name}.{part}" for part in ("bncv1", "bncv2", "res")] if isinstance(layer, Residual) else [name]
    return found


def of_networks(networks: Networks, data: Dataset, settings: dict) -> Iterator[dict]:
    """Rows of all replicates; times other than the end have a whole grid of the first replicate alone."""
    variant = settings["variant"]
    times = variant_settings(networks.settings, variant)["snapshots"]
    generator = torch.Generator().manual_seed(settings["seed"])
    stacks = {at: networks.stack(variant, at) for at in times}
    for i, network in enumerate(networks.stack(variant)):
        final = seen(network, data, settings)
        yield from ({"replicate": i, "x": 1.0} | row for row in grid(final, final, settings))
        for at, stack in stacks.items():
            earlier = stack.single(i)
            ready = with_statistics(earlier, _batches(data.train, settings)) if at == 0 else earlier
            found = seen(ready, data, settings)
            yield from ({"replicate": i, "x": at} | row for row in diagonal("trained", found, final, settings))
            if i == 0:
                yield from ({"replicate": i, "x": at} | row for row in grid(found, final, settings))
            if at == 0:
                yield from (
                    {"replicate": i, "x": at} | row | {"quantity": "start"} for row in grid(found, found, settings)
                )
            if at != settings["judged"]:
                continue
            moved = with_statistics(displaced(network, earlier, generator), _batches(data.train, settings))
            drift = diagonal("drift", seen(moved, data, settings), final, settings)
            mixed = Seen(
                *({name: permuted(x, generator) for name, x in kept.items()} for kept in (found.means, found.maps))
            )
            yield from ({"replicate": i, "x": at} | row for row in drift)
            yield from ({"replicate": i, "x": at} | row for row in diagonal("permuted", mixed, final, settings))


def seen(network: nn.Module, data: Dataset, settings: dict) -> Seen:
    """Read all places on test images."""
    places = places_of(network)
    parts = [representations(network, places, [batch]) for batch in _batches(data.test, settings)]
    means = {name: torch.cat([neurons(part[name]) for part in parts]) for name in places}
    return Seen(means, {name: parts[0][name][: settings["spread"]] for name in places})


def diagonal(kind: str, first: Seen, second: Seen, settings: dict) -> Iterator[dict]:
    """Every place with itself: maps with positions as samples, neurons on all images."""
    for name, mine in first.maps.items():
        kept = (first.maps, second.maps) if mine.ndim == 4 else (first.means, second.means)
        (value,) = svcca_grid(*({name: of_one[name]} for of_one in kept), share=settings["share"]).flatten().tolist()
        yield {"quantity": "diagonal", "kind": kind, "row": name, "column": name, "value": value}


def grid(first: Seen, second: Seen, settings: dict) -> Iterator[dict]:
    """All places with all, by spatial means."""
    found = svcca_grid(first.means, second.means, share=settings["share"], diagonal=False)
    for name, values in zip(first.means, found.tolist(), strict=True):
        for other, value in zip(second.means, values, strict=True):
            yield {"quantity": "grid", "kind": "trained", "row": name, "column": other, "value": value}


def add(metrics: Metrics, rows: pd.DataFrame, settings: dict) -> None:
    """Add how much nearer lower layers are to their end than higher ones, and the same of all controls."""
    at, low, high = settings["judged"], settings["low"], settings["high"]
    found = {kind: _wide(rows, kind, at) for kind in ("trained", "drift", "permuted")} | {
        "start": _wide(rows, "trained", 0.0)
    }
    contrast = {kind: wide[low].mean(axis=1) - wide[high].mean(axis=1) for kind, wide in found.items()}
    for kind, values in contrast.items():
        ending = {"trained": "", "permuted": "_control"}.get(kind, f"_{kind}")
        metrics.add(f"bottom_up{ending}", values)
        metrics.add(f"logits_over_fc2{ending}", found[kind].logits - found[kind].fc2)
    gain = {kind: (found[kind] - found["start"]) / (1 - found["start"]) for kind in ("trained", "permuted")}
    for kind, ending in (("trained", ""), ("permuted", "_control")):
        metrics.add(f"gain{ending}", gain[kind][low].mean(axis=1) - gain[kind][high].mean(axis=1))
    metrics.add("beyond_drift", contrast["trained"] - contrast["drift"])
    metrics.add("beyond_drift_control", contrast["permuted"] - contrast["drift"])
    ends = (
        rows[(rows.quantity == "grid") & (rows.x == 1.0)].set_index(["row", "column", "replicate"]).value.sort_index()
    )
    pairs = [ends[layer, before] for layer, before in settings["normalised"].items()]
    metrics.add("normalised", pd.concat(pairs, axis=1).min(axis=1))


def add_check(metrics: Metrics, kind: str, rows: pd.DataFrame) -> None:
    """Add the least that any layer nears its end from one time to the next; the input is there from the start."""
    rows = rows[rows.row != INPUT]
    times = sorted(rows[rows.quantity == "diagonal"].x.unique())
    steps = [_wide(rows, "trained", b) - _wide(rows, "trained", a) for a, b in pairwise(times)]
    metrics.add(f"{kind}_rise", pd.concat(steps, axis=1).min(axis=1))


def add_residual(metrics: Metrics, rows: pd.DataFrame) -> None:
    """Add how much more alike the sums of neighbouring blocks are than a sum and the convolutions after it."""
    for quantity, at, ending in (("grid", 1.0, ""), ("start", 0.0, "_control")):
        found = rows[(rows.quantity == quantity) & (rows.x == at)]
        blocks = [name.removesuffix(".res") for name in found.row.unique() if name.endswith(".res")]
        wide = found.set_index(["row", "column", "replicate"]).value.sort_index()
        sums = [wide[f"{a}.res", f"{b}.res"] for a, b in pairwise(blocks)]
        others = [wide[f"{a}.res", f"{b}.{part}"] for a, b in pairwise(blocks) for part in ("bncv1", "bncv2")]
        alike, less = (pd.concat(of_kind, axis=1).mean(axis=1) for of_kind in (sums, others))
        metrics.add(f"residual{ending}", alike - less)


def _wide(rows: pd.DataFrame, kind: str, at: float) -> pd.DataFrame:
    chosen = rows[(rows.quantity == "diagonal") & (rows.kind == kind) & (rows.x == at)]
    return chosen.pivot(index="replicate", columns="row", values="value")


def _batches(split: object, settings: dict) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    return islice(split.batches(settings["batch"]), -(-settings["images"] // settings["batch"]))
