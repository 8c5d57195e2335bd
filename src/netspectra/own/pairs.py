"""Similarities of two layers from their covariances and the product of both: CCA, SVCCA, PWCCA, CKA and Procrustes.

Nothing here needs the activations, so all of it streams. A covariance squares the condition number: directions whose
singular value is below 1e-5 of the largest are left out, where `measures.cca` keeps those down to 1e-6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from netspectra.measures.cca_inference import null_edge, null_mean
from netspectra.measures.factoring import singular_values, svd

MEASURES = ("cca", "svcca", "pwcca", "cka", "cka_debiased", "procrustes")
SHARE = 0.99  # of the variance, which SVCCA keeps
RESOLUTION = 1e-10


@dataclass(frozen=True, eq=False)
class Side:
    """One layer of a pair.

    Attributes:
        name: Of the layer.
        samples: Rows.
        mean: Of every neuron, (neurons,), float64.
        scatter: Centred activations times themselves, (neurons, neurons), float64.
        fourth: Sum over rows of the squared squared norm, which debiased CKA needs.
    """

    name: str
    samples: int
    mean: torch.Tensor
    scatter: torch.Tensor
    fourth: float

    @cached_property
    def spectrum(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Eigenvalues that are kept, descending, and their eigenvectors in columns."""
        values, vectors = torch.linalg.eigh(self.scatter)
        values, vectors = values.flip(0), vectors.flip(1)
        rank = min(int((values > RESOLUTION * values[0]).sum()), self.samples - 1)
        return values[:rank], vectors[:, :rank]

    @property
    def rank(self) -> int:
        """Directions that it spans."""
        return len(self.spectrum[0])

    @cached_property
    def kept(self) -> int:
        """Directions that SVCCA keeps, those that hold 99 % of the variance."""
        values = self.spectrum[0]
        return min(int((values.cumsum(0) / float(self.scatter.trace()) < SHARE).sum()) + 1, len(values))

    @cached_property
    def basis(self) -> torch.Tensor:
        """Map that whitens, (neurons, rank)."""
        values, vectors = self.spectrum
        return vectors * values.rsqrt()

    @cached_property
    def square(self) -> float:
        """Sum of the squared entries of the scatter."""
        return float(self.scatter.square().sum())

    @cached_property
    def total(self) -> float:
        """Sum of all squared activations."""
        return float(self.scatter.trace())


def similarities(
    x: Side, y: Side, whitened: torch.Tensor, norms: float | None = None, by: Sequence[str] = MEASURES
) -> dict[str, float]:
    """Similarities of two layers, each one for equal layers up to what the measure ignores.

    Args:
        x: First layer; gives PWCCA's weights.
        y: Second layer.
        whitened: The product of both activations in the bases that whiten them, (rank of x, rank of y).
        norms: Sum over rows of the product of both squared norms, for debiased CKA, which is left out without it.
        by: Which measures.
    """
    turned = x.spectrum[0].sqrt()[:, None] * whitened * y.spectrum[0].sqrt()
    ways = {
        "cca": lambda: float(singular_values(whitened).clamp(0, 1).mean()),
        "svcca": lambda: float(singular_values(whitened[: x.kept, : y.kept]).clamp(0, 1).mean()),
        "pwcca": lambda: weighted(x, whitened),
        "cka": lambda: float(turned.square().sum()) / (x.square * y.square) ** 0.5,
        "cka_debiased": lambda: debiased(x, y, float(turned.square().sum()), norms),
        "procrustes": lambda: float(singular_values(turned).sum()) / (x.total * y.total) ** 0.5,
    }
    return {name: ways[name]() for name in by if name != "cka_debiased" or norms is not None}


def weighted(x: Side, whitened: torch.Tensor) -> float:
    """PWCCA with weights of the first layer (arXiv 1806.05759, section 3): sum_j |<h_i, x_j>|, normalised."""
    u, correlations, _ = svd(whitened)
    values, vectors = x.spectrum
    weights = (u.T @ (values.sqrt()[:, None] * vectors.T).to(u)).abs().sum(1)
    return float(weights @ correlations.clamp(0, 1) / weights.sum())


def debiased(x: Side, y: Side, product: float, norms: float) -> float:
    """CKA with unbiased HSIC (Song et al. 2012, eq. 5); NaN with fewer than four rows or no self-similarity left."""
    n = x.samples
    if n < 4:
        return float("nan")
    found = [
        square - own + a.total * b.total / ((n - 1) * (n - 2)) - 2 * own / (n - 2)
        for a, b, square, own in ((x, y, product, norms), (x, x, x.square, x.fourth), (y, y, y.square, y.fourth))
    ]
    return found[0] / (found[1] * found[2]) ** 0.5 if min(found[1:]) > 0 else float("nan")


def floors(samples: float, x: Side, y: Side) -> dict[str, float]:
    """What independent Gaussian layers of these ranks would give: the means under Wachter's law, and its edge."""
    worth = max(samples - 1, 1)
    return {
        "cca": null_mean(worth, x.rank, y.rank),
        "svcca": null_mean(worth, x.kept, y.kept),
        "largest": null_edge(worth, x.rank, y.rank),
    }


def calibrated(value: float, threshold: float) -> float:
    """What a similarity is beyond the null's 95th percentile, of what it could be; zero below."""
    return max(0.0, (value - threshold) / (1 - threshold)) if threshold < 1 else 0.0


def check_measures(by: Sequence[str]) -> None:
    """Check names of measures.

    Raises:
        ValueError: An unknown one, or none.
    """
    if not by or (bad := [name for name in by if name not in MEASURES]):
        raise ValueError(f"by: wanted some of {', '.join(MEASURES)}, found {bad[0] if by else 'none'}")
