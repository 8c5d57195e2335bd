"""Networks of growing width: how far apart their last convolutions are, and how well they do."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from netspectra.experiments.measuring import Findings, Given, sizes
from netspectra.lenses.controls import with_statistics
from netspectra.lenses.representations import neurons, pair_rows, representations
from netspectra.lenses.scoring import accuracy
from netspectra.measures.compared import MEASURES, distance_matrices, random_neurons, represent
from netspectra.networks.checkpoints import Networks
from netspectra.statistics.estimates import of_pairs
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.pairs import of_all_pairs, pairs, ratio_of_pairs

ENDINGS = {"trained": "", "untrained": "_control"}


def analyse(given: Given) -> Findings:
    """Tabulate the distances of all pairs of one width on as many filters, trained and untrained, and accuracies."""
    (name,) = given.settings["networks"]
    networks, data, batch = given.networks[name], given.data(name), given.settings["batch"]
    splits = {"train": list(data.train.batches(batch)), "test": list(data.test.batches(batch))}
    generator = torch.Generator().manual_seed(given.settings["seed"])
    rows = sizes(data)
    for variant in networks.variants:
        for state in ENDINGS:
            rows += _of_width(networks, variant, state, splits, given.settings["filters"], generator)
    metrics = Metrics()
    rows += add_findings(metrics, pd.DataFrame(rows))
    return Findings(pd.DataFrame(rows), metrics)


def _of_width(
    networks: Networks, variant: str, state: str, splits: dict, filters: int, generator: torch.Generator
) -> Iterator[dict]:
    found = list(networks.stack(variant, None if state == "trained" else 0))
    if state == "untrained":
        found = [with_statistics(network, splits["train"]) for network in found]
    last = [name for name, _ in found[0].named_children() if name.startswith("conv")][-1]
    for split, batches in splits.items():
        layers = [neurons(representations(network, [last], batches)[last]) for network in found]
        key = {"split": split, "state": state, "network": variant, "x": layers[0].shape[1]}
        drawn = [represent(random_neurons(x, filters, generator), name=last) for x in layers]
        yield from pair_rows(distance_matrices(drawn), quantity="distance", **key)
        for i, network in enumerate(found if state == "trained" else ()):
            yield {**key, "quantity": "accuracy", "first": i, "value": 100 * accuracy(network, batches)}


def add_findings(metrics: Metrics, table: pd.DataFrame) -> Iterator[dict]:
    """Steps, drop and relation to accuracy, with the untrained networks' as `_control`; rows for plots.

    `least_step` is the least fall from one width to the next wider one, `least` the least accuracy of all networks.
    """
    for split, found in table[table.quantity == "accuracy"].groupby("split"):
        metrics.number(f"accuracy_{split}_least", found.value.min())
    distances = {key: wide(found) for key, found in _distances(table)}
    accuracies = accuracies_of_pairs(table)
    for (split, state, measure), found in distances.items():
        key = {"split": split, "state": state, "measure": measure}
        if measure == "pwcca":
            yield from _add_pwcca(metrics, found, accuracies, key)
        ratio = ratio_of_pairs(found.iloc[0].to_numpy(), found.iloc[-1].to_numpy(), _networks(found))
        metrics.put(f"{measure}_{split}_ratio{ENDINGS[state]}", ratio)
        yield {"quantity": "ratio", **key, "value": ratio.value, "low": ratio.low, "high": ratio.high}
    for split in ("train", "test"):
        both = np.stack([distances[split, state, "pwcca"].to_numpy() for state in ENDINGS])
        metrics.put(f"pwcca_{split}_drop_share_untrained", of_all_pairs(share_of_drop, both, _networks(found)))


def _add_pwcca(metrics: Metrics, distances: pd.DataFrame, accuracies: np.ndarray, key: dict) -> Iterator[dict]:
    name, ending, count = f"pwcca_{key['split']}", ENDINGS[key["state"]], _networks(distances)
    values = distances.to_numpy()
    metrics.put(f"{name}_drop{ending}", of_pairs(values[0] - values[-1], pairs(count)))
    metrics.put(f"{name}_least_step{ending}", of_all_pairs(least_step, values, count))
    both = np.stack([values, accuracies])
    metrics.put(f"{name}_accuracy{ending}", of_all_pairs(relation, both, count, (-1.0001, 1.0001)))
    for width in distances.index:
        stem = f"{name}_{width:g}{ending}"
        metrics.put(stem, of_pairs(distances.loc[width], pairs(count)))
        low, high = (metrics.get(f"{stem}_{end}", metrics[stem]) for end in ("low", "high"))
        ends = {"value": metrics[stem], "low": low, "high": high}
        yield {"quantity": "width", "x": width, **key, **ends}


def _distances(table: pd.DataFrame) -> Iterator[tuple]:
    chosen = (table.quantity == "distance") & table.measure.isin(MEASURES)
    return iter(table[chosen].groupby(["split", "state", "measure"]))


def wide(rows: pd.DataFrame) -> pd.DataFrame:
    """Distances with widths as rows, narrowest first, and pairs as columns."""
    return rows.pivot(index="x", columns=["first", "second"], values="value").sort_index().sort_index(axis=1)


def _networks(distances: pd.DataFrame) -> int:
    return 1 + int(distances.columns.get_level_values("second").max())


def accuracies_of_pairs(table: pd.DataFrame) -> np.ndarray:
    """Mean test accuracy of every pair of every width, (widths, pairs)."""
    rows = table[(table.quantity == "accuracy") & (table.split == "test")]
    tested = rows.pivot(index="x", columns="first", values="value").sort_index().to_numpy()
    first, second = np.array(pairs(tested.shape[1])).T
    return (tested[:, first] + tested[:, second]) / 2


def least_step(distances: np.ndarray) -> float:
    """The least fall of the mean distance from one width to the next, of distances (widths, pairs)."""
    return float(-np.diff(distances.mean(1)).max())


def relation(both: np.ndarray) -> float:
    """Pearson correlation of distance and mean accuracy over pairs of all widths, (2, widths, pairs)."""
    return float(np.corrcoef(*both.reshape(2, -1))[0, 1])


def share_of_drop(both: np.ndarray) -> float:
    """Fall of the untrained networks as a share of the trained, (2, widths, pairs), trained first."""
    trained, untrained = (found[0].mean() - found[-1].mean() for found in both)
    return float(untrained / trained)
