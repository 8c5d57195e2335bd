"""Dense CCA against DFT-CCA: equal where shifts leave the data as it is; memory and work by size of the maps."""

from collections.abc import Iterator

import pandas as pd
import torch

from netspectra.experiments.measuring import Findings, Given
from netspectra.measures.canonical import cca
from netspectra.measures.dft_cca import dft_cca
from netspectra.measures.feature_maps import all_shifts, dense_bytes, dft_bytes
from netspectra.statistics.intervals import Metrics


def analyse(given: Given) -> Findings:
    """Tabulate differences of the mean correlations, and counts."""
    settings, metrics = given.settings, Metrics()
    table = pd.DataFrame([*equalities(settings), *counts(settings)])
    found = table[table.quantity == "difference"]
    for kind, ending in (("all shifts", ""), ("as drawn", "_control")):
        worst = found[found.kind == kind].groupby("replicate").value
        metrics.add(f"difference{ending}", worst.max() if ending == "" else worst.min())
    wide = table[table.quantity != "difference"].pivot(index=["channels", "x"], columns="quantity", values="value")
    for channels, rows in wide.groupby("channels"):
        last = rows.iloc[-1]
        metrics.number(f"memory_ratio_{channels:g}", last.dense_bytes / last.dft_bytes)
        metrics.number(f"work_ratio_{channels:g}", last.dense_work / last.dft_work)
        fits = rows[rows.dense_bytes <= 1e9 * settings["memory_gb"]].reset_index().x
        metrics.number(f"largest_dense_{channels:g}", fits.max() if len(fits) else 0)
    return Findings(table, metrics)


def equalities(settings: dict) -> Iterator[dict]:
    """Absolute differences of the mean correlations, by layers and side, on shifted maps and on maps as drawn."""
    generator = torch.Generator().manual_seed(settings["seed"])
    for replicate in range(settings["replicates"]):
        for side in settings["compared"]:
            for layers, channels in settings["layers"].items():
                pair = two_layers(channels, side, settings, generator)
                drawn = two_layers(channels, side, settings | {"maps": settings["maps"] * side**2}, generator)
                for kind, (x, y) in (("all shifts", [all_shifts(maps) for maps in pair]), ("as drawn", drawn)):
                    dense = float(cca(x.flatten(1), y.flatten(1)).correlations.mean())
                    row = {"replicate": replicate, "quantity": "difference", "kind": kind, "layers": layers}
                    yield row | {"x": side, "value": abs(dense - dft_cca(x, y).mean)}


def two_layers(channels: list[int], side: int, settings: dict, generator: torch.Generator) -> list[torch.Tensor]:
    """Maps (maps, channels, side, side) of two layers that share a part of what they hold."""
    shape = settings["maps"], max(channels), side, side
    shared = settings["signal"] * torch.randn(shape, generator=generator, dtype=torch.float64)
    return [
        shared[:, :c] + torch.randn(shared[:, :c].shape, generator=generator, dtype=torch.float64) for c in channels
    ]


def counts(settings: dict) -> Iterator[dict]:
    """Bytes of the covariances, and multiply-adds of the covariances and of one decomposition of each."""
    n = settings["images"]
    for c in settings["channels"]:
        for side in settings["sides"]:
            d, blocks = c * side**2, side * (side // 2 + 1)
            found = {
                "dense_bytes": dense_bytes((c, c), side, side),
                "dft_bytes": dft_bytes((c, c), side, side),
                "dense_work": 3 * (n * d**2 + d**3),
                "dft_work": 4 * 3 * blocks * (n * c**2 + c**3),  # a complex product is four real ones
            }
            yield from ({"quantity": name, "channels": c, "x": side, "value": value} for name, value in found.items())
