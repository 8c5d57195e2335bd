"""Projection-weighted CCA (arXiv 1806.05759), as the paper defines it and as the tutorial computes it."""

from dataclasses import dataclass

import torch

from netspectra.measures.canonical import whitened_pair
from netspectra.measures.cca_inference import warn_few_samples
from netspectra.measures.dependence import Groups, effective_samples
from netspectra.measures.factoring import svd
from netspectra.measures.scatter import Activations, centre_pair
from netspectra.measures.tutorial_pwcca import projections


@dataclass(frozen=True)
class PWCCA:
    """Projection-weighted CCA.

    Attributes:
        similarity: Sum of weights times correlations.
        weights: (k,), not negative, summing to one.
        correlations: (k,), descending.
        samples: As in `CCA`.
    """

    similarity: float
    weights: torch.Tensor
    correlations: torch.Tensor
    samples: float


def pwcca(
    x: Activations, y: Activations, *, form: str = "paper", epsilon: float = 1e-10, groups: Groups = None
) -> PWCCA:
    """Projection-weighted CCA with weights from x.

    Paper: alpha_i = sum_j |<h_i, x_j>| with the canonical variables h_i = X Cxx^-1/2 u_i and the centred neurons x_j
    (arXiv 1806.05759, section 3). Tutorial: what google/svcca computes, with directions u_i that lack the whitening
    and carry the neurons' means, made orthonormal in order, against uncentred neurons.

    Args:
        x: Activations, (samples, neurons of x), or their whitening.
        y: Activations of the same samples, (samples, neurons of y), or their whitening.
        form: "paper" or "tutorial".
        epsilon: Of the tutorial's form: neurons with a variance below this share of the largest entry are dropped,
            and this much is added to the diagonal.
        groups: As in `cca`.

    Raises:
        ValueError: Bad activations, different numbers of samples, an unknown form, or bad groups.
    """
    if form not in ("paper", "tutorial"):
        raise ValueError(f"form: wanted 'paper' or 'tutorial', found {form!r}")
    first, second, cross = centre_pair(x, y) if form == "tutorial" else whitened_pair(x, y, 0.0, 1e-6)
    samples = float(first.samples) if groups is None else effective_samples(first, second, groups=groups)
    warn_few_samples(first.samples, first.neurons, second.neurons, samples)
    if form == "tutorial":
        return _weighted(*projections(first, second, cross, epsilon), samples)
    u, rho, _ = svd(first.cross(second, cross))
    return _weighted(rho.clamp(0, 1), (first.basis @ u).T @ first.scatter, samples)


def _weighted(correlations: torch.Tensor, projections: torch.Tensor, samples: float) -> PWCCA:
    weights = projections.abs().sum(1)
    weights = weights / weights.sum()
    return PWCCA(float(weights @ correlations), weights, correlations, samples)
