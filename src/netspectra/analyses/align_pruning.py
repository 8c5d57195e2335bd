"""Accuracy as nodes are dropped by alignment, at random or by magnitude (alignment document, network pruning)."""

from collections.abc import Iterator

import pandas as pd
import torch
from torch import nn

from netspectra.analyses import Findings, Given, Metrics
from netspectra.data import Split
from netspectra.measures.alignment import alignment
from netspectra.measures.pruning import Evaluation, progressive_dropout
from netspectra.models import Stack, input_of, weight_layers

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
    return Findings(table, summarise(table))


def orders(
    stack: Stack, replicate: int, ranking: Split, test: Split, settings: dict
) -> Iterator[tuple[tuple[str, str, str], Evaluation]]:
    """Every way of dropping, as ((layer, rescale, order), what the test set says)."""
    network = stack.single(replicate)
    batches = list(test.batches(2000))
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


def hidden(network: nn.Sequential) -> dict[str, str]:
    """Layers whose nodes can be dropped and the activation that follows each: all with weights but the classifier."""
    names = [name for name, _ in network.named_children()]
    return {layer: names[names.index(layer) + 1] for layer in list(weight_layers(network))[:-1]}


def node_alignment(network: nn.Sequential, split: Split) -> dict[str, torch.Tensor]:
    """Alignment of every hidden node over a split, by the activation to be silenced."""
    stack, layers = Stack.of(network), hidden(network)
    sources = {layer: input_of(network, layer) for layer in layers}
    kept = [stack(x, sources.values())[1] for x, _ in split.batches(5000)]
    return {
        after: alignment(torch.cat([k[sources[layer]][0].flatten(1) for k in kept]), stack.weight(layer)[0])
        for layer, after in layers.items()
    }


def node_norm(network: nn.Sequential) -> dict[str, torch.Tensor]:
    """Length of every hidden node's weights, by the activation to be silenced."""
    weights = weight_layers(network)
    return {after: weights[layer].weight.flatten(1).norm(dim=1) for layer, after in hidden(network).items()}


def summarise(table: pd.DataFrame) -> Metrics:
    """Accuracies (%) at 10 % dropped, their gaps in points, and the orders' ranking over the first half."""
    metrics = Metrics()
    whole = table[table.layer == ALL]
    for rescale, rows in whole.groupby("rescale"):
        wide = rows.pivot_table(index="x", columns=["order", "replicate"], values="accuracy")
        tenth, intact = wide.loc[0.1], wide.loc[0.0]
        for order in ("high", "low", "random", "magnitude"):
            metrics.add(f"{rescale}_{order}_10", tenth[order])
            metrics.add(f"{rescale}_{order}_10_loss", intact[order] - tenth[order])
        metrics.add(f"{rescale}_gap_10", tenth["low"] - tenth["high"])
        half = wide.loc[0.1:0.5]
        metrics.add(f"{rescale}_least_random_over_high", (half["random"] - half["high"]).min())
        metrics.add(f"{rescale}_least_low_over_random", (half["low"] - half["random"]).min())
        metrics.add(f"{rescale}_best_90", wide.loc[0.9][["high", "low", "random"]].groupby("replicate").max())
    metrics.add("intact", whole[(whole.x == 0) & (whole.order == "high")].groupby("replicate").accuracy.mean())
    return metrics
