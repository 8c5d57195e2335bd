"""Learning curves of trained networks as rows of a tidy table; shared by the experiments that show them."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from netspectra.data.images import Dataset
from netspectra.networks.checkpoints import Networks


def windows(values: np.ndarray, points: int) -> np.ndarray:
    """Means over consecutive windows along the first axis, at most `points` of them."""
    return np.stack([part.mean(0) for part in np.array_split(values, min(points, len(values)))])


def learning_rows(networks: Networks, points: int) -> pd.DataFrame:
    """Loss (nats) and accuracy (%) by minibatch, in windows, and of the test; columns variant to x."""
    return pd.concat(
        frame for variant in networks.variants for frame in _learning(variant, networks.history(variant), points)
    )


def alignment_rows(networks: Networks, points: int) -> pd.DataFrame:
    """Alignment (%) per layer, mean over its nodes, in windows of measurements."""
    frames = []
    for variant in networks.variants:
        history = networks.history(variant)
        step = history["alignment/step"].double().numpy()
        for layer, values in by_layer(history).items():
            frames += _frames(variant, layer, "alignment", step, 100 * values, points)
    return pd.concat(frames)


def node_spread_rows(networks: Networks, points: int) -> pd.DataFrame:
    """Standard error (%) over a layer's nodes of their mean alignment, in windows of measurements."""
    frames = []
    for variant in networks.variants:
        history = networks.history(variant)
        step = history["alignment/step"].double().numpy()
        for name in _alignments(history):
            nodes = history[name].double()
            error = (nodes.std(-1) / nodes.shape[-1] ** 0.5).cpu().numpy()
            frames += _frames(variant, name.split("/")[1], "alignment_node_error", step, 100 * error, points)
    return pd.concat(frames)


def size_rows(data: Dataset) -> pd.DataFrame:
    """How many images the networks were trained and tested on, for the footers of figures."""
    sizes = {"training_images": len(data.train), "test_images": len(data.test)}
    columns = {"variant": "data", "replicate": 0, "layer": "", "x": 0.0}
    return pd.DataFrame([{**columns, "quantity": name, "value": size} for name, size in sizes.items()])


def by_layer(history: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Alignment of every layer, mean over nodes that have weights, {layer: (measurements, replicates)}."""
    return {name.split("/")[1]: history[name].double().nanmean(-1).cpu().numpy() for name in _alignments(history)}


def _alignments(history: dict[str, torch.Tensor]) -> list[str]:
    return sorted(name for name in history if name.startswith("alignment/") and name != "alignment/step")


def _learning(variant: str, history: dict[str, torch.Tensor], points: int) -> Iterator[pd.DataFrame]:
    for name, unit in (("loss", 1), ("accuracy", 100)):
        trained, tested = (history[key].double().cpu().numpy() * unit for key in (name, f"test/{name}"))
        steps, tests = (history[key].double().cpu().numpy() for key in ("step", "test/step"))
        yield from _frames(variant, "", f"train_{name}", steps, trained, points)
        yield from _frames(variant, "", f"test_{name}", tests, tested, len(tested))


def _frames(
    variant: str, layer: str, quantity: str, steps: np.ndarray, values: np.ndarray, points: int
) -> Iterator[pd.DataFrame]:
    x, y = windows(steps, points), windows(values, points)
    for replicate in range(y.shape[1]):
        yield pd.DataFrame(
            {
                "variant": variant,
                "replicate": replicate,
                "layer": layer,
                "quantity": quantity,
                "x": x,
                "value": y[:, replicate],
            }
        )
