"""Spectra of activations and of weights over the accuracy that their first directions carry (rainbow document)."""

from collections.abc import Iterator

import pandas as pd
import torch
from torch import nn

from netspectra.experiments.measuring import Findings, Given
from netspectra.experiments.rainbow_spectra.summaries import (
    activation_metrics,
    add_kurtosis,
    add_published_distance,
    initial_variance,
    weight_metrics,
)
from netspectra.lenses.clipping import clipping_curve
from netspectra.lenses.hidden import Hidden, hidden_layers, joint_moments, replicates
from netspectra.measures.eigenspectra import Spectrum, eigenspectrum, weight_spectrum
from netspectra.measures.random_matrices import marchenko_pastur_edges, marchenko_pastur_spectrum
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
        controlled = initial if name in given.settings["controls"] else []
        moments = [[joint_moments([network], train) for network in group] for group in (trained, controlled)]
        test = list(data.test.batches(given.settings["batch"][name]))
        rows = pd.DataFrame(_rows(trained, initial, moments, test, given.settings)).assign(network=kind)
        frames.append(rows)
        add_kurtosis(metrics, kind, trained, given.settings)
        for h in hidden_layers(trained[0]):
            found = rows[rows.layer == h.number]
            weight = weight_layers(trained[0])[h.layer].weight()
            prefix = f"{kind}_{h.number}"
            activation_metrics(metrics, f"{prefix}_activation", found, given.settings)
            weight_metrics(metrics, f"{prefix}_weight", found, *weight.shape, given.settings)
            add_published_distance(metrics, prefix, found, given.published.get("activation_accuracy", {}))
    return Findings(pd.concat(frames), metrics)


def _rows(
    trained: list[nn.Sequential], initial: list[nn.Sequential], moments: list[list[dict]], test: Batches, settings: dict
) -> Iterator[dict]:
    clipped, generator = settings["clipped_replicates"], torch.Generator().manual_seed(settings["seed"])
    for h in hidden_layers(trained[0]):
        for i, network in enumerate(trained):
            covariance = moments[0][i][h.number].moments.covariance
            own = {centred: eigenspectrum(covariance(centred)) for centred in (False, True)}
            pair = (network, initial[i])
            weights = [weight_spectrum(n.get_submodule(h.layer).weight, full=False) for n in pair]
            columns = {
                "activation_eigenvalue": own[False].values,
                "activation_eigenvalue_centred": own[True].values,
                "weight_eigenvalue": weights[0].values,
                "weight_eigenvalue_initial": weights[1].values,
            }
            if controls := moments[1]:
                untrained = controls[i][h.number].moments.covariance(False)
                columns["activation_eigenvalue_initial"] = eigenspectrum(untrained).values
            if i < clipped:
                columns |= _clip(network, h, own[False], weights[0], test)
            yield from (
                {"layer": h.number, "replicate": i, "quantity": quantity, "x": x, "value": value}
                for quantity, values in columns.items()
                for x, value in enumerate(values.tolist(), 1)
            )
            if i < clipped and controls:
                yield from _clip_at_random(
                    network, h, i, own[False], weights[0], test, settings["quoted_ranks"], generator
                )
        yield from _null_rows(h, network)


def _clip(
    network: nn.Sequential, h: Hidden, activations: Spectrum, weights: Spectrum, test: Batches
) -> dict[str, torch.Tensor]:
    """Test accuracy (%) at every rank of the activations that enter the next layer, and of the layer's own weights."""
    by_activations = clipping_curve(network, h.next, activations.vectors, test)
    by_weights = clipping_curve(network, h.layer, weights.vectors, test)
    return {"activation_accuracy": 100 * by_activations.accuracy, "weight_accuracy": 100 * by_weights.accuracy}


def _clip_at_random(
    network: nn.Sequential,
    h: Hidden,
    replicate: int,
    activations: Spectrum,
    weights: Spectrum,
    test: Batches,
    quoted: dict[str, list[int]],
    generator: torch.Generator,
) -> Iterator[dict]:
    """The control: test accuracy (%) when as many random directions are kept, at the ranks that are quoted."""
    for what, layer, spectrum in (("activation", h.next, activations), ("weight", h.layer, weights)):
        ranks = [rank for rank in quoted[what] if rank <= spectrum.vectors.shape[1]]
        white = torch.randn(len(spectrum.vectors), max(ranks), dtype=torch.float64, generator=generator)
        directions = torch.linalg.qr(white).Q
        curve = clipping_curve(network, layer, directions.to(spectrum.vectors.device), test, ranks=ranks)
        for rank, value in zip(ranks, (100 * curve.accuracy).tolist(), strict=True):
            key = {"layer": h.number, "replicate": replicate, "quantity": f"{what}_accuracy_random"}
            yield key | {"x": rank, "value": value}


def _null_rows(h: Hidden, network: nn.Sequential) -> Iterator[dict]:
    """Typical eigenvalues of independent weights (Marchenko and Pastur), and the edges of their law."""
    nodes, d = weight_layers(network)[h.layer].weight().shape
    typical = marchenko_pastur_spectrum(nodes, d, initial_variance(d))
    lower, upper = marchenko_pastur_edges(nodes, d, initial_variance(d))
    named = {"null_eigenvalue": typical.tolist(), "null_lower": [lower], "null_upper": [upper]}
    for quantity, values in named.items():
        for x, value in enumerate(values, 1):
            yield {"layer": h.number, "replicate": 0, "quantity": quantity, "x": x, "value": value}
