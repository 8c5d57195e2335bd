"""Loadings: how weights, or changes of an input, spread over the principal components of that input."""

import torch

from netspectra.measures import checks
from netspectra.measures.eigenspectra import Spectrum
from netspectra.measures.ranges import rows_within_range


def component_shares(vectors: checks.Array, inputs: Spectrum) -> torch.Tensor:
    """Share of each vector's squared length on every principal component, (v_i'w)^2 / w'w.

    The alignment of a node is the mean of the components' shares of the variance under these weights, so that random
    weights, whose shares are 1/d, have alignment 1/d (alignment document, "Theoretical Background").

    Args:
        vectors: Weights of nodes or other directions, (vectors, d).
        inputs: Spectrum of the covariance of the layer's input, of dimension d.

    Returns:
        Shape (vectors, d), components in descending order of variance, float64; rows sum to 1, and are NaN for a vector
        of zeros.

    Raises:
        ValueError: Another dimension, NaN or infinity.
    """
    vectors = checks.matrix("vectors", vectors, columns=len(inputs.vectors)).double()
    rows, _ = rows_within_range(vectors)
    energy = (rows @ inputs.vectors).square()
    return energy / energy.sum(1, keepdim=True)


def variance_shares(values: checks.Array) -> torch.Tensor:
    """Eigenvalues as shares of their sum, (d,), float64.

    Raises:
        ValueError: Wrong shape, NaN or infinity, a negative eigenvalue, or all zero.
    """
    values = checks.vector("values", values).double().clamp(min=0)
    if not float(values.sum()) > 0:
        raise ValueError("values: wanted an eigenvalue above zero, found only zeros")
    return values / values.sum()


def spectrum_distance(values: checks.Array, others: checks.Array) -> float:
    """Total variation distance of two eigenspectra as shares of the variance, rank by rank, from 0 to 1.

    The shorter one is filled up with zeros, as for a covariance of fewer samples than dimensions.

    Raises:
        ValueError: As `variance_shares`.
    """
    one, other = variance_shares(values), variance_shares(others)
    size = max(len(one), len(other))
    one, other = (torch.nn.functional.pad(x, (0, size - len(x))) for x in (one, other))
    return float((one - other).abs().sum() / 2)
