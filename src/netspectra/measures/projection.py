"""Removal of low-variance input directions from a layer's weights."""

import torch

from netspectra.measures import checks
from netspectra.measures.eigenspectra import Spectrum
from netspectra.measures.ranges import rows_within_range


def keep_high_variance(weight: checks.Array, inputs: Spectrum, cutoff: float) -> torch.Tensor:
    """Project every node on the principal components of its input that hold more than `cutoff` of the variance.

    Each node keeps the length it had. A node that lies wholly in what is removed is left as it was, since no direction
    remains to give that length to; so are all nodes of a layer whose input never varies.
    Alignment document, "Application to adversarial robustness".

    Args:
        weight: (nodes, d).
        inputs: Eigenvalues and eigenvectors of the covariance of the layer's input.
        cutoff: Share of the total variance, in [0, 1); a component is kept when its share is strictly greater, so that
            0 still removes the directions in which the input never varies.

    Returns:
        New weights, in the shape and dtype of the old.

    Raises:
        ValueError: A cutoff outside [0, 1), eigenvectors of another dimension, NaN or infinity.
    """
    if not 0 <= cutoff < 1:
        raise ValueError(f"cutoff: wanted a share of variance in [0, 1), found {cutoff}")
    weight = checks.matrix("weight", weight)
    if inputs.vectors.shape[0] != weight.shape[1]:
        raise ValueError(f"inputs: wanted dimension {weight.shape[1]}, found {inputs.vectors.shape[0]}")
    values = inputs.values.clamp(min=0)
    rounding = torch.finfo(values.dtype).eps * len(values)
    basis = inputs.vectors[:, values / values.sum() > max(cutoff, rounding)]
    old, size = rows_within_range(weight.to(basis.dtype))
    new = old @ basis @ basis.T
    norm = new.norm(dim=1, keepdim=True)
    lost = norm <= rounding * old.norm(dim=1, keepdim=True)
    kept = new * (old.norm(dim=1, keepdim=True) / norm.clamp(min=1e-300))
    return torch.where(lost, old, kept).mul(size).to(weight.dtype)
