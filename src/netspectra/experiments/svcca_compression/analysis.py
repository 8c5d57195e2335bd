"""Networks whose linear layers read few directions of what enters them, beside principal and unrelated directions."""

from collections.abc import Iterator
from itertools import islice

import pandas as pd
import torch

from netspectra.data.images import Dataset
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.compression import compressed, sizes
from netspectra.lenses.representations import representations
from netspectra.lenses.scoring import hits
from netspectra.measures.directions import Decomposed, Directions, decompose, principal_directions, shared_directions
from netspectra.measures.feature_maps import permuted
from netspectra.networks.looking import looking
from netspectra.networks.parts import Classifier
from netspectra.statistics.intervals import Metrics

Layers = dict[str, Decomposed]


def analyse(given: Given) -> Findings:
    """Tabulate accuracies and sizes; every network is paired with the next."""
    settings, metrics = given.settings, Metrics()
    ((name, networks),) = given.networks.items()
    trained, data = list(networks.stack(networks.variants[0])), given.data(name)
    generator = torch.Generator().manual_seed(settings["seed"])
    seen = [_seen(network, data, settings) for network in trained]
    ready = [{place: decompose(x, name=place) for place, x in of_one.items()} for of_one in seen]
    rows = []
    for i, network in enumerate(trained):
        other = (i + 1) % len(trained)
        control = {place: decompose(permuted(x, generator), name=place) for place, x in seen[other].items()}
        directions = all_directions(ready[i], ready[other], control, settings)
        rows += [row | {"replicate": i} for row in of_network(network, directions, data, settings)]
    table = pd.DataFrame(rows)
    add(metrics, table, settings)
    return Findings(table, metrics)


def all_directions(mine: Layers, other: Layers, control: Layers, settings: dict) -> dict[str, dict[str, Directions]]:
    """Directions of what enters every layer, by what they are shared with."""
    found = {kind: {} for kind in ("pair", "pair control", "logits", "logits control", "pca")}
    for place in settings["inputs"].values():
        for kind, target in (
            ("pair", other[place]),
            ("pair control", control[place]),
            ("logits", mine["logits"]),
            ("logits control", control["logits"]),
        ):
            found[kind][place] = shared_directions(mine[place], target, share=settings["share"], filled=True)
        found["pca"][place] = principal_directions(mine[place])
    return found


def of_network(
    network: Classifier, directions: dict[str, dict[str, Directions]], data: Dataset, settings: dict
) -> Iterator[dict]:
    """Accuracy with no layer compressed, the topmost, the two topmost, ...; and the sizes of all layers."""
    both = sorted({*settings["pair"], *settings["logits"]})
    shares = {"pair": settings["pair"], "logits": settings["logits"], "logits control": settings["logits"]}
    shares |= {"pca": both, "pair control": both}
    lowest = list(settings["inputs"].values())[-1]  # what lies below it runs once
    for split in ("train", "test"):
        labels = getattr(data, split).labels.cpu()
        entering = representations(network, [lowest], getattr(data, split).batches(settings["batch"]))[lowest]
        value = accuracy(network, lowest, entering, labels)
        yield {"kind": "whole", "quantity": split, "layers": 0, "value": value}
        for kind, share in ((kind, each) for kind, of_kind in shares.items() for each in of_kind):
            for count in range(1, len(settings["inputs"]) + 1):
                ranks = _ranks(network, directions[kind], share, settings, count)
                value = accuracy(compressed(network, ranks), lowest, entering, labels)
                yield {"kind": kind, "share": share, "quantity": split, "layers": count, "value": value}
    for share in shares["pca"]:
        ranks = _ranks(network, directions["pca"], share, settings, len(settings["inputs"]))
        for size in sizes(network, {layer: rank for layer, (_, rank) in ranks.items()}):
            for quantity in ("before", "after", "rank", "break_even"):
                row = {"kind": size.layer, "share": share, "layers": 1, "quantity": quantity}
                yield row | {"value": getattr(size, quantity)}


def accuracy(network: Classifier, place: str, leaving: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of the samples whose class a network tells from what left a place, on the CPU."""
    stages = network.chain()
    above = stages[[name for name, _ in stages.named_children()].index(place) + 1 :].cpu()
    with looking(above), torch.no_grad():
        return int(hits(above(leaving), labels)) / len(labels)


def add(metrics: Metrics, table: pd.DataFrame, settings: dict) -> None:
    """Add accuracy lost with all layers compressed, the order of the shares on training images, and sizes."""
    lost = {}
    for split in ("train", "test"):
        found = table[table.quantity == split]
        whole = found[found.kind == "whole"].set_index("replicate").value
        last = found[found.layers == len(settings["inputs"])]
        for (kind, share), rows in last.groupby(["kind", "share"]):
            lost[kind, share] = whole - rows.set_index("replicate").value
            metrics.add(f"{split}_{_name(kind, share)}", lost[kind, share])
        for kind in ("pair", "logits"):
            low, high = settings[kind]
            for ending in ("", " control"):
                order = lost[kind + ending, low] - lost[kind + ending, high]
                metrics.add(f"{split}_{(kind + ending).replace(' ', '_')}_order", order)
    counted = table[(table.replicate == 0) & table.quantity.isin(["before", "after"])]
    for share, rows in counted.groupby("share"):
        total = rows.groupby("quantity").value.sum()
        metrics.number(f"size_{100 * share:g}", total["after"] / total["before"])


def _name(kind: str, share: float) -> str:
    first, *control = kind.split()
    return "_".join([first, f"{100 * share:g}", *control])


def _ranks(
    network: Classifier, directions: dict[str, Directions], share: float, settings: dict, count: int
) -> dict[str, tuple[Directions, int]]:
    """Directions and how many of them, for the topmost layers: a share of what enters, at most all it spans."""
    found = {}
    for layer, place in list(settings["inputs"].items())[:count]:
        width = network.get_submodule(layer).in_features
        found[layer] = directions[place], min(max(1, round(share * width)), len(directions[place]))
    return found


def _seen(network: Classifier, data: Dataset, settings: dict) -> dict[str, torch.Tensor]:
    batches = islice(data.train.batches(settings["batch"]), -(-settings["images"] // settings["batch"]))
    found = representations(network, [*settings["inputs"].values(), "logits"], batches)
    return {place: x.flatten(1) for place, x in found.items()}
