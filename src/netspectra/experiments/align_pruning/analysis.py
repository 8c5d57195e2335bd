"""Accuracy as nodes are dropped by alignment, at random or by magnitude (alignment document, network pruning)."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import nn

from netspectra.data.images import Dataset
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.learning import size_rows
from netspectra.lenses.nodes import node_alignment, node_norm
from netspectra.lenses.pruning import Evaluation, progressive_dropout
from netspectra.networks.ensembles import Ensemble
from netspectra.statistics.contrasts import ratio
from netspectra.statistics.estimates import of_replicates
from netspectra.statistics.intervals import Metrics

ALL = "all layers"
Scores = dict[str, torch.Tensor]
Way = tuple[str, str]  # how the nodes are ranked, and which end goes first


def analyse(given: Given) -> Findings:
    """Drop nodes of all hidden layers at once, and of each alone, in every order and under every rescale."""
    settings, frames = given.settings, []
    for name, networks in given.networks.items():
        data, stack = given.data(name), networks.stack(networks.variants[0])
        rows = pd.DataFrame(pruning_rows(stack, data, settings, thorough=name == settings["networks"][0]))
        frames.append(rows.assign(network=name))
    table = pd.concat([*frames, size_rows(data)])
    return Findings(table, summarise(table, settings))


def pruning_rows(stack: Ensemble, data: Dataset, settings: dict, *, thorough: bool) -> Iterator[dict]:
    """Accuracy (%) and loss for every layer, rescale, ranking, order, replicate and share dropped."""
    for replicate, network in enumerate(stack):
        generator = torch.Generator().manual_seed(settings["seed"] + replicate)
        for key, found in orders(network, data, settings, generator, thorough=thorough):
            columns = dict(zip(("layer", "rescale", "ranking", "order"), key, strict=True))
            points = zip(settings["fractions"], found.accuracy.tolist(), found.loss.tolist(), strict=True)
            for share, accuracy, loss in points:
                yield {**columns, "replicate": replicate, "x": share, "accuracy": 100 * accuracy, "loss": loss}


def orders(
    network: nn.Module, data: Dataset, settings: dict, generator: torch.Generator, *, thorough: bool
) -> Iterator[tuple[tuple[str, str, str, str], Evaluation]]:
    """Every way of dropping, as ((layer, rescale, ranking, order), what the test set says).

    All layers at once; and where it is to be thorough, under every rescale, and each hidden layer alone.
    """
    batches, scores = list(data.test.batches(settings["batch"])), rankings(network, data, generator)
    for layer in [ALL, *(scores["train"] if thorough else ())]:
        alone = layer != ALL
        for rescale in settings["rescale"][: 1 if alone or not thorough else None]:
            for ranking, order in ways(alone=alone):
                chosen = {layer: scores[ranking][layer]} if alone else scores[ranking]
                found = progressive_dropout(
                    network, batches, chosen, settings["fractions"], order=order, rescale=rescale,
                    draws=settings["fewer_draws" if alone or not thorough else "random_draws"], generator=generator,
                )  # fmt: skip
                yield (layer, rescale, ranking, order), found


def ways(*, alone: bool) -> list[Way]:
    """By alignment on training images, at random, by magnitude; of all layers also on test images, and shuffled."""
    found = [("train", "high"), ("train", "low"), ("train", "random"), ("magnitude", "low")]
    more = [(ranking, order) for ranking in ("test", "shuffled") for order in ("high", "low")]
    return found if alone else found + more


def rankings(network: nn.Module, data: Dataset, generator: torch.Generator) -> dict[str, Scores]:
    """Scores of the nodes by what they are ranked by; shuffled: alignment handed to other nodes of the layer."""
    train, test = (node_alignment(network, split) for split in (data.train, data.test))
    order = {layer: torch.randperm(len(score), generator=generator) for layer, score in train.items()}
    shuffled = {layer: score[order[layer].to(score.device)] for layer, score in train.items()}
    return {"train": train, "test": test, "shuffled": shuffled, "magnitude": node_norm(network)}


def summarise(table: pd.DataFrame, settings: dict) -> Metrics:
    """Accuracies (%) at an early share dropped, losses and gaps in points, and the orders' ranking up to half."""
    metrics = Metrics()
    whole = table[table.layer == ALL]
    for (name, rescale), rows in whole.groupby(["network", "rescale"]):
        prefix = f"{rescale}_" if name == settings["networks"][0] else f"{rescale}_trained_with_dropout_"
        add_orders(metrics, prefix, Curves(rows), settings)
    first = whole[whole.network == settings["networks"][0]]
    intact = first[(first.x == 0) & (first.ranking == "train") & (first.order == "high")]
    metrics.put("intact", of_replicates(intact.groupby("replicate").accuracy.mean(), "percent"))
    return metrics


class Curves:
    """Accuracy (%) of one network's replicates under one rescale, by ranking and order.

    Args:
        rows: Rows of the table.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        self.wide = rows.pivot_table(index="x", columns=["ranking", "order", "replicate"], values="accuracy")

    def at(self, share: float, ranking: str, order: str) -> np.ndarray:
        """Accuracy at a share dropped, (replicates,)."""
        return self.wide.loc[share][ranking, order].to_numpy()

    def lost(self, share: float, ranking: str, order: str) -> np.ndarray:
        """Points lost at a share dropped, (replicates,)."""
        return self.at(0.0, ranking, order) - self.at(share, ranking, order)

    def least_lead(self, one: Way, other: Way, shares: slice) -> np.ndarray:
        """Least lead (points) of one way over another within a range of shares, (replicates,)."""
        return (self.wide.loc[shares][one] - self.wide.loc[shares][other]).min().to_numpy()


HIGH, LOW, RANDOM = ("train", "high"), ("train", "low"), ("train", "random")
NAMES = {
    HIGH: "high", LOW: "low", RANDOM: "random", ("magnitude", "low"): "magnitude", ("test", "high"): "high_on_test",
    ("test", "low"): "low_on_test", ("shuffled", "high"): "high_shuffled", ("shuffled", "low"): "low_shuffled",
}  # fmt: skip


def add_orders(metrics: Metrics, prefix: str, curves: Curves, settings: dict) -> None:
    """What is left and lost at the early share in every order, and how the orders compare."""
    early, shares, at = settings["early"], slice(settings["early"], settings["half"]), f"{100 * settings['early']:g}"
    for way, name in NAMES.items():
        metrics.put(f"{prefix}{name}_{at}", of_replicates(curves.at(early, *way), "percent"))
        metrics.put(f"{prefix}{name}_{at}_loss", of_replicates(curves.lost(early, *way)))
    for ranking, name in (("train", "gap"), ("test", "gap_on_test"), ("shuffled", "gap_shuffled")):
        gap = curves.at(early, ranking, "low") - curves.at(early, ranking, "high")
        metrics.put(f"{prefix}{name}_{at}", of_replicates(gap))
    shift = curves.at(early, "test", "high") - curves.at(early, *HIGH)
    metrics.put(f"{prefix}high_shift_on_test_{at}", of_replicates(shift))
    for name, order in (("random_over_high", HIGH), ("random_over_high_shuffled", ("shuffled", "high"))):
        parts = (np.clip(curves.lost(early, *way), 0, None) for way in (RANDOM, order))
        metrics.put(f"{prefix}{name}_{at}", ratio(*parts, paired=True))
    leads = {
        "least_random_over_high": (RANDOM, HIGH),
        "least_random_over_high_shuffled": (RANDOM, ("shuffled", "high")),
        "least_low_over_random": (LOW, RANDOM),
        "least_high_over_random": (HIGH, RANDOM),
    }
    for name, (one, other) in leads.items():
        metrics.put(f"{prefix}{name}", of_replicates(curves.least_lead(one, other, shares)))
