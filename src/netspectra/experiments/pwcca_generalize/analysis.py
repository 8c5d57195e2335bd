"""Networks trained on true labels and on one permutation of them: distances within and between the two groups."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import nn

from netspectra.data.images import Dataset
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.controls import with_statistics
from netspectra.lenses.representations import pair_rows, represented
from netspectra.lenses.scoring import accuracy
from netspectra.measures.compared import MEASURES, distance_matrices
from netspectra.networks.checkpoints import Networks
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.pairs import add_pairs, pairs

VARIANTS = ("true", "permuted")
GROUPS = (*VARIANTS, "inter")
ENDS = 3  # layers judged at the top and at the bottom
Means = dict[tuple[str, str, str, str, str], np.ndarray]  # by split, state, place, measure, group: of every pair


def analyse(given: Given) -> Findings:
    """Tabulate the distances of all pairs, at every layer, trained and untrained, on training and on test images."""
    (name,) = given.settings["networks"]
    networks, batch = given.networks[name], given.settings["batch"]
    rows, metrics, means = [], Metrics(), {}
    for variant in VARIANTS:
        rows += add_accuracy(metrics, networks, variant, given.data(name, variant), batch)
    splits = {"train": list(given.data(name).train.batches(batch)), "test": list(given.data(name).test.batches(batch))}
    for state in ("trained", "untrained"):
        looked = list(_networks(networks, state, splits["train"]))
        for split, batches in splits.items():
            rows += _distances(looked, batches, means, state=state, split=split)
    curves = Metrics()
    add_groups(curves, means, len(looked) // 2)
    add_contrasts(metrics, means, len(looked) // 2)
    table = pd.DataFrame([*rows, *summaries(Metrics(curves | metrics), means)])
    metrics.update({name: value for name, value in curves.items() if name.startswith("pwcca_trained")})
    return Findings(table, metrics)


def places_of(network: nn.Module) -> list[str]:
    """The image, every convolution behind its ReLU, and the softmax."""
    return ["in", *(name for name, _ in network.named_children() if name.startswith("conv")), "out"]


def add_accuracy(metrics: Metrics, networks: Networks, variant: str, data: Dataset, batch: int) -> Iterator[dict]:
    """Accuracy (%) on the labels that the networks were trained on, which is to be near 100, and on test images."""
    for split in ("train", "test"):
        found = [100 * accuracy(network, getattr(data, split).batches(batch)) for network in networks.stack(variant)]
        metrics.add(f"accuracy_{variant}_{split}", found)
        metrics.number(f"accuracy_{variant}_{split}_least", min(found))
        for i, value in enumerate(found):
            yield {"quantity": "accuracy", "split": split, "group": variant, "first": i, "value": value}


def _networks(networks: Networks, state: str, train: list) -> Iterator[nn.Module]:
    """All networks of both groups, those with true labels first."""
    for variant in VARIANTS:
        for network in networks.stack(variant, None if state == "trained" else 0):
            yield network if state == "trained" else with_statistics(network, train)


def _distances(networks: list[nn.Module], batches: list, means: Means, *, state: str, split: str) -> Iterator[dict]:
    for place, layers in represented(networks, places_of(networks[0]), batches).items():
        found = distance_matrices(layers)
        for measure in MEASURES:
            for group, values in by_group(found[measure]).items():
                means[split, state, place, measure, group] = values
        yield from pair_rows(found, quantity="distance", split=split, state=state, layer=place)


def by_group(distances: torch.Tensor) -> dict[str, np.ndarray]:
    """Distances of every pair i, j within the first half, within the second, and across them in both orders."""
    half, matrix = len(distances) // 2, distances.numpy()
    chosen = tuple(np.array(pairs(half)).T)
    across = matrix[:half, half:]
    return {
        "true": matrix[:half, :half][chosen],
        "permuted": matrix[half:, half:][chosen],
        "inter": (across + across.T)[chosen] / 2,
    }


def add_groups(metrics: Metrics, means: Means, networks: int) -> None:
    """The mean distance of every group, by measure and layer."""
    for (split, state, place, measure, group), values in means.items():
        add_pairs(metrics, f"{measure}_{state}_{split}_{place}_{group}", values, networks)


def add_contrasts(metrics: Metrics, means: Means, networks: int) -> None:
    """What the notes claim: between groups at the last and first convolutions, with its control beside it."""
    convolutions = list(dict.fromkeys(place for _, _, place, _, _ in means if place.startswith("conv")))
    for split in ("train", "test"):
        for state, ending in (("trained", ""), ("untrained", "_control")):
            for measure in MEASURES:
                for n, place in enumerate(convolutions[: -ENDS - 1 : -1], 1):
                    found = _group(means, split, state, place, measure)
                    name = f"{measure}_{split}_top_{n}"
                    add_pairs(metrics, name + ending, found["permuted"] - found["true"], networks)
                    if state == "trained":
                        add_pairs(metrics, f"{name}_inter", found["inter"] - found["permuted"], networks)
                        add_pairs(metrics, f"{name}_inter_control", found["inter"] - found["true"], networks)
            for n, place in enumerate(convolutions[:ENDS], 1):
                found = _group(means, split, state, place, "pwcca")
                add_pairs(metrics, f"pwcca_{split}_low_{n}{ending}", found["permuted"] - found["true"], networks)
            for group, values in _group(means, split, state, "out", "pwcca").items():
                add_pairs(metrics, f"pwcca_{split}_softmax_{group}{ending}", values, networks)


def _group(means: Means, split: str, state: str, place: str, measure: str) -> dict[str, np.ndarray]:
    return {group: means[split, state, place, measure, group] for group in GROUPS}


def summaries(metrics: Metrics, means: Means) -> Iterator[dict]:
    """Rows with intervals, for the plot: means of every group, and the contrast under every measure."""
    for split, state, place, measure, group in means:
        key = {"quantity": "mean", "split": split, "state": state, "layer": place, "measure": measure, "group": group}
        yield key | _ends(metrics, f"{measure}_{state}_{split}_{place}_{group}")
    for split in ("train", "test"):
        for state, ending in (("trained", ""), ("untrained", "_control")):
            for measure in MEASURES:
                for n in range(1, ENDS + 1):
                    key = {"quantity": "contrast", "split": split, "state": state, "layer": n, "measure": measure}
                    yield key | _ends(metrics, f"{measure}_{split}_top_{n}{ending}")


def _ends(metrics: Metrics, name: str) -> dict:
    return {"value": metrics[name], "low": metrics[f"{name}_low"], "high": metrics[f"{name}_high"]}
