"""Canonical correlations of independent Gaussian layers and of a layer with a linear map of itself (CCA tutorial).

Beside them stand layers that share half of their variance, on which what is claimed of independent ones must fail.
"""

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import torch

from netspectra.experiments.measuring import Findings, Given
from netspectra.measures.canonical import cca
from netspectra.measures.cca_inference import null_edges, null_mean
from netspectra.statistics.estimates import of_replicates
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.predictions import of_single_draw

Draw = Callable[[int, int], torch.Tensor]
CURVES = 40  # points of the smooth law


def analyse(given: Given) -> Findings:
    """Tabulate correlations by rank for both toys, and their mean by number of samples, for every draw."""
    settings = given.settings
    generator, other = (torch.Generator().manual_seed(settings["seed"] + i) for i in (0, 1))

    def of(source: torch.Generator) -> Draw:
        return lambda samples, neurons: torch.randn(samples, neurons, generator=source, dtype=torch.float64)

    with warnings.catch_warnings():  # Too few samples is what the third figure is about.
        warnings.filterwarnings("ignore", message=".*samples for.*neurons", category=UserWarning)
        table = pd.DataFrame(
            [*spectra(of(generator), settings), *by_samples(of(generator), settings), *sharing(of(other), settings)]
        )
    return Findings(pd.concat([table, pd.DataFrame(theory(settings))]), summarise(table, settings))


def spectra(draw: Draw, settings: dict) -> Iterator[dict]:
    """Rows of the correlations of two independent layers, and of the first with an invertible map of itself."""
    samples, dx, dy = settings["samples"], *settings["neurons"]
    for replicate in range(settings["draws"]):
        a, b = draw(samples, dx), draw(samples, dy)
        yield from by_index("independent", replicate, a, b)
        yield from by_index("mapped", replicate, a, a @ draw(dx, dx))


def by_index(quantity: str, replicate: int, a: torch.Tensor, b: torch.Tensor) -> Iterator[dict]:
    """Rows of the correlations of two layers by index, from 1."""
    for i, rho in enumerate(cca(a, b).correlations.tolist(), 1):
        yield {"quantity": quantity, "replicate": replicate, "x": i, "value": rho}


def by_samples(draw: Draw, settings: dict) -> Iterator[dict]:
    """Rows of the mean correlation of two independent layers of one width, on the first so many samples of a draw."""
    width, most = settings["neurons"][0], max(settings["datapoints"])
    for replicate in range(settings["draws"]):
        yield from means("mean", replicate, draw(most, width), draw(most, width), settings)


def means(quantity: str, replicate: int, a: torch.Tensor, b: torch.Tensor, settings: dict) -> Iterator[dict]:
    """Rows of the mean correlation of two layers on their first samples, for every number of them."""
    for n in settings["datapoints"]:
        mean = float(cca(a[:n], b[:n]).correlations.mean())
        yield {"quantity": quantity, "replicate": replicate, "x": n, "value": mean}


def sharing(draw: Draw, settings: dict) -> Iterator[dict]:
    """Rows of both for two layers whose neurons share half of their variance one by one: the control."""
    samples, most, dx, dy = settings["samples"], max(settings["datapoints"]), *settings["neurons"]
    for replicate in range(settings["controls"]):
        a = draw(most, dx)
        b = a + draw(most, dx)
        yield from by_index("sharing", replicate, a[:samples], b[:samples, :dy])
        yield from means("sharing mean", replicate, a, b, settings)


def theory(settings: dict) -> Iterator[dict]:
    """Rows of Wachter's edges, and of his mean over a smooth grid; centring costs one degree of freedom."""
    samples, dx, dy = settings["samples"], *settings["neurons"]
    for end, edge in zip(("lower", "upper"), null_edges(samples - 1, dx, dy), strict=True):
        yield {"quantity": f"{end} edge", "replicate": 0, "x": samples, "value": edge}
    few, many = min(settings["datapoints"]), max(settings["datapoints"])
    for n in np.unique(np.geomspace(few, many, CURVES).round().astype(int)).tolist():
        yield {"quantity": "expected mean", "replicate": 0, "x": n, "value": null_mean(n - 1, dx, dx)}


def summarise(table: pd.DataFrame, settings: dict) -> Metrics:
    """Means, extremes and falls over the draws, of independent layers and of the control, with intervals."""
    metrics, samples, (dx, dy) = Metrics(), settings["samples"], settings["neurons"]
    for name in ("independent", "sharing"):
        spectrum = wide(table, name)
        for end, values in (("mean", spectrum.mean()), ("largest", spectrum.max()), ("smallest", spectrum.min())):
            metrics.put(f"{name}_{end}", of_replicates(values, "logit"))
            metrics.put(f"{name}_{end}_of_a_draw", of_single_draw(values.to_numpy()[:, None], "logit"))
    lower, upper = null_edges(samples - 1, dx, dy)
    independent, mapped = wide(table, "independent"), wide(table, "mapped")
    for name, value in {"mean": null_mean(samples - 1, dx, dy), "largest": upper, "smallest": lower}.items():
        metrics.number(f"expected_{name}", value)
    metrics.number("independent_count", len(independent))
    metrics.number("above_upper_edge", float((independent.max() > upper).mean()))
    metrics.number("mapped_smallest", mapped.to_numpy().min())
    of_samples(metrics, wide(table, "mean").sort_index(), settings["falls"], "")
    of_samples(metrics, wide(table, "sharing mean").sort_index(), settings["falls"], "_sharing")
    return metrics


def of_samples(metrics: Metrics, means: pd.DataFrame, falls: list[list[int]], suffix: str) -> None:
    """Add the mean correlation at every number of samples, the falls between some, and the least fall of all steps."""
    few = means.index[0]
    metrics.number(f"mean_at_{few}{suffix}", means.loc[few].mean())
    for n, values in means.iloc[1:].iterrows():
        metrics.put(f"mean_at_{n}{suffix}", of_replicates(values.clip(0, 1), "logit"))
    metrics.put(f"smallest_fall{suffix}", of_replicates((-means.diff()).min()))
    for start, end in falls:
        metrics.put(f"fall_{start}_to_{end}{suffix}", of_replicates(means.loc[start] - means.loc[end]))


def wide(table: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """One quantity with x in rows and draws in columns."""
    return table[table.quantity == quantity].pivot(index="x", columns="replicate", values="value")
