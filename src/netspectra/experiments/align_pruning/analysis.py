"""Accuracy as nodes are dropped by alignment, at random or by magnitude (alignment document, network pruning)."""

from collections.abc import Iterator

import pandas as pd
import torch

from netspectra.data.images import Split
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.nodes import node_alignment, node_norm
from netspectra.lenses.pruning import Evaluation, progressive_dropout
from netspectra.networks.ensembles import Ensemble
from netspectra.statistics.intervals import Metrics

ALL = "all layers"


def analyse(given: Given) -> Findings:
    """Drop nodes of all hidden layers at once, and of each alone, in every order and under every rescale."""
    ((name, networks),) = given.networks.items()
    data, stack = given.data(name), networks.stack(networks.variants[0])
    rows = []
    for replicate in range(len(stack)):
        for key, found in orders(stack, replicate, getattr(data, given.settings["split"]), data.test, given.settings):
            columns = dict(zip(("layer", "rescale", "order"), key, strict=True))
            points = zip(given.settings["fractions"], found.accuracy.tolist(), found.loss.tolist(), strict=True)
            rows += [{**columns, "replicate": replicate, "x": f, "accuracy": 100 * a, "loss": l} for f, a, l in points]
    table = pd.DataFrame(rows)
    return Findings(table, summarise(table, given.settings))


def orders(
    stack: Ensemble, replicate: int, ranking: Split, test: Split, settings: dict
) -> Iterator[tuple[tuple[str, str, str], Evaluation]]:
    """Every way of dropping, as ((layer, rescale, order), what the test set says)."""
    network = stack.single(replicate)
    batches = list(test.batches(settings["batch"]))
    scores = {"alignment": node_alignment(network, ranking), "magnitude": node_norm(network)}
    generator = torch.Generator().manual_seed(settings["seed"] + replicate)
    ways = [("high", "alignment"), ("low", "alignment"), ("random", "alignment"), ("low", "magnitude")]
    for layer in [ALL, *scores["alignment"]]:
        for rescale in settings["rescale"] if layer == ALL else settings["rescale"][:1]:
            for order, score in ways:
                chosen = scores[score] if layer == ALL else {layer: scores[score][layer]}
                options = {"order": order, "rescale": rescale, "draws": settings["random_draws"]}
                found = progressive_dropout(
                    network, batches, chosen, settings["fractions"], generator=generator, **options
                )
                yield (layer, rescale, "magnitude" if score == "magnitude" else order), found


def summarise(table: pd.DataFrame, settings: dict) -> Metrics:
    """Accuracies (%) at an early share dropped, their gaps in points, and the orders' ranking up to half."""
    metrics, (early, half, late) = Metrics(), (settings[share] for share in ("early", "half", "late"))
    at = f"{100 * early:g}"
    whole = table[table.layer == ALL]
    for rescale, rows in whole.groupby("rescale"):
        wide = rows.pivot_table(index="x", columns=["order", "replicate"], values="accuracy")
        first, intact = wide.loc[early], wide.loc[0.0]
        for order in ("high", "low", "random", "magnitude"):
            metrics.add(f"{rescale}_{order}_{at}", first[order])
            metrics.add(f"{rescale}_{order}_{at}_loss", intact[order] - first[order])
        metrics.add(f"{rescale}_gap_{at}", first["low"] - first["high"])
        ranked = wide.loc[early:half]
        metrics.add(f"{rescale}_least_random_over_high", (ranked["random"] - ranked["high"]).min())
        metrics.add(f"{rescale}_least_low_over_random", (ranked["low"] - ranked["random"]).min())
        best = wide.loc[late][["high", "low", "random"]].groupby("replicate").max()
        metrics.add(f"{rescale}_best_{100 * late:g}", best)
    metrics.add("intact", whole[(whole.x == 0) & (whole.order == "high")].groupby("replicate").accuracy.mean())
    return metrics
