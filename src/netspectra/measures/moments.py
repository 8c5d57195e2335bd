"""Streaming first and second moments, in float64 whatever comes in."""

from typing import Self

import torch

from netspectra.measures import checks
from netspectra.measures.scatter import add_gram, chunks, mean_of, symmetric


class Moments:
    """Count, mean and covariance of samples that arrive in batches.

    Holds the mean and the centred sum of outer products, and merges batches by the pairwise update
    of Chan, Golub and LeVeque (1979), so that a large mean costs no digits.

    Args:
        dim: Number of neurons.
        device: Where the accumulators live; that of the first batch when None, the CPU for MPS, which has no float64.
    """

    def __init__(self, dim: int, device: torch.device | str | None = None) -> None:
        self.dim = checks.count("dim", dim)
        self.count = 0
        device = checks.with_float64(device)
        self.mean = torch.zeros(dim, dtype=torch.float64, device=device)
        self._lower = torch.zeros(dim, dim, dtype=torch.float64, device=device)
        self._settled = device is not None

    def update(self, x: checks.Array) -> Self:
        """Add samples of shape (samples, dim).

        Raises:
            ValueError: Wrong shape, NaN or infinity.
        """
        x, mean = mean_of("x", x, columns=self.dim)
        self._settle(x.device)
        x, mean = x.to(self.mean.device), mean.to(self.mean.device)
        for chunk in chunks(x, mean):
            add_gram(self._lower, chunk)
        self._merge(x.shape[0], mean)
        return self

    def covariance(self, centred: bool = True) -> torch.Tensor:
        """Covariance (dim, dim), float64: divided by n - 1 when centred, else the second moment E[xx'] divided by n.

        Raises:
            ValueError: Fewer than two samples (centred) or none, or squares that float64 cannot hold.
        """
        wanted = 2 if centred else 1
        if self.count < wanted:
            raise ValueError(f"moments: wanted at least {wanted} samples for a covariance, found {self.count}")
        if centred:
            return checks.squares("x", symmetric(self._lower) / (self.count - 1))
        return checks.squares("x", symmetric(self._lower) / self.count + torch.outer(self.mean, self.mean))

    def __add__(self, other: "Moments") -> "Moments":
        if not isinstance(other, Moments):
            return NotImplemented
        if self.dim != other.dim:
            raise ValueError(f"moments: wanted dim {self.dim} on both sides, found {other.dim}")
        total = Moments(self.dim, self.mean.device)
        for part in (self, other):
            if part.count:
                total._lower += part._lower.to(total.mean.device)
                total._merge(part.count, part.mean.to(total.mean.device))
        return total

    def _settle(self, device: torch.device) -> None:
        if not self._settled:
            self.mean, self._lower = self.mean.to(device), self._lower.to(device)
            self._settled = True

    def _merge(self, count: int, mean: torch.Tensor) -> None:
        """Take in samples whose own scatter is added already."""
        total = self.count + count
        shift = mean - self.mean
        self._lower.addr_(shift, shift, alpha=self.count * count / total)
        self.mean = self.mean + shift * (count / total)
        self.count = total
