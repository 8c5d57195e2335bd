"""Networks trained at several rates: whether they cluster by rate, and how they stand cumulative ablation."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from scipy.stats import f_oneway
from torch import nn

from netspectra.data.images import Dataset
from netspectra.experiments.measuring import Findings, Given, sizes
from netspectra.lenses.ablation import cumulative_ablation, curve_area
from netspectra.lenses.controls import with_statistics
from netspectra.lenses.representations import pair_rows, represented
from netspectra.lenses.scoring import accuracy
from netspectra.measures.clusters import Clustering, clustering, profile_distances
from netspectra.measures.compared import MEASURES, distance_matrices
from netspectra.networks.checkpoints import Networks, variant_settings
from netspectra.statistics.estimates import jackknife
from netspectra.statistics.intervals import Metrics

JUDGED = ("silhouette", "purity", "gap", "ratio", "farthest", "profile_silhouette", "profile_purity")
BOUNDED = {"ratio": "log", "purity": "logit", "profile_purity": "logit"}
BOUNDED |= {"silhouette": "fisher_z", "profile_silhouette": "fisher_z"}
ENDINGS = {"trained": "", "untrained": "_control", "permuted": "_permuted"}


def analyse(given: Given) -> Findings:
    """Tabulate all distances, how groups of one rate show in them, ablation and generalisation error."""
    (name,) = given.settings["networks"]
    networks, data, settings = given.networks[name], given.data(name), given.settings
    train = list(data.train.batches(settings["batch"]))
    rates = {v: variant_settings(networks.settings, v)["optimiser"]["rate"] for v in networks.variants}
    groups = torch.arange(len(rates)).repeat_interleave(networks.settings["replicates"])
    rows, metrics, generator = sizes(data), Metrics(), torch.Generator().manual_seed(settings["seed"])
    for state in ("trained", "untrained"):
        found = represented(_networks(networks, state, train), [settings["layer"]], train)[settings["layer"]]
        matrices = distance_matrices(found)
        rows += pair_rows(matrices, quantity="distance", state=state)
        for measure in MEASURES:
            rows += add_groups(metrics, measure, matrices[measure], groups, state)
            if state == "trained":
                shuffled = groups[torch.randperm(len(groups), generator=generator)]
                rows += add_groups(metrics, measure, matrices[measure], shuffled, "permuted")
    looked = list(_networks(networks, "trained", train))
    rows += (
        pd.DataFrame(_each(looked, list(np.repeat(list(rates.values()), len(groups) // len(rates))), data, settings))
        .pipe(_normalised)
        .to_dict("records")
    )
    add_anova(metrics, pd.DataFrame(rows), generator)
    return Findings(pd.DataFrame(rows), metrics)


def _networks(networks: Networks, state: str, train: list) -> Iterator[nn.Module]:
    """All networks, by rate."""
    for variant in networks.variants:
        for network in networks.stack(variant, None if state == "trained" else 0):
            yield network if state == "trained" else with_statistics(network, train)


def add_groups(
    metrics: Metrics, measure: str, matrix: torch.Tensor, groups: torch.Tensor, state: str
) -> Iterator[dict]:
    """How groups of one size show in distances and in profiles of them; a jackknife leaves one of every group out."""
    members = torch.stack([(groups == group).nonzero()[:, 0] for group in groups.unique()])
    for name in JUDGED:

        def of(places: np.ndarray, name: str = name) -> float:
            kept = members[:, torch.as_tensor(places, dtype=torch.long)].flatten()
            return judged(matrix[kept][:, kept], groups[kept])[name]

        found = jackknife(of, np.arange(members.shape[1]), BOUNDED.get(name, "identity"))
        metrics.put(f"{measure}_{name}{ENDINGS[state]}", found)
        ends = {"value": found.value, "low": found.low, "high": found.high}
        yield {"quantity": name, "state": state, "measure": measure, **ends}


def judged(matrix: torch.Tensor, groups: torch.Tensor) -> dict[str, float]:
    """Numbers of the clustering by distance, and by profile of distances; those of `JUDGED`."""
    plain, profile = clustering(matrix, groups), clustering(profile_distances(matrix), groups)
    return {
        "silhouette": plain.silhouette,
        "purity": plain.purity,
        "gap": plain.between - plain.within,
        "ratio": plain.between / plain.within,
        "farthest": farthest(plain),
        "profile_silhouette": profile.silhouette,
        "profile_purity": profile.purity,
    }


def farthest(found: Clustering) -> float:
    """How much farther the farthest group is from the rest than the next."""
    last, first = found.apart.topk(2).values.flip(0).tolist()
    return first - last


def _each(networks: list[nn.Module], rates: list[float], data: Dataset, settings: dict) -> Iterator[dict]:
    """Accuracies (%) and the area under the curve of cumulative ablation, for every network."""
    batch = settings["batch"]
    few = list(data.train.batches(settings["images"]))[:1]
    for i, (network, rate) in enumerate(zip(networks, rates, strict=True)):
        widths = {f"{n}.bn": m.bn.num_features for n, m in network.named_children() if n.startswith("conv")}
        generator = torch.Generator().manual_seed(settings["seed"] + i)
        curve = cumulative_ablation(
            network, few, widths, settings["fractions"], draws=settings["draws"], generator=generator
        ).mean(0)
        train, test = (100 * accuracy(network, s.batches(batch)) for s in (data.train, data.test))
        key = {"first": i, "rate": float(rate)}
        yield {**key, "quantity": "accuracy", "state": "train", "value": train}
        yield {**key, "quantity": "error", "state": "trained", "value": (train - test) / 100}
        yield {**key, "quantity": "area", "state": "trained", "value": float(curve_area(settings["fractions"], curve))}


def _normalised(rows: pd.DataFrame) -> pd.DataFrame:
    """Areas as shares of the greatest."""
    areas = rows.quantity == "area"
    return rows.assign(value=rows.value.where(~areas, rows.value / rows.value[areas].max()))


def add_anova(metrics: Metrics, rows: pd.DataFrame, generator: torch.Generator) -> None:
    """p-values of no difference between rates, and the same with rates permuted over networks, the control."""
    for quantity in ("area", "error"):
        found = rows[rows.quantity == quantity]
        order = torch.randperm(len(found), generator=generator).numpy()
        for ending, rates in (("", found.rate), ("_permuted", found.rate.to_numpy()[order])):
            p = f_oneway(*(values for _, values in found.value.groupby(np.asarray(rates)))).pvalue
            metrics.number(f"anova_{quantity}{ending}", p if np.isfinite(p) else 1.0)
    for rate, values in rows[rows.quantity == "accuracy"].groupby("rate").value:
        metrics.add(f"accuracy_train_{rate:g}", values)
