"""Networks trained on true labels and on one permutation of them: distances within and between the two groups."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import nn

from netspectra.data.images import Dataset
from netspectra.experiments.measuring import Findings, Given, sizes
from netspectra.lenses.controls import with_statistics
from netspectra.lenses.representations import pair_rows, represented
from netspectra.lenses.scoring import accuracy
from netspectra.measures.compared import MEASURES, distance_matrices
from netspectra.networks.checkpoints import Networks
from netspectra.statistics.estimates import of_pairs
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.pairs import pairs, ratio_of_pairs

VARIANTS = ("true", "permuted")
GROUPS = (*VARIANTS, "inter")
SPLITS = ("train", "test")
ENDINGS = {"trained": "", "untrained": "_control"}
ENDS = 3  # layers judged at the top and at the bottom
Means = dict[tuple[str, str, str, str, str], np.ndarray]  # by split, state, place, measure, group: of every pair


def analyse(given: Given) -> Findings:
    """Tabulate the distances of all pairs, at every layer, trained and untrained, on training and on test images."""
    (name,) = given.settings["networks"]
    networks, batch = given.networks[name], given.settings["batch"]
    rows, metrics, means = sizes(given.data(name)), Metrics(), {}
    for variant in VARIANTS:
        rows += add_accuracy(metrics, networks, variant, given.data(name, variant), batch)
    splits = {"train": list(given.data(name).train.batches(batch)), "test": list(given.data(name).test.batches(batch))}
    for state in ENDINGS:
        looked = list(_networks(networks, state, splits["train"]))
        for split, batches in splits.items():
            rows += _distances(looked, batches, means, state=state, split=split)
    curves = Metrics()
    add_groups(curves, means, len(looked) // 2)
    add_contrasts(metrics, means, len(looked) // 2)
    rows += [*summaries(curves, means), *ratios(metrics, means, len(looked) // 2)]
    metrics.update({name: value for name, value in curves.items() if name.startswith("pwcca_trained")})
    return Findings(pd.DataFrame(rows), metrics)


def places_of(network: nn.Module) -> list[str]:
    """The image, every convolution behind its ReLU, and the softmax."""
    return ["in", *(name for name, _ in network.named_children() if name.startswith("conv")), "out"]


def add_accuracy(metrics: Metrics, networks: Networks, variant: str, data: Dataset, batch: int) -> Iterator[dict]:
    """Accuracy (%) on the labels that the networks were trained on, which is to be near 100, and on test images."""
    for split in SPLITS:
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
        metrics.put(f"{measure}_{state}_{split}_{place}_{group}", of_pairs(values, pairs(networks)))


def add_contrasts(metrics: Metrics, means: Means, networks: int) -> None:
    """What the notes claim: between groups at the last and first convolutions, with its control beside it."""
    places = convolutions(means)
    for split in SPLITS:
        for state, ending in ENDINGS.items():
            for n, place in enumerate(places[: -ENDS - 1 : -1], 1):
                found = _group(means, split, state, place, "pwcca")
                name = f"pwcca_{split}_top_{n}"
                metrics.put(name + ending, of_pairs(found["permuted"] - found["true"], pairs(networks)))
                if state == "trained":
                    metrics.put(f"{name}_inter", of_pairs(found["inter"] - found["permuted"], pairs(networks)))
                    metrics.put(f"{name}_inter_control", of_pairs(found["inter"] - found["true"], pairs(networks)))
            for n, place in enumerate(places[:ENDS], 1):
                found = _group(means, split, state, place, "pwcca")
                metrics.put(
                    f"pwcca_{split}_low_{n}{ending}", of_pairs(found["permuted"] - found["true"], pairs(networks))
                )
            for group, values in _group(means, split, state, "out", "pwcca").items():
                metrics.put(f"pwcca_{split}_softmax_{group}{ending}", of_pairs(values, pairs(networks)))


def convolutions(means: Means) -> list[str]:
    """Names of all convolutions, from the image on."""
    return list(dict.fromkeys(place for _, _, place, _, _ in means if place.startswith("conv")))


def ratios(metrics: Metrics, means: Means, networks: int) -> Iterator[dict]:
    """Distance among memorising over distance among generalising networks at the top, on training images."""
    for state, ending in ENDINGS.items():
        for measure in MEASURES:
            top = [_group(means, "train", state, place, measure) for place in convolutions(means)[-ENDS:]]
            far, near = (np.mean([found[group] for found in top], axis=0) for group in ("permuted", "true"))
            ratio = ratio_of_pairs(far, near, networks)
            metrics.put(f"{measure}_ratio{ending}", ratio)
            ends = {"value": ratio.value, "low": ratio.low, "high": ratio.high}
            yield {"quantity": "ratio", "state": state, "measure": measure, **ends}


def _group(means: Means, split: str, state: str, place: str, measure: str) -> dict[str, np.ndarray]:
    return {group: means[split, state, place, measure, group] for group in GROUPS}


def summaries(metrics: Metrics, means: Means) -> Iterator[dict]:
    """Rows with intervals, for the plot: the mean of every group."""
    for split, state, place, measure, group in means:
        key = {"quantity": "mean", "split": split, "state": state, "layer": place, "measure": measure, "group": group}
        name = f"{measure}_{state}_{split}_{place}_{group}"
        low, high = (metrics.get(f"{name}_{end}", metrics[name]) for end in ("low", "high"))
        yield key | {"value": metrics[name], "low": low, "high": high}
