"""DFT-CCA of layers of convolutional networks with those of residual ones, trained and before training."""

from collections.abc import Iterator
from itertools import islice

import pandas as pd
import torch
from torch import nn

from netspectra.data.images import Dataset, Split
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.controls import with_statistics
from netspectra.lenses.representations import Read, representations
from netspectra.measures.dft_grid import dft_grid
from netspectra.measures.feature_maps import low_frequencies, permuted
from netspectra.networks.checkpoints import Networks
from netspectra.networks.parts import Residual
from netspectra.statistics.intervals import Metrics


def analyse(given: Given) -> Findings:
    """Tabulate grids of similarities; convolutional network i meets residual network i, and the next of its own."""
    settings, metrics = given.settings, Metrics()
    data, generator = given.data(settings["networks"][0]), torch.Generator().manual_seed(settings["seed"])
    first, second = given.networks.values()
    counts = [len(networks.stack(settings["variant"])) for networks in (first, second)]
    rows = []
    for i in range(min(counts)):
        convolutional, residual = (one(each, i, "trained", data, settings) for each in (first, second))
        grids = {
            "trained": grid(convolutional, residual),
            "permuted": grid(convolutional, {name: permuted(maps, generator) for name, maps in residual.items()}),
            "untrained": grid(*(one(each, i, "untrained", data, settings) for each in (first, second))),
            "convolutional": grid(convolutional, one(first, (i + 1) % counts[0], "trained", data, settings)),
        }
        rows += [row | {"kind": kind, "replicate": i} for kind, found in grids.items() for row in found]
    table = pd.DataFrame(rows)
    contrast = {kind: found.groupby("replicate").apply(low_less_high) for kind, found in table.groupby("kind")}
    metrics.add("low_high", contrast["trained"])
    metrics.add("low_high_control", contrast["permuted"])
    metrics.add("low_high_untrained", contrast["untrained"])
    metrics.add("low_high_learned", contrast["trained"] - contrast["untrained"])
    return Findings(table, metrics)


def one(networks: Networks, index: int, kind: str, data: Dataset, settings: dict) -> Read:
    """What a trained network sees, or the network before training with statistics of training images."""
    if kind == "trained":
        return seen(networks.stack(settings["variant"]).single(index), data.test, settings)
    started = networks.stack(settings["variant"], 0.0).single(index)
    return seen(with_statistics(started, _batches(data.train, settings)), data.test, settings)


def seen(network: nn.Module, images: Split, settings: dict) -> Read:
    """Feature maps of every layer that has some, cut to their lowest frequencies."""
    parts = []
    for batch in _batches(images, settings):
        found = representations(network, places_of(network), [batch])
        parts.append({name: _small(maps, settings["side"]) for name, maps in found.items() if maps.ndim == 4})
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def places_of(network: nn.Module) -> list[str]:
    """Layers from the image upwards; of a residual block its two normalised convolutions."""
    named = list(network.named_children())
    found = [[f"{name}.bncv1", f"{name}.bncv2"] if isinstance(layer, Residual) else [name] for name, layer in named]
    return [place for places in found for place in places if place not in ("logits", "out")]


def grid(first: Read, second: Read) -> Iterator[dict]:
    """Similarity of every layer with every layer, by name and by number from the bottom."""
    for i, (row, values) in enumerate(zip(first, dft_grid(first, second).tolist(), strict=True)):
        for j, (column, value) in enumerate(zip(second, values, strict=True)):
            yield {"row": row, "column": column, "y": i, "x": j, "value": value}


def low_less_high(rows: pd.DataFrame) -> float:
    """Mean similarity of the lower half of both networks less that of the upper half; a middle layer is in neither."""
    height, width = rows.y.max() + 1, rows.x.max() + 1
    low = rows[(rows.y < height // 2) & (rows.x < width // 2)]
    high = rows[(rows.y >= height - height // 2) & (rows.x >= width - width // 2)]
    return low.value.mean() - high.value.mean()


def _small(maps: torch.Tensor, side: int) -> torch.Tensor:
    return low_frequencies(maps, *(min(side, size) for size in maps.shape[2:]))


def _batches(images: Split, settings: dict) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    return islice(images.batches(settings["batch"]), -(-settings["images"] // settings["batch"]))
