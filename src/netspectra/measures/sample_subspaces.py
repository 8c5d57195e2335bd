"""Active subspace of the losses of single samples at one set of parameters, without forming their gradients.

C = (1/n) sum_j g_j g_j' has the eigenvalues of the small Gram matrix G G' / n, and a gradient is an outer product per
layer, so that matrix is a sum over layers of (delta delta') o (a a' + 1): networks of any size fit. This C is the
empirical Fisher matrix when the loss is the cross-entropy.
"""

from dataclasses import dataclass

import torch

from netspectra.measures import checks


@dataclass(frozen=True)
class SampleFactor:
    """One layer's part in the gradients of single samples: delta_n a_n' for its weights, delta_n for its biases.

    Attributes:
        layer: Its name.
        entering: What enters it, a, (samples, d).
        delta: Derivative of each sample's loss by its pre-activations, (samples, nodes).
        bias: Whether it has biases.
    """

    layer: str
    entering: torch.Tensor
    delta: torch.Tensor
    bias: bool


@dataclass(frozen=True)
class SampleSubspace:
    """Eigenvalues of C, descending, (samples,), and the eigenvectors of G G' / n in columns, (samples, samples)."""

    values: torch.Tensor
    samples: torch.Tensor


def sample_gram(factors: list[SampleFactor]) -> torch.Tensor:
    """Inner products of the gradients of all pairs of samples, G G', (samples, samples)."""
    return sum((f.delta @ f.delta.T) * (f.entering @ f.entering.T + f.bias) for f in factors)


def sample_subspace(factors: list[SampleFactor]) -> SampleSubspace:
    """Eigendecomposition of C by way of the samples.

    Raises:
        ValueError: NaN or infinity.
    """
    gram = checks.matrix("factors", sample_gram(factors))
    values, vectors = torch.linalg.eigh(gram / len(gram))
    return SampleSubspace(values.flip(0).clamp(min=0), vectors.flip(1))


def sample_activity(factors: list[SampleFactor], subspace: SampleSubspace, directions: int) -> dict[str, torch.Tensor]:
    """Activity scores of all parameters, sum_(j <= k) lambda_j w_ij^2 (Constantine and Diaz 2017, eq. 3.2).

    lambda_j w_j w_j' = G'u_j u_j'G / n for the eigenvector u_j over samples, so nothing is divided by small numbers.

    Args:
        factors: Of the network.
        subspace: Of the same factors.
        directions: How many directions count, k.

    Returns:
        {"fc1.weight": (nodes, d), "fc1.bias": (nodes,), ...}.

    Raises:
        ValueError: More directions than samples, or none.
    """
    samples = len(subspace.values)
    if not 1 <= directions <= samples:
        raise ValueError(f"directions: wanted 1 to {samples}, found {directions}")
    scores = {}
    for f in factors:
        weight, bias = 0, 0
        for u in subspace.samples.T[:directions, :, None]:
            turned = f.delta * u
            weight += (turned.T @ f.entering).square_()
            bias += turned.sum(0).square_()
        scores[f"{f.layer}.weight"] = weight / samples
        if f.bias:
            scores[f"{f.layer}.bias"] = bias / samples
    return scores
