"""Active subspace of trained networks, and whether what it calls important is what pruning finds important."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from torch import nn

from netspectra.data.images import Dataset, Split
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.gradients import sample_factors
from netspectra.lenses.nodes import hidden, node_alignment, node_norm
from netspectra.lenses.prior import rows
from netspectra.lenses.pruning import evaluate_masked
from netspectra.measures.eigenspectra import participation_ratio
from netspectra.measures.sample_subspaces import SampleFactor, SampleSubspace, sample_activity, sample_subspace
from netspectra.networks.checkpoints import Networks
from netspectra.statistics.estimates import of_replicates
from netspectra.statistics.intervals import Metrics

Scores = dict[str, torch.Tensor]


def analyse(given: Given) -> Findings:
    """Spectra before and after training; accuracy as weights are removed; cost of removing single nodes."""
    ((name, networks),) = given.networks.items()
    data, settings = given.data(name), given.settings
    table = pd.concat(
        frame.assign(replicate=replicate)
        for replicate in range(networks.settings["replicates"])
        for frame in one_network(networks, replicate, data, settings)
    )
    return Findings(table, summarise(table, settings))


def one_network(networks: Networks, replicate: int, data: Dataset, settings: dict) -> Iterator[pd.DataFrame]:
    """All that is measured of one replicate."""
    x, y = data.train.batch(slice(0, settings["samples"]))
    for state, at in (("initial", 0), ("trained", None)):
        network = networks.stack(networks.variants[0], at=at).single(replicate)
        factors = sample_factors(network, x, y, loss="cross_entropy")
        subspace = sample_subspace(factors)
        yield from spectrum_rows(state, subspace)
    scores = parameter_scores(network, factors, subspace, settings)
    yield weight_rows(network, data.test, scores, settings, replicate)
    yield node_rows(network, data, scores, settings)


def spectrum_rows(state: str, subspace: SampleSubspace) -> Iterator[pd.DataFrame]:
    """Share of the trace held by the first k directions, for every k, and the participation ratio."""
    held = (subspace.values.cumsum(0) / subspace.values.sum()).cpu().numpy()
    yield rows("held", np.arange(1, len(held) + 1), held, layer=state)
    yield rows("participation", 0, [participation_ratio(subspace.values)], layer=state)


def directions_for(values: torch.Tensor, share: float) -> int:
    """Fewest directions that hold a share of the trace."""
    return 1 + int((values.cumsum(0) < share * values.sum()).sum())


def parameter_scores(
    network: nn.Sequential, factors: list[SampleFactor], subspace: SampleSubspace, settings: dict
) -> dict[str, Scores]:
    """Scores of every weight, by which it is removed, lowest first.

    Activity is the mean squared derivative within the active directions; times the squared weight it is the expected
    squared change of the loss when the weight goes, to first order.
    """
    active = sample_activity(factors, subspace, directions_for(subspace.values, settings["share"]))
    weights = {name: p.double() for name, p in network.named_parameters()}
    return {
        "activity": active,
        "activity_weight": {name: active[name] * w.square() for name, w in weights.items()},
        "magnitude": {name: w.abs() for name, w in weights.items()},
    }


def weight_rows(
    network: nn.Sequential, test: Split, scores: dict[str, Scores], settings: dict, replicate: int
) -> pd.DataFrame:
    """Test accuracy (%) as the same share of every layer's weights is removed, in the order of each score."""
    generator = torch.Generator().manual_seed(settings["seed"] + replicate)
    random = {name: torch.rand(s.shape, generator=generator) for name, s in scores["magnitude"].items()}
    high = {name: -s for name, s in scores["activity"].items()}
    orders = {**scores, "most_active": high, "random": random}
    batches = list(test.batches(settings["batch"]))
    frames = []
    for order, score in orders.items():
        accuracy = [100 * accuracy_without(network, batches, score, f) for f in settings["fractions"]]
        frames.append(rows("accuracy", settings["fractions"], accuracy, layer=order))
    return pd.concat(frames)


def accuracy_without(network: nn.Sequential, batches: list, scores: Scores, fraction: float) -> float:
    """Accuracy in [0, 1] without the lowest fraction of every layer's weights; biases stay."""
    kept = {}
    for name, weight in network.named_parameters():
        if name.endswith("weight"):
            count = int(fraction * weight.numel() + 1e-9)
            mask = torch.ones(weight.numel(), dtype=weight.dtype, device=weight.device)
            mask[scores[name].flatten().argsort()[:count].to(mask.device)] = 0
            kept[name] = weight * mask.view_as(weight)
    hits = count = 0
    with torch.no_grad():
        for x, y in batches:
            hits += int((torch.func.functional_call(network, kept, (x,)).argmax(-1) == y).sum())
            count += len(y)
    return hits / count


def node_rows(network: nn.Sequential, data: Dataset, scores: dict[str, Scores], settings: dict) -> pd.DataFrame:
    """Rank correlation, per hidden layer, of what removing one node costs with what scores say of that node."""
    after = hidden(network)
    nodes = {"alignment": node_alignment(network, data.train), "magnitude": node_norm(network)}
    for name in ("activity", "activity_weight"):
        by_tensor = scores[name]
        nodes[name] = {a: by_tensor[f"{layer}.weight"].sum(1) for layer, a in after.items()}
    generator = torch.Generator().manual_seed(settings["seed"])
    nodes["random"] = {a: torch.rand(len(s), generator=generator) for a, s in nodes["magnitude"].items()}
    x, y = data.test.batch(slice(0, settings["samples"]))
    frames = []
    for layer, activation in after.items():
        cost = removal_cost(network, layer, activation, x, y)
        found = {name: spearmanr(cost, by_layer[activation].cpu())[0] for name, by_layer in nodes.items()}
        frames.append(rows("correlation", int(layer.removeprefix("fc")), list(found.values()), layer=list(found)))
    return pd.concat(frames)


def removal_cost(network: nn.Sequential, layer: str, activation: str, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """Rise of the loss (nats) when each node of a layer is silenced alone, (nodes,)."""
    width = network.get_submodule(layer).out_features
    masks = torch.cat([torch.ones(1, width), 1 - torch.eye(width)]).to(x)
    loss = evaluate_masked(network, [(x, y)], {activation: masks}).loss
    return (loss[1:] - loss[0]).cpu().numpy()


def summarise(table: pd.DataFrame, settings: dict) -> Metrics:
    """Directions that hold the share, accuracies per order and fraction, and mean rank correlations."""
    metrics = Metrics()
    per_network: dict[str, tuple[Callable, str]] = {
        "held": (lambda found: 1 + int((found.value < settings["share"]).sum()), "log"),
        "participation": (lambda found: found.value.mean(), "log"),
        "correlation": (lambda found: found.value.mean(), "fisher_z"),
    }
    for (quantity, name), found in table.groupby(["quantity", "layer"]):
        if quantity in per_network:
            of_one, scale = per_network[quantity]
            values = [of_one(part) for _, part in found.groupby("replicate")]
            metrics.put(f"{quantity}_{name}", of_replicates(values, scale))
        else:
            for fraction, part in found.groupby("x"):
                metrics.put(f"{quantity}_{name}_{fraction:g}", of_replicates(part.value, "percent"))
    return metrics
