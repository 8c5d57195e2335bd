"""The lens of spectra: of what leaves every layer, and of its weights, against what random weights have."""

import warnings
from collections.abc import Iterator

import torch

from netspectra.measures.eigenspectra import participation_ratio, weight_spectrum
from netspectra.measures.power_laws import lognormal_ratio, power_law
from netspectra.measures.random_matrices import bulk_variance, marchenko_pastur_edges
from netspectra.own.dimensions import corrected_ratio, merged, ratio_interval
from netspectra.own.sums import ActivationSums
from netspectra.own.tidy import Row, curve, row

LENS = "spectra"
FEWEST_RANKS = 8
RESOLUTION = 1e-10  # of the largest eigenvalue: below, a covariance has no digits left


def activation_rows(sums: ActivationSums) -> Iterator[Row]:
    """Spectrum, dimension and power law of what leaves a layer.

    Quantities: activation_eigenvalue by rank, activation_dimension (participation ratio, naive) and
    activation_dimension_corrected, activation_exponent and activation_exponent_r2 by the first rank of the fit,
    activation_samples (inputs), activation_units.

    Raises:
        ValueError: Fewer than two rows, or activations that never vary.
    """
    whole, layer = merged(sums.blocks), sums.layer
    values = torch.linalg.eigvalsh(whole.covariance()).flip(0).clamp(min=0).cpu()
    if not float(values[0]) > RESOLUTION * float(whole.mean.square().max()):
        raise ValueError(f"what leaves it never varies: all {len(values)} neurons are constant")
    yield from curve(LENS, layer, "activation_eigenvalue", values.tolist())
    naive, corrected = participation_ratio(values), corrected_ratio(sums)
    low, high = ratio_interval(sums.blocks)
    yield row(LENS, layer, "activation_dimension", naive, low=naive * low, high=naive * high)
    yield row(LENS, layer, "activation_dimension_corrected", corrected, low=corrected * low, high=corrected * high)
    yield row(LENS, layer, "activation_samples", sums.inputs)
    yield row(LENS, layer, "activation_units", len(values))
    yield from law_rows(layer, "activation", values)


def weight_rows(layer: str, weight: torch.Tensor) -> Iterator[Row]:
    """Spectrum of W'W / nodes with its power law, dimension, and the eigenvalues that independent weights cannot have.

    Quantities: weight_eigenvalue by rank, weight_dimension, weight_exponent, weight_exponent_r2,
    weight_lognormal_ratio (`measures.power_laws.lognormal_ratio`: beyond 3.84 a lognormal fits better at 5 %),
    weight_edge (Marchenko-Pastur, from the bulk), weight_spikes (eigenvalues beyond it).

    Raises:
        ValueError: Weights that are zero throughout.
    """
    nodes, d = weight.shape
    values = weight_spectrum(weight, full=False).values.cpu()
    if not float(values[0]):
        raise ValueError("its weights are all zero")
    yield from curve(LENS, layer, "weight_eigenvalue", values.tolist())
    yield row(LENS, layer, "weight_dimension", participation_ratio(values))
    yield from law_rows(layer, "weight", values)
    if float(variance := bulk_variance(values, nodes, d)) > 0:
        edge = marchenko_pastur_edges(nodes, d, variance)[1]
        yield row(LENS, layer, "weight_edge", edge)
        yield row(LENS, layer, "weight_spikes", int((values > edge).sum()))


def law_rows(layer: str, of: str, values: torch.Tensor) -> Iterator[Row]:
    """Exponent of lambda_k ~ k^-a between the second rank and half of the numerical rank, where these are enough."""
    rank = int((values > RESOLUTION * values[0]).sum())
    last = rank // 2
    if last - 1 < FEWEST_RANKS:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = power_law(values, first=2, last=last, generator=torch.Generator().manual_seed(0))
    yield row(LENS, layer, f"{of}_exponent", fit.exponent, 2, *fit.interval)
    yield row(LENS, layer, f"{of}_exponent_r2", fit.r_squared, 2)
    if float(values[1]) > float(values[last - 1]):
        ratio = lognormal_ratio(values, float(values[last - 1]), float(values[1]))
        yield row(LENS, layer, f"{of}_lognormal_ratio", ratio, 2)
