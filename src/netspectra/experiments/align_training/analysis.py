"""Learning curves and alignment of every layer while it trains (alignment document, "Basic Results")."""

from itertools import combinations

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr

from netspectra.data.images import Dataset
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.learning import alignment_rows, by_layer, learning_rows
from netspectra.measures.alignment import chance
from netspectra.networks.ensembles import Ensemble, input_of, weight_layers
from netspectra.statistics.intervals import Metrics


def analyse(given: Given) -> Findings:
    """Tabulate the curves with the chance level of every layer, and judge the shape of the trajectories."""
    ((name, networks),) = given.networks.items()
    settings, variant = given.settings, networks.variants[0]
    history = networks.history(variant)
    level = chance_rows(networks.stack(variant, at=0), given.data(name), settings["images"])
    table = pd.concat(
        [learning_rows(networks, settings["points"]), alignment_rows(networks, settings["points"]), level]
    )
    metrics = Metrics()
    metrics.add("test_accuracy", 100 * history["test/accuracy"][-1])
    metrics.add("loss_ratio", loss_ratio(history["loss"].double().numpy(), settings["edge"]))
    steps = history["alignment/step"].numpy() / float(history["step"][-1])
    accuracy = history["accuracy"].double().numpy()[history["alignment/step"].numpy()]
    layers = by_layer(history)
    smooth = {layer: moving_mean(a, settings["smooth"]) for layer, a in layers.items()}
    for layer, a in smooth.items():
        width = networks.stack(variant).weight(layer).flatten(2).shape[-1]
        metrics.add(f"{layer}_start_over_chance", layers[layer][0] * width)
        metrics.add(f"{layer}_peak_over_start", a.max(0) / layers[layer][0])
        metrics.add(f"{layer}_half_rise_at", half_rise(np.concatenate([layers[layer][:1], a]), np.append(0, steps)))
        metrics.add(f"{layer}_peak_at", steps[a.argmax(0)])
        metrics.add(f"{layer}_end_over_peak", a[-1] / a.max(0))
    dropped = np.stack([a[-1] / a.max(0) <= settings["drop"] for a in smooth.values()])
    metrics.add("layers_that_drop", dropped.sum(0))
    metrics.add(
        "accuracy_rise_after_first_drop", rise_after_drop(smooth, dropped, moving_mean(accuracy, settings["smooth"]))
    )
    metrics.add("least_layer_correlation", layer_correlation(smooth, settings["fewest"]))
    start = np.stack([layers[layer][0] for layer in layers])
    widths = [networks.stack(variant).weight(layer).flatten(2).shape[-1] for layer in layers]
    metrics.add("start_width_order", [spearmanr(start[:, r], 1 / np.array(widths))[0] for r in range(start.shape[1])])
    return Findings(table, metrics)


def chance_rows(initial: Ensemble, data: Dataset, images: int) -> pd.DataFrame:
    """Alignment (%) of random weights with every layer's input before training: mean, and spread of a layer's mean."""
    layers = weight_layers(initial.network)
    x, _ = data.train.batch(slice(0, images))
    with torch.no_grad():
        _, kept = initial[:1](x, [input_of(initial.network, layer) for layer in layers])
    rows = []
    for layer, module in layers.items():
        level = chance(kept[input_of(initial.network, layer)].flatten(2)[0])
        spread = level.sd / module.weight.shape[0] ** 0.5
        rows += [("chance", 100 * level.mean), ("chance_sd_of_mean", 100 * spread), ("chance_sd", 100 * level.sd)]
    names = [layer for layer in layers for _ in range(3)]
    quantity, value = zip(*rows, strict=True)
    return pd.DataFrame(
        {"variant": "chance", "replicate": 0, "layer": names, "quantity": quantity, "x": 0.0, "value": value}
    )


def loss_ratio(loss: np.ndarray, edge: float) -> np.ndarray:
    """Mean training loss over the last share of the steps, over that of the first share; (steps, replicates)."""
    count = max(1, int(edge * len(loss)))
    return loss[-count:].mean(0) / loss[:count].mean(0)


def moving_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Means over `window` neighbours along the first axis, without padding."""
    window = min(window, len(values))
    sums = np.cumsum(np.concatenate([np.zeros_like(values[:1]), values]), 0)
    means = (sums[window:] - sums[:-window]) / window
    # As many rows as came in, the first ones averaging over what there is so far.
    early = np.stack([values[: i + 1].mean(0) for i in range(window - 1)]) if window > 1 else values[:0]
    return np.concatenate([early, means])


def half_rise(a: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Share of training at which half of the rise from the first value to the peak is reached, per replicate."""
    level = (a[0] + a.max(0)) / 2
    return at[(a >= level).argmax(0)]


def rise_after_drop(smooth: dict[str, np.ndarray], dropped: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Training accuracy (points) still to be gained when the first layer that drops has its peak; 0 if none drops."""
    peaks = np.stack([a.argmax(0) for a in smooth.values()])
    first = np.where(dropped, peaks, len(accuracy) - 1).min(0)
    return 100 * (accuracy[-1] - accuracy[first, np.arange(accuracy.shape[1])])


def layer_correlation(smooth: dict[str, np.ndarray], fewest: int) -> np.ndarray:
    """Least Spearman correlation between the trajectories of two layers over the rise of the faster, per replicate."""
    found = []
    for replicate in range(next(iter(smooth.values())).shape[1]):
        rows = [a[:, replicate] for a in smooth.values()]
        pairs = [(u, v, max(fewest, min(u.argmax(), v.argmax()) + 1)) for u, v in combinations(rows, 2)]
        found.append(min(spearmanr(u[:n], v[:n])[0] for u, v, n in pairs))
    return np.array(found)
