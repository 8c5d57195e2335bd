"""Attacks on networks from whose weights low-variance directions were removed (alignment document, last section)."""

import numpy as np
import pandas as pd
import torch

from netspectra.data.images import Dataset, Split
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.attacks import fgsm
from netspectra.lenses.learning import alignment_rows, by_layer, learning_rows
from netspectra.networks.checkpoints import Networks
from netspectra.statistics.intervals import Metrics


def analyse(given: Given) -> Findings:
    """Tabulate learning, alignment and accuracy under attack for every cutoff."""
    ((name, networks),) = given.networks.items()
    settings = given.settings
    attacked = attack_rows(networks, given.data(name), settings)
    curves = [learning_rows(networks, settings["points"]), alignment_rows(networks, settings["points"])]
    table = pd.concat([*curves, attacked])
    return Findings(table, summarise(networks, attacked, settings))


def attack_rows(networks: Networks, data: Dataset, settings: dict) -> pd.DataFrame:
    """Accuracy (%) on the test set per epsilon, variant and replicate, with pixels clamped to their range or not."""
    rows = []
    batches = list(data.test.batches(settings["batch"]))
    for clamp in settings["clamp"]:
        bounds = pixel_range(data.test) if clamp else None
        for variant in networks.variants:
            for replicate, network in enumerate(networks.stack(variant)):
                accuracy = 100 * fgsm(network, batches, settings["epsilons"], bounds=bounds).accuracy
                rows += [
                    {"variant": variant, "replicate": replicate, "layer": "clamped" if clamp else "free",
                     "quantity": "attacked_accuracy", "x": epsilon, "value": value}
                    for epsilon, value in zip(settings["epsilons"], accuracy.tolist(), strict=True)
                ]  # fmt: skip
    return pd.DataFrame(rows)


def pixel_range(split: Split) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised values of a black and of a white pixel, each (C, 1, 1)."""
    black = split.shift[:, None, None]
    return black, black + 255 * split.scale.sum(1)[:, None, None]


def summarise(networks: Networks, attacked: pd.DataFrame, settings: dict) -> Metrics:
    """Accuracies (%), alignments (%), and areas under the free curves per cutoff, with the differences claimed."""
    metrics = Metrics()
    final = {v: 100 * networks.history(v)["test/accuracy"][-1].numpy() for v in networks.variants}
    for variant, accuracy in final.items():
        metrics.add(f"test_accuracy_{variant}", accuracy)
    means = np.stack(list(final.values()))
    metrics.add("test_accuracy_spread", means.max(0) - means.min(0))
    metrics.add("test_accuracy_least", means.min(0))
    areas = {mode: area_under(rows) for mode, rows in attacked.groupby("layer")}
    for mode, area in areas.items():
        for variant in networks.variants:
            metrics.add(f"area_{mode}_{variant}", area[variant])
        for high, low in settings["compared"]:
            if {high, low} <= set(networks.variants):
                metrics.add(f"area_{mode}_{high}_over_{low}", area[high] - area[low])
    metrics.add("greatest_rise", greatest_rise(attacked[attacked.layer == "free"], settings["until"]))
    add_alignment(metrics, networks, settings)
    return metrics


def area_under(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Area under accuracy (as a share) against epsilon, {variant: (replicates,)}."""
    wide = rows.pivot_table(index="x", columns=["variant", "replicate"], values="value") / 100
    span = wide.index[-1] - wide.index[0]
    area = pd.Series(np.trapezoid(wide.to_numpy(), wide.index, axis=0) / span, index=wide.columns)
    return {variant: area[variant].to_numpy() for variant in rows.variant.unique()}


def greatest_rise(rows: pd.DataFrame, until: float) -> np.ndarray:
    """Greatest rise (points) of any variant from one epsilon to the next, up to `until`, (replicates,)."""
    accuracy = rows[rows.x <= until + 1e-9].pivot_table(index="x", columns=["replicate", "variant"], values="value")
    return accuracy.diff().max().groupby("replicate").max().to_numpy()


def add_alignment(metrics: Metrics, networks: Networks, settings: dict) -> None:
    """Alignment (%) at the end of training per layer, and how much the strongest cutoff adds to the first layers."""
    last = settings["last"]
    end = {v: {n: 100 * a[-last:].mean(0) for n, a in by_layer(networks.history(v)).items()} for v in networks.variants}
    for variant, layers in end.items():
        for layer, values in layers.items():
            metrics.add(f"alignment_{layer}_{variant}", values)
    for layer in list(end[networks.variants[0]])[: settings["layers"]]:
        metrics.add(f"alignment_{layer}_gain", end[networks.variants[-1]][layer] - end[networks.variants[0]][layer])
