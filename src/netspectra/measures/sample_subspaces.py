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
    """Inner products of the gradients of all pairs of samples, G G', (samples, samples).

    Raises:
        ValueError: No factors, different numbers of samples, NaN or infinity.
    """
    parts = [(*_parts(f), f.bias) for f in factors]
    if not parts:
        raise ValueError("factors: wanted one layer or more, found none")
    for f, (entering, _, _) in zip(factors, parts, strict=True):
        checks.same_samples(f"entering of {factors[0].layer}", parts[0][0], f"entering of {f.layer}", entering)
    return sum((delta @ delta.T) * (entering @ entering.T + bias) for entering, delta, bias in parts)


def sample_subspace(factors: list[SampleFactor]) -> SampleSubspace:
    """Eigendecomposition of C by way of the samples.

    Raises:
        ValueError: As `sample_gram`.
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
    checks.count("directions", directions, most=samples)
    scores = {}
    for f in factors:
        entering, delta = _parts(f)
        weight, bias = 0, 0
        for u in subspace.samples.T[:directions, :, None]:
            turned = delta * u
            weight += (turned.T @ entering).square_()
            bias += turned.sum(0).square_()
        scores[f"{f.layer}.weight"] = weight / samples
        if f.bias:
            scores[f"{f.layer}.bias"] = bias / samples
    return scores


def _parts(factor: SampleFactor) -> tuple[torch.Tensor, torch.Tensor]:
    """What enters and delta, checked; half precision, whose products lose what they are summed from, in float64."""
    names = f"entering of {factor.layer}", f"delta of {factor.layer}"
    given = [checks.matrix(n, x) for n, x in zip(names, (factor.entering, factor.delta), strict=True)]
    checks.same_samples(names[0], given[0], names[1], given[1])
    entering, delta = (x.double() if x.dtype in (torch.float16, torch.bfloat16) else x for x in given)
    return entering, delta
