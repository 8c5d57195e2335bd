"""Learning curves and alignment of every layer while it trains (alignment document, "Basic Results")."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from netspectra.data.images import Dataset
from netspectra.experiments.align_training import trajectories
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.alignment import layer_alignment
from netspectra.lenses.learning import alignment_rows, by_layer, learning_rows, node_spread_rows, size_rows
from netspectra.measures.alignment import chance
from netspectra.networks.checkpoints import Networks
from netspectra.networks.ensembles import Ensemble
from netspectra.networks.layers import weight_layers
from netspectra.networks.places import read
from netspectra.statistics.estimates import of_replicates
from netspectra.statistics.intervals import Metrics

CORRELATION, PERCENT = "fisher_z", "percent"


@dataclass(frozen=True)
class Curves:
    """What was recorded of R networks: alignment by layer (measurements, R) at minibatches, accuracy of every one."""

    layers: dict[str, np.ndarray]
    at: np.ndarray
    accuracy: np.ndarray
    widths: np.ndarray

    @property
    def replicates(self) -> range:
        """The networks."""
        return range(self.accuracy.shape[1])


def analyse(given: Given) -> Findings:
    """Tabulate the curves with the chance level of every layer, and judge the shape of the trajectories."""
    ((name, networks),) = given.networks.items()
    settings, variant, data = given.settings, networks.variants[0], given.data(name)
    level = chance_rows(networks.stack(variant, at=0), data, settings["images"])
    spread = node_spread_rows(networks, settings["points"])
    curves = [learning_rows(networks, settings["points"]), alignment_rows(networks, settings["points"]), spread]
    table = pd.concat([*curves, level, size_rows(data)])
    found = curves_of(networks, variant)
    metrics = Metrics()
    add_accuracy(metrics, networks.history(variant)["test/accuracy"].numpy())
    add_start(metrics, found, networks.stack(variant, at=0), data.train.batch(slice(0, settings["images"]))[0])
    add_shape(metrics, found, settings)
    add_common_course(metrics, found, settings)
    add_pace(metrics, found, settings)
    add_widths(metrics, found)
    return Findings(table, metrics)


def curves_of(networks: Networks, variant: str) -> Curves:
    """The recorded curves of a variant."""
    history, stack = networks.history(variant), networks.stack(variant)
    layers = by_layer(history)
    widths = np.array([stack.weight(layer).flatten(2).shape[-1] for layer in layers])
    return Curves(layers, history["alignment/step"].numpy(), history["accuracy"].double().numpy(), widths)


def add_accuracy(metrics: Metrics, tests: np.ndarray) -> None:
    """Test accuracy (%) after training, and before it; tests (tests, R)."""
    metrics.put("test_accuracy", of_replicates(100 * tests[-1], PERCENT))
    metrics.put("test_accuracy_untrained", of_replicates(100 * tests[0], PERCENT))


def add_start(metrics: Metrics, curves: Curves, initial: Ensemble, x: torch.Tensor) -> None:
    """Alignment at the first minibatch over chance, and that of the untrained networks on other images over it."""
    later = [layer_alignment(network, [x]) for network in initial]
    for (layer, a), width in zip(curves.layers.items(), curves.widths, strict=True):
        metrics.put(f"{layer}_start_over_chance", of_replicates(a[0] * width, "log"))
        untrained = np.array([float(found[layer].nanmean()) for found in later])
        metrics.put(f"{layer}_untrained_over_start", of_replicates(untrained / a[0], "log"))


def add_shape(metrics: Metrics, curves: Curves, settings: dict) -> None:
    """How high alignment rises, when, and how far it falls again, beside curves in shuffled order."""
    generator, how = np.random.default_rng(settings["seed"]), (settings["window"], settings["ahead"])
    at, halves = curves.at, []
    for layer, a in curves.layers.items():
        found = [_shape(a[:, r], at, how, generator) for r in curves.replicates]
        for name, values in {key: [one[key] for one in found] for key in found[0]}.items():
            metrics.put(f"{layer}_{name}", of_replicates(values, "log"))
        halves.append([one["half_rise_at"] for one in found])
    slowest, fastest = np.max(halves, 0), np.min(halves, 0)
    metrics.put("slowest_over_fastest_rise", of_replicates(slowest / fastest, (1, np.inf)))


def _shape(a: np.ndarray, at: np.ndarray, how: tuple[int, int], generator: np.random.Generator) -> dict[str, float]:
    high = trajectories.peak(a, at, *how)
    mixed = np.concatenate([a[:1], generator.permutation(a[1:])])
    flat = trajectories.without_trend(a, high, generator)
    return {
        "peak_over_start": high / a[0],
        "half_rise_at": trajectories.half_rise(a, at, high),
        "half_rise_at_shuffled": trajectories.half_rise(mixed, at, high),
        "trough_over_peak": trajectories.trough_over_peak(a, at, *how),
        "trough_over_peak_shuffled": trajectories.trough_over_peak(flat, at, *how),
        "end_over_peak": trajectories.moving_mean(a, how[0])[-1] / high,
    }


def add_common_course(metrics: Metrics, curves: Curves, settings: dict) -> None:
    """Least rank correlation of two layers over their rise, and the same with every layer's order shuffled."""
    generator, how = np.random.default_rng(settings["seed"]), (settings["window"], settings["ahead"])
    found: dict[str, list[float]] = {"least_layer_correlation": [], "least_layer_correlation_shuffled": []}
    for r in curves.replicates:
        rows = [a[:, r] for a in curves.layers.values()]
        ends = [trajectories.first_peak(a, curves.at, *how) for a in rows]
        mixed = [generator.permutation(a) for a in rows]
        for name, chosen in zip(found, (rows, mixed), strict=True):
            found[name].append(trajectories.least_rank_correlation(chosen, ends))
    for name, values in found.items():
        metrics.put(name, of_replicates(values, CORRELATION))


def add_pace(metrics: Metrics, curves: Curves, settings: dict) -> None:
    """Correlation of alignment with training accuracy from a layer's first peak on, and with accuracy shuffled."""
    generator, pace = np.random.default_rng(settings["seed"]), settings["pace"]
    steps = np.arange(len(curves.accuracy))
    for layer, a in curves.layers.items():
        found = []
        for r in curves.replicates:
            start = curves.at[trajectories.first_peak(a[:, r], curves.at, settings["window"], settings["ahead"])]
            edges = np.arange(min(start, len(steps) - 3 * pace), len(steps) + 1, pace)
            falling = trajectories.in_windows(a[:, r], curves.at, edges)
            growing = trajectories.in_windows(curves.accuracy[:, r], steps, edges)
            mixed = generator.permutation(growing)
            found.append([np.corrcoef(falling, accuracy)[0, 1] for accuracy in (growing, mixed)])
        for name, values in zip(("with_accuracy", "with_accuracy_shuffled"), np.transpose(found), strict=True):
            metrics.put(f"{layer}_{name}", of_replicates(values, CORRELATION))


def add_widths(metrics: Metrics, curves: Curves) -> None:
    """Exponent of alignment against 1 / width at the start and over all of training, and with the widths reversed."""
    names = ("width_exponent_start", "width_exponent", "width_exponent_reversed")
    found: dict[str, list[float]] = {name: [] for name in names}
    for r in curves.replicates:
        layers = np.stack([a[:, r] for a in curves.layers.values()])
        right, wrong = (trajectories.width_exponents(layers, w) for w in (curves.widths, curves.widths[::-1]))
        values = right[0], trajectories.over_training(right, curves.at), trajectories.over_training(wrong, curves.at)
        for name, value in zip(names, values, strict=True):
            found[name].append(value)
    for name, values in found.items():
        metrics.put(name, of_replicates(values))


def chance_rows(initial: Ensemble, data: Dataset, images: int) -> pd.DataFrame:
    """Alignment (%) of random weights with every layer's input before training: mean, and spread of a layer's mean."""
    network = initial.single(0)
    layers = weight_layers(network)
    x, _ = data.train.batch(slice(0, images))
    with torch.no_grad():
        reading = read(network, x, layers, outputs=False)
    rows = []
    for layer in layers.values():
        level = chance(layer.inputs(reading).values)
        spread = level.sd / len(layer.weight()) ** 0.5
        rows += [("chance", 100 * level.mean), ("chance_sd_of_mean", 100 * spread), ("chance_sd", 100 * level.sd)]
    names = [layer for layer in layers for _ in range(3)]
    quantity, value = zip(*rows, strict=True)
    return pd.DataFrame(
        {"variant": "chance", "replicate": 0, "layer": names, "quantity": quantity, "x": 0.0, "value": value}
    )
