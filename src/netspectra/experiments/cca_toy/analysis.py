"""Canonical correlations of independent Gaussian layers and of a layer with a linear map of itself (CCA tutorial)."""

import warnings
from collections.abc import Callable, Iterator

import pandas as pd
import torch

from netspectra.experiments.measuring import Findings, Given
from netspectra.measures.canonical import cca
from netspectra.measures.cca_inference import null_edges, null_mean
from netspectra.statistics.intervals import Metrics

Draw = Callable[[int, int], torch.Tensor]


def analyse(given: Given) -> Findings:
    """Tabulate correlations by rank for both toys, and their mean by number of samples, for every draw."""
    settings = given.settings
    generator = torch.Generator().manual_seed(settings["seed"])

    def draw(samples: int, neurons: int) -> torch.Tensor:
        return torch.randn(samples, neurons, generator=generator, dtype=torch.float64).to(given.device)

    with warnings.catch_warnings():  # Too few samples is what the third figure is about.
        warnings.filterwarnings("ignore", message=".*samples for.*neurons", category=UserWarning)
        table = pd.DataFrame([*spectra(draw, settings), *by_samples(draw, settings)])
    return Findings(pd.concat([table, pd.DataFrame(theory(settings))]), summarise(table, settings))


def spectra(draw: Draw, settings: dict) -> Iterator[dict]:
    """Rows of the correlations of two independent layers, and of the first with an invertible map of itself."""
    samples, dx, dy = settings["samples"], *settings["neurons"]
    for replicate in range(settings["draws"]):
        a, b = draw(samples, dx), draw(samples, dy)
        for quantity, other in (("independent", b), ("mapped", a @ draw(dx, dx))):
            for i, rho in enumerate(cca(a, other).correlations.tolist()):
                yield {"quantity": quantity, "replicate": replicate, "x": i, "value": rho}


def by_samples(draw: Draw, settings: dict) -> Iterator[dict]:
    """Rows of the mean correlation of two independent layers of one width, on the first so many samples of a draw."""
    width, most = settings["neurons"][0], max(settings["datapoints"])
    for replicate in range(settings["draws"]):
        a, b = draw(most, width), draw(most, width)
        for n in settings["datapoints"]:
            mean = float(cca(a[:n], b[:n]).correlations.mean())
            yield {"quantity": "mean", "replicate": replicate, "x": n, "value": mean}


def theory(settings: dict) -> Iterator[dict]:
    """Rows of Wachter's edges and means; centring costs one degree of freedom."""
    samples, dx, dy = settings["samples"], *settings["neurons"]
    for end, edge in zip(("lower", "upper"), null_edges(samples - 1, dx, dy), strict=True):
        yield {"quantity": f"{end} edge", "replicate": 0, "x": samples, "value": edge}
    for n in settings["datapoints"]:
        yield {"quantity": "expected mean", "replicate": 0, "x": n, "value": null_mean(n - 1, dx, dx)}


def summarise(table: pd.DataFrame, settings: dict) -> Metrics:
    """Means, extremes and falls over the draws, with intervals."""
    metrics, samples, (dx, dy) = Metrics(), settings["samples"], settings["neurons"]
    independent, mapped = (wide(table, quantity) for quantity in ("independent", "mapped"))
    metrics.add("independent_mean", independent.mean().tolist())
    metrics.number("independent_mean_sd", independent.mean().std())
    metrics.add("independent_largest", independent.max().tolist())
    metrics.add("independent_smallest", independent.min().tolist())
    metrics.number("independent_count", len(independent))
    lower, upper = null_edges(samples - 1, dx, dy)
    expected = {"mean": null_mean(samples - 1, dx, dy), "largest": upper, "smallest": lower}
    for name, value in expected.items():
        metrics.number(f"expected_{name}", value)
    metrics.number("independent_mean_minus_expected", independent.to_numpy().mean() - expected["mean"])
    metrics.add("mapped_mean", mapped.mean().tolist())
    metrics.number("mapped_smallest", mapped.to_numpy().min())
    means = wide(table, "mean").sort_index()
    for n, values in means.iterrows():
        metrics.add(f"mean_at_{n}", values.tolist())
    metrics.number("smallest_fall", -means.mean(axis=1).diff().max())
    few, many = settings["fall"]
    metrics.add(f"fall_{few}_to_{many}", (means.loc[few] - means.loc[many]).tolist())
    return metrics


def wide(table: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """One quantity with x in rows and draws in columns."""
    return table[table.quantity == quantity].pivot(index="x", columns="replicate", values="value")
