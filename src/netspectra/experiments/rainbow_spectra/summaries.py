"""What the spectra and the clipping curves come to: metrics of rainbow_spectra, with controls from the same run."""

import numpy as np
import pandas as pd
import torch
from torch import nn

from netspectra.lenses.hidden import hidden_layers
from netspectra.measures.eigenspectra import participation_ratio
from netspectra.measures.power_laws import density_power_law, lognormal_ratio, power_law
from netspectra.measures.rainbow import sample_weights
from netspectra.measures.random_matrices import bulk_variance, marchenko_pastur_edges
from netspectra.statistics.contrasts import ratio
from netspectra.statistics.estimates import of_replicates
from netspectra.statistics.intervals import Metrics


def initial_variance(d: int) -> float:
    """Variance of one weight in PyTorch's default initialisation, uniform in +-1 / sqrt(d)."""
    return 1 / (3 * d)


def per_replicate(rows: pd.DataFrame, quantity: str) -> np.ndarray:
    """Values (replicates, ranks) of one quantity of one layer."""
    chosen = rows[rows.quantity == quantity]
    return chosen.pivot_table(index="replicate", columns="x", values="value").to_numpy(copy=True)


def activation_metrics(metrics: Metrics, prefix: str, rows: pd.DataFrame, settings: dict) -> None:
    """Power law, effective dimensions, and what is lost at the ranks that the document reads off."""
    values, centred, initial = (
        torch.tensor(per_replicate(rows, f"activation_eigenvalue{end}")) for end in ("", "_centred", "_initial")
    )
    alive = int((values > settings["dead"] * values.max()).sum(1).min())  # dead units leave eigenvalues of zero
    first, last = settings["power_law"]["first"], min(settings["power_law"]["last"], alive)
    generator = torch.Generator().manual_seed(settings["seed"])
    options = {"resamples": settings["resamples"], "generator": generator}
    fits = [power_law(v, first=first, last=last, **options) for v in values]
    densities = [density_power_law(v, float(v[last - 1]), float(v[first - 1]), **options) for v in values]
    metrics.put(f"{prefix}_exponent", of_replicates([fit.exponent for fit in fits], "log"))
    metrics.put(f"{prefix}_r_squared", of_replicates([fit.r_squared for fit in fits], "logit"))
    metrics.put(f"{prefix}_density_exponent", of_replicates([fit.exponent for fit in densities], "log"))
    if len(initial):
        least = min(last, int((initial > settings["dead"] * initial.max()).sum(1).min()))
        untrained = [power_law(v, first=first, last=least, **options).exponent for v in initial]
        metrics.put(f"{prefix}_initial_exponent", of_replicates(untrained, "log"))
    for name, fit in (("exponent", fits[0]), ("density_exponent", densities[0])):
        for side, limit in zip(("low", "high"), fit.interval, strict=True):
            metrics.number(f"{prefix}_{name}_of_first_bootstrap_{side}", limit)
    metrics.number(f"{prefix}_exponent_first_rank", first)
    metrics.number(f"{prefix}_exponent_last_rank", last)
    add_likelihood_ratios(metrics, prefix, values[:, first - 1 : last], generator)
    metrics.put(f"{prefix}_participation", of_replicates([participation_ratio(v) for v in values], "log"))
    metrics.put(f"{prefix}_participation_centred", of_replicates([participation_ratio(v) for v in centred], "log"))
    _losses(metrics, prefix, rows, settings["quoted_ranks"]["activation"])


def add_likelihood_ratios(
    metrics: Metrics, prefix: str, values: torch.Tensor, generator: torch.Generator | None = None
) -> None:
    """How much better a lognormal fits than a power law; the control draws from one of its log moments."""
    logs = values.log()
    white = torch.randn(values.shape, dtype=torch.float64, generator=generator).sort(1, descending=True).values
    drawn = (logs.mean(1, keepdim=True) + logs.std(1, keepdim=True) * white).exp()
    for ending, spectra in (("", values), ("_control", drawn)):
        found = [lognormal_ratio(v, float(v[-1]), float(v[0])) for v in spectra]
        metrics.put(f"{prefix}_lognormal_ratio{ending}", of_replicates(found, "log"))


def weight_metrics(metrics: Metrics, prefix: str, rows: pd.DataFrame, nodes: int, d: int, settings: dict) -> None:
    """Eigenvalues outside the bulk, its variance, the exponential head, and what is lost at the quoted ranks."""
    values, initial = (per_replicate(rows, f"weight_eigenvalue{end}") for end in ("", "_initial"))
    upper = marchenko_pastur_edges(nodes, d, initial_variance(d))[1]
    bulk = np.array([bulk_variance(torch.tensor(v), nodes, d) for v in values])
    fitted = np.array([marchenko_pastur_edges(nodes, d, variance)[1] for variance in bulk])
    metrics.put(f"{prefix}_above_edge", of_replicates((values > upper).sum(1)))
    metrics.put(f"{prefix}_above_fitted_edge", of_replicates((values > fitted[:, None]).sum(1)))
    metrics.put(f"{prefix}_initial_above_edge", of_replicates((initial > upper).sum(1)))
    metrics.put(f"{prefix}_initial_top_over_edge", of_replicates(initial[:, 0] / upper, "log"))
    metrics.put(f"{prefix}_top_over_edge", of_replicates(values[:, 0] / upper, "log"))
    metrics.put(f"{prefix}_bulk_variance_over_initial", of_replicates(bulk / initial_variance(d), "log"))
    metrics.put(f"{prefix}_median_over_initial", ratio(np.median(values, 1), np.median(initial, 1), paired=True))
    add_isotropy(metrics, prefix, values, initial, nodes, d)
    head = settings["head"][rows.layer.iloc[0] - 1]
    tops = values[:, :head].mean(1), initial[:, :head].mean(1)
    metrics.put(f"{prefix}_head_over_initial", ratio(*tops, paired=True))
    add_decay(metrics, f"{prefix}_head", values[:, :head])
    activations = per_replicate(rows, "activation_eigenvalue")
    add_decay(metrics, f"{prefix}_head_control", activations[:, :head])
    _losses(metrics, prefix, rows, settings["quoted_ranks"]["weight"])


def add_isotropy(metrics: Metrics, prefix: str, values: np.ndarray, initial: np.ndarray, nodes: int, d: int) -> None:
    """How near W'W / nodes is to a multiple of the identity, and to which.

    Of independent weights the participation ratio is 1 / (1/d + 1/nodes); the multiple is their variance.
    """
    expected = 1 / (1 / d + 1 / nodes)
    for name, spectra in (("", values), ("initial_", initial)):
        shares = [participation_ratio(torch.tensor(v)) / expected for v in spectra]
        metrics.put(f"{prefix}_{name}participation", of_replicates(np.multiply(shares, expected), "log"))
        metrics.put(f"{prefix}_{name}isotropy", of_replicates(shares, "log"))
        metrics.put(f"{prefix}_{name}variance", of_replicates(spectra.sum(1) / d, "log"))
        over = spectra.sum(1) / d / initial_variance(d)
        metrics.put(f"{prefix}_{name}variance_over_uniform", of_replicates(over, "log"))


def add_decay(metrics: Metrics, prefix: str, head: np.ndarray) -> None:
    """How well log eigenvalues are linear in the rank (exponential), and how much better than in its log (power)."""
    ranks, logs = np.arange(1, head.shape[1] + 1), np.log(head)
    exponential, power = ([np.corrcoef(x, v)[0, 1] ** 2 for v in logs] for x in (ranks, np.log(ranks)))
    metrics.put(f"{prefix}_r_squared", of_replicates(exponential, "logit"))
    metrics.put(f"{prefix}_exponential_over_power", of_replicates(np.subtract(exponential, power), (-1, 1)))


def _losses(metrics: Metrics, prefix: str, rows: pd.DataFrame, quoted: list[int]) -> None:
    """Accuracy (%) at rank 1 and at full rank, and points lost at the quoted ranks and with random directions there."""
    what = prefix.split("_")[-1]
    accuracy, random = (per_replicate(rows, f"{what}_accuracy{end}") for end in ("", "_random"))
    metrics.put(f"{prefix}_accuracy_rank_1", of_replicates(accuracy[:, 0], "percent"))
    metrics.put(f"{prefix}_accuracy_full", of_replicates(accuracy[:, -1], "percent"))
    ranks = [rank for rank in quoted if rank <= accuracy.shape[1]]
    for rank in ranks:
        metrics.put(f"{prefix}_loss_rank_{rank}", of_replicates(accuracy[:, -1] - accuracy[:, rank - 1]))
    if len(random):
        for rank, kept in zip(ranks, random.T, strict=True):
            metrics.put(f"{prefix}_random_loss_rank_{rank}", of_replicates(accuracy[:, -1] - kept))


def add_published_distance(metrics: Metrics, prefix: str, rows: pd.DataFrame, published: dict) -> None:
    """Mean distance (points) to the published clipping curve beyond rank 1; the control keeps one direction."""
    if (curve := published.get(prefix)) is None:
        return
    ranks, values = np.array(curve["rank"][1:]), np.array(curve["value"][1:])
    accuracy = per_replicate(rows, "activation_accuracy")
    for name, found in (("", accuracy[:, ranks - 1]), ("_control", accuracy[:, :1])):
        metrics.put(f"{prefix}_activation_curve_distance{name}", of_replicates(np.abs(found - values).mean(1), "log"))


def add_kurtosis(metrics: Metrics, kind: str, trained: list[nn.Sequential], settings: dict) -> None:
    """Excess kurtosis of single spatial filters along their principal directions, of trained and of Gaussian weights.

    Gaussian weights have the same covariance; they are drawn twice, the second time as a control for the first.
    """
    generator = torch.Generator().manual_seed(settings["seed"])
    for h in hidden_layers(trained[0]):
        weights = [network.get_submodule(h.layer).weight for network in trained]
        if weights[0].ndim != 4:
            continue
        drawn = [
            np.mean(
                [[filter_kurtosis(sample_weights(w, generator)) for w in weights] for _ in range(settings["draws"])], 0
            )
            for _ in range(2)
        ]
        found = np.array([filter_kurtosis(w) for w in weights])
        metrics.put(f"{kind}_{h.number}_filter_kurtosis", of_replicates(found))
        metrics.put(f"{kind}_{h.number}_filter_kurtosis_gaussian", of_replicates(drawn[0]))
        metrics.put(f"{kind}_{h.number}_filter_kurtosis_over_gaussian", of_replicates(found - drawn[0]))
        metrics.put(f"{kind}_{h.number}_filter_kurtosis_control", of_replicates(drawn[1] - drawn[0]))


def filter_kurtosis(weight: torch.Tensor) -> float:
    """Mean excess kurtosis of spatial filters (nodes * channels, k * k) projected on their principal directions."""
    filters = weight.detach().double().flatten(2).flatten(0, 1)
    projected = filters @ torch.linalg.svd(filters, full_matrices=False).Vh.T
    return float((projected.pow(4).mean(0) / projected.square().mean(0).square() - 3).mean())
