"""Networks of growing width: how far apart their last convolutions are, and how well they do."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.controls import with_statistics
from netspectra.lenses.representations import neurons, pair_rows, representations
from netspectra.lenses.scoring import accuracy
from netspectra.measures.compared import MEASURES, distance_matrices, random_neurons, represent
from netspectra.networks.checkpoints import Networks
from netspectra.statistics.estimates import jackknife
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.pairs import add_pairs

ENDINGS = {"trained": "", "untrained": "_control"}


def analyse(given: Given) -> Findings:
    """Tabulate the distances of all pairs of one width on as many filters, trained and untrained, and accuracies."""
    (name,) = given.settings["networks"]
    networks, data, batch = given.networks[name], given.data(name), given.settings["batch"]
    splits = {"train": list(data.train.batches(batch)), "test": list(data.test.batches(batch))}
    generator = torch.Generator().manual_seed(given.settings["seed"])
    rows = []
    for variant in networks.variants:
        for state in ENDINGS:
            rows += _of_width(networks, variant, state, splits, given.settings["filters"], generator)
    table, metrics = pd.DataFrame(rows), Metrics()
    add_findings(metrics, table)
    return Findings(pd.concat([table, pd.DataFrame(_findings(metrics))]), metrics)


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


def add_findings(metrics: Metrics, table: pd.DataFrame) -> None:
    """Order, drop and relation to accuracy, with the untrained networks' as `_control`; `least` accuracies."""
    accuracies = table[table.quantity == "accuracy"]
    for split, found in accuracies.groupby("split"):
        metrics.number(f"accuracy_{split}_least", found.value.min())
    tested = accuracies[accuracies.split == "test"].pivot(index="first", columns="x", values="value").to_numpy()
    distances = table[(table.quantity == "distance") & table.measure.isin(MEASURES)]
    for (split, state, measure), found in distances.groupby(["split", "state", "measure"]):
        name, ending = f"{measure}_{split}", ENDINGS[state]
        wide = found.pivot(index=["first", "second"], columns="x", values="value")
        first, second = (wide.index.get_level_values(level).to_numpy(int) for level in wide.index.names)
        values, count = wide.to_numpy(), len(tested)
        both = np.stack([values, (tested[first] + tested[second]) / 2])
        add_pairs(metrics, f"{name}_drop{ending}", values[:, 0] - values[:, -1], count)
        for what, statistic in (("order", order), ("accuracy", relation)):
            chosen = within(statistic, both, first, second)
            found_of_all = jackknife(chosen, np.arange(count), scale=(-1.0001, 1.0001))
            _put(metrics, f"{name}_{what}{ending}", found_of_all.value, found_of_all.low, found_of_all.high)
        for width in wide:
            add_pairs(metrics, f"{name}_{width}{ending}", wide[width], count)
    for split in ("train", "test"):
        share = metrics[f"pwcca_{split}_drop_control"] / metrics[f"pwcca_{split}_drop"]
        metrics.number(f"pwcca_{split}_drop_share_untrained", share)


def within(statistic: Callable, both: np.ndarray, first: np.ndarray, second: np.ndarray) -> Callable:
    """The statistic of distances and accuracies (2, pairs, widths) over the pairs within a set of networks."""
    return lambda networks: statistic(*both[:, np.isin(first, networks) & np.isin(second, networks)])


def order(distances: np.ndarray, accuracies: np.ndarray) -> float:
    """Spearman correlation of width and mean distance."""
    return float(spearmanr(np.arange(distances.shape[1]), distances.mean(0))[0])


def relation(distances: np.ndarray, accuracies: np.ndarray) -> float:
    """Pearson correlation of a pair's mean accuracy and its distance, over pairs of all widths."""
    return float(np.corrcoef(accuracies.ravel(), distances.ravel())[0, 1])


def _put(metrics: Metrics, name: str, value: float, low: float | None, high: float | None) -> None:
    metrics.number(name, value)
    metrics.number(f"{name}_low", value if low is None else low)
    metrics.number(f"{name}_high", value if high is None else high)


def _findings(metrics: Metrics) -> Iterator[dict]:
    """Rows with intervals for the plot: every width, and the drop under every measure."""
    for split in ("train", "test"):
        for state, ending in ENDINGS.items():
            for measure in MEASURES:
                stem = f"{measure}_{split}_"
                names = [n for n in metrics if n.startswith(stem) and n.removesuffix(ending)[len(stem) :].isdigit()]
                for name in [f"{stem}drop{ending}", *(n for n in names if n.endswith(ending))]:
                    what = name.removesuffix(ending)[len(stem) :]
                    kind = {"quantity": "drop"} if what == "drop" else {"quantity": "width", "x": int(what)}
                    ends = {"value": metrics[name], "low": metrics[f"{name}_low"], "high": metrics[f"{name}_high"]}
                    yield {**kind, "split": split, "state": state, "measure": measure, **ends}
