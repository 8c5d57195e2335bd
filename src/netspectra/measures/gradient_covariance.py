"""The covariance of gradients that arrive in chunks."""

import torch

from netspectra.measures import checks
from netspectra.measures.grams import add_gram, symmetric


class GradientCovariance:
    """Streams C = (1/N) sum_j g_j g_j' in float64, so that no more than one chunk of gradients is ever held.

    Args:
        parameters: Length of a gradient.
        device: Where C lives; the CPU for MPS, which has no float64.
    """

    def __init__(self, parameters: int, device: torch.device | str = "cpu") -> None:
        self.count, size = 0, checks.count("parameters", parameters)
        self._lower = torch.zeros(size, size, dtype=torch.float64, device=checks.with_float64(device))

    def update(self, gradients: checks.Array) -> "GradientCovariance":
        """Add gradients (samples, parameters).

        Raises:
            ValueError: Wrong shape, NaN or infinity.
        """
        g = checks.matrix("gradients", gradients, columns=len(self._lower)).to(self._lower)
        add_gram(self._lower, g)
        self.count += len(g)
        return self

    def mean_squares(self) -> torch.Tensor:
        """The diagonal of C, the mean squared derivative by every parameter, (parameters,).

        Raises:
            ValueError: No gradients were added, or squares that float64 cannot hold.
        """
        return checks.squares("gradients", self._lower.diagonal() / self._counted())

    def __iadd__(self, other: "GradientCovariance") -> "GradientCovariance":
        if not isinstance(other, GradientCovariance):
            return NotImplemented
        if len(other._lower) != len(self._lower):
            raise ValueError(
                f"covariance: wanted {len(self._lower)} parameters on both sides, found {len(other._lower)}"
            )
        self.count += other.count
        self._lower += other._lower.to(self._lower.device)
        return self

    def covariance(self) -> torch.Tensor:
        """C, (parameters, parameters).

        Raises:
            ValueError: No gradients were added, or squares that float64 cannot hold.
        """
        return checks.squares("gradients", symmetric(self._lower).div_(self._counted()))

    def _counted(self) -> int:
        if not self.count:
            raise ValueError("covariance: wanted at least one gradient, found none; call update first")
        return self.count
