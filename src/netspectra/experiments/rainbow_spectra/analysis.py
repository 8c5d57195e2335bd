"""Spectra of activations and of weights over the accuracy that their first directions carry (rainbow document)."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import nn

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.clipping import clipping_curve
from netspectra.lenses.hidden import Hidden, hidden_layers, joint_moments, replicates
from netspectra.measures.eigenspectra import Spectrum, eigenspectrum, participation_ratio, weight_spectrum
from netspectra.measures.power_laws import density_power_law, power_law
from netspectra.measures.random_matrices import bulk_variance, marchenko_pastur_edges, marchenko_pastur_spectrum
from netspectra.networks.layers import weight_layers
from netspectra.statistics.intervals import Metrics

Batches = list[tuple[torch.Tensor, torch.Tensor]]


def analyse(given: Given) -> Findings:
    """Tabulate eigenvalues and clipping curves at every rank, of every hidden layer and replicate."""
    frames, metrics = [], Metrics()
    for name, networks in given.networks.items():
        data, kind = given.data(name), networks.variants[0]
        trained, initial = replicates(networks), replicates(networks, at=0)
        train = list(data.train.batches(given.settings["batch"][name]))
        moments = [joint_moments([network], train) for network in trained]
        test = list(data.test.batches(given.settings["batch"][name]))
        rows = pd.DataFrame(_rows(trained, initial, moments, test, given.settings)).assign(network=kind)
        frames.append(rows)
        for h in hidden_layers(trained[0]):
            found = rows[rows.layer == h.number]
            weight = weight_layers(trained[0])[h.layer].weight()
            prefix = f"{kind}_{h.number}"
            activation_metrics(metrics, f"{prefix}_activation", found, given.settings)
            weight_metrics(metrics, f"{prefix}_weight", found, *weight.shape, given.settings)
    return Findings(pd.concat(frames), metrics)


def _rows(
    trained: list[nn.Sequential], initial: list[nn.Sequential], moments: list[dict], test: Batches, settings: dict
) -> Iterator[dict]:
    clipped = settings["clipped_replicates"]
    for h in hidden_layers(trained[0]):
        for i, network in enumerate(trained):
            covariance = moments[i][h.number].moments.covariance
            own = {centred: eigenspectrum(covariance(centred)) for centred in (False, True)}
            pair = (network, initial[i])
            weights = [weight_spectrum(n.get_submodule(h.layer).weight, full=False) for n in pair]
            columns = {
                "activation_eigenvalue": own[False].values,
                "activation_eigenvalue_centred": own[True].values,
                "weight_eigenvalue": weights[0].values,
                "weight_eigenvalue_initial": weights[1].values,
            }
            if i < clipped:
                columns |= _clip(network, h, own[False], weights[0], test)
            yield from (
                {"layer": h.number, "replicate": i, "quantity": quantity, "x": x, "value": value}
                for quantity, values in columns.items()
                for x, value in enumerate(values.tolist(), 1)
            )
        yield from _null_rows(h, network)


def _clip(
    network: nn.Sequential, h: Hidden, activations: Spectrum, weights: Spectrum, test: Batches
) -> dict[str, torch.Tensor]:
    """Test accuracy (%) at every rank of the activations that enter the next layer, and of the layer's own weights."""
    by_activations = clipping_curve(network, h.next, activations.vectors, test)
    by_weights = clipping_curve(network, h.layer, weights.vectors, test)
    return {"activation_accuracy": 100 * by_activations.accuracy, "weight_accuracy": 100 * by_weights.accuracy}


def initial_variance(d: int) -> float:
    """Variance of one weight in PyTorch's default initialisation, uniform in +-1 / sqrt(d)."""
    return 1 / (3 * d)


def _null_rows(h: Hidden, network: nn.Sequential) -> Iterator[dict]:
    """Typical eigenvalues of independent weights (Marchenko and Pastur), and the edges of their law."""
    nodes, d = weight_layers(network)[h.layer].weight().shape
    typical = marchenko_pastur_spectrum(nodes, d, initial_variance(d))
    lower, upper = marchenko_pastur_edges(nodes, d, initial_variance(d))
    named = {"null_eigenvalue": typical.tolist(), "null_lower": [lower], "null_upper": [upper]}
    for quantity, values in named.items():
        for x, value in enumerate(values, 1):
            yield {"layer": h.number, "replicate": 0, "quantity": quantity, "x": x, "value": value}


def per_replicate(rows: pd.DataFrame, quantity: str) -> np.ndarray:
    """Values (replicates, ranks) of one quantity of one layer."""
    chosen = rows[rows.quantity == quantity]
    return chosen.pivot_table(index="replicate", columns="x", values="value").to_numpy(copy=True)


def activation_metrics(metrics: Metrics, prefix: str, rows: pd.DataFrame, settings: dict) -> None:
    """Power law, effective dimensions, and what is lost at the ranks that the document reads off."""
    values = torch.tensor(per_replicate(rows, "activation_eigenvalue"))
    centred = torch.tensor(per_replicate(rows, "activation_eigenvalue_centred"))
    alive = int((values > settings["dead"] * values.max()).sum(1).min())  # dead units leave eigenvalues of zero
    first, last = settings["power_law"]["first"], min(settings["power_law"]["last"], alive)
    generator = torch.Generator().manual_seed(settings["seed"])
    options = {"resamples": settings["resamples"], "generator": generator}
    fits = [power_law(v, first=first, last=last, **options) for v in values]
    densities = [density_power_law(v, float(v[last - 1]), float(v[first - 1]), **options) for v in values]
    metrics.add(f"{prefix}_exponent", [fit.exponent for fit in fits])
    metrics.add(f"{prefix}_r_squared", [fit.r_squared for fit in fits])
    metrics.add(f"{prefix}_density_exponent", [fit.exponent for fit in densities])
    for name, fit in (("exponent", fits[0]), ("density_exponent", densities[0])):
        for side, limit in zip(("low", "high"), fit.interval, strict=True):
            metrics.number(f"{prefix}_{name}_of_first_bootstrap_{side}", limit)
    metrics.number(f"{prefix}_exponent_first_rank", first)
    metrics.number(f"{prefix}_exponent_last_rank", last)
    metrics.add(f"{prefix}_participation", [participation_ratio(v) for v in values])
    metrics.add(f"{prefix}_participation_centred", [participation_ratio(v) for v in centred])
    _losses(metrics, prefix, rows, settings["quoted_ranks"]["activation"])


def weight_metrics(metrics: Metrics, prefix: str, rows: pd.DataFrame, nodes: int, d: int, settings: dict) -> None:
    """Eigenvalues outside the bulk, its variance, the exponential head, and what is lost at the quoted ranks."""
    values, initial = (per_replicate(rows, f"weight_eigenvalue{end}") for end in ("", "_initial"))
    upper = marchenko_pastur_edges(nodes, d, initial_variance(d))[1]
    bulk = np.array([bulk_variance(torch.tensor(v), nodes, d) for v in values])
    fitted = np.array([marchenko_pastur_edges(nodes, d, variance)[1] for variance in bulk])
    metrics.add(f"{prefix}_above_edge", (values > upper).sum(1))
    metrics.add(f"{prefix}_above_fitted_edge", (values > fitted[:, None]).sum(1))
    metrics.add(f"{prefix}_initial_above_edge", (initial > upper).sum(1))
    metrics.add(f"{prefix}_initial_top_over_edge", initial[:, 0] / upper)
    metrics.add(f"{prefix}_bulk_variance_over_initial", bulk / initial_variance(d))
    metrics.add(f"{prefix}_median_over_initial", np.median(values, 1) / np.median(initial, 1))
    metrics.add(f"{prefix}_participation", [participation_ratio(torch.tensor(v)) for v in values])
    head = np.log(values[:, : settings["head"][rows.layer.iloc[0] - 1]])
    metrics.add(f"{prefix}_head_r_squared", [np.corrcoef(np.arange(len(v)), v)[0, 1] ** 2 for v in head])
    _losses(metrics, prefix, rows, settings["quoted_ranks"]["weight"])


def _losses(metrics: Metrics, prefix: str, rows: pd.DataFrame, quoted: list[int]) -> None:
    """Accuracy (%) at rank 1 and at full rank, and points lost at the quoted ranks."""
    accuracy = per_replicate(rows, f"{prefix.split('_')[-1]}_accuracy")
    metrics.add(f"{prefix}_accuracy_rank_1", accuracy[:, 0])
    metrics.add(f"{prefix}_accuracy_full", accuracy[:, -1])
    for rank in quoted:
        if rank <= accuracy.shape[1]:
            metrics.add(f"{prefix}_loss_rank_{rank}", accuracy[:, -1] - accuracy[:, rank - 1])
