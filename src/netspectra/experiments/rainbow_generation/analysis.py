"""Networks drawn from the covariances of trained ones, layer by layer and at other widths (rainbow document)."""

import math
from collections.abc import Iterator

import pandas as pd
import torch
from torch import nn

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.hidden import hidden_layers, replicates
from netspectra.lenses.rainbow import Recipe, generate_many
from netspectra.statistics.intervals import Metrics

Batches = list[tuple[torch.Tensor, torch.Tensor]]


def analyse(given: Given) -> Findings:
    """Draw from every replicate and tabulate the test accuracy (%) of trained and drawn networks."""
    frames, metrics, shares = [], Metrics(), {}
    for name, networks in given.networks.items():
        data, kind, batch = given.data(name), networks.variants[0], given.settings["batch"][name]
        train, test = list(data.train.batches(batch)), list(data.test.batches(batch))
        few = train[: math.ceil(given.settings["images"][name] / batch)]
        rows = pd.DataFrame(_rows(replicates(networks), train, few, test, given.settings)).assign(network=kind)
        frames.append(rows)
        shares[kind] = summarise(metrics, kind, rows)
    if {"mlp", "cnn"} <= set(shares):
        metrics.add("mlp_ratio_over_cnn_ratio", shares["mlp"] - shares["cnn"])
    return Findings(pd.concat(frames), metrics)


def _rows(trained: list[nn.Sequential], train: Batches, few: Batches, test: Batches, settings: dict) -> Iterator[dict]:
    for i, network in enumerate(trained):
        yield {"replicate": i, "draw": 0, "condition": "trained", "x": 1.0, "value": accuracy(network, test)}
        generator = torch.Generator().manual_seed(settings["seed"] + i)
        document = [("all layers", Recipe())] * settings["draws"]
        beyond = _conditions(trained, i, settings["widths"]) * settings["other_draws"]
        for batches, conditions in ((train, document), (few, beyond)):
            drawn = generate_many(network, batches, [recipe for _, recipe in conditions], generator)
            for k, ((condition, recipe), found) in enumerate(zip(conditions, drawn, strict=True)):
                row = {"replicate": i, "draw": k, "condition": condition, "x": recipe.width}
                yield row | {"value": accuracy(found, test)}


def _conditions(trained: list[nn.Sequential], i: int, widths: list[float]) -> list[tuple[str, Recipe]]:
    """What is drawn beyond the document from network i: single layers, controls, other widths."""
    single = [(f"layer {h.number} alone", Recipe(sampled=[h.layer])) for h in hidden_layers(trained[i])]
    average = Recipe(others=[*trained[:i], *trained[i + 1 :]])
    named = [*single, ("isotropic", Recipe(isotropic=True)), ("average covariance", average)]
    return named + [("width", Recipe(width=width)) for width in widths]


def accuracy(network: nn.Sequential, test: Batches) -> float:
    """Share of right answers in %."""
    with torch.no_grad():
        hits = sum(int((network(x).argmax(-1) == y).sum()) for x, y in test)
    return 100 * hits / sum(len(y) for _, y in test)


def summarise(metrics: Metrics, kind: str, rows: pd.DataFrame) -> pd.Series:
    """Add accuracy (%) per condition with intervals over trained networks; return shares of the trained accuracy."""
    means = rows.groupby(["condition", "x", "replicate"]).value.mean()
    for condition, x in dict.fromkeys(zip(rows.condition, rows.x, strict=True)):
        name = f"{kind}_{condition.replace(' ', '_')}" + (f"_{x:g}" if condition == "width" else "")
        metrics.add(name, means[condition, x])
    shares = means["all layers", 1.0] / means["trained", 1.0]
    metrics.add(f"{kind}_ratio", shares)
    draws = rows[rows.condition == "all layers"]
    metrics.number(f"{kind}_draws", len(draws))
    metrics.number(f"{kind}_sd_over_draws", draws.groupby("replicate").value.std().mean())
    widths = sorted(x for condition, x in means.index.droplevel("replicate").unique() if condition == "width")
    metrics.add(f"{kind}_widest_over_narrowest", means["width", widths[-1]] - means["width", widths[0]])
    metrics.add(f"{kind}_covariance_over_isotropic", means["all layers", 1.0] - means["isotropic", 1.0])
    return shares
