"""The range of numbers: what is too small a spread to be one, and what is too large or small to be squared."""

import torch

# A spread this many times the round-off of the largest value is no spread at all.
CONSTANT_ULPS = 16
# Numbers between the inverse of this and this can be squared twice and summed in float64.
LARGE = 1e20


def varies(spread: torch.Tensor, size: torch.Tensor, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Whether standard deviations are more than the round-off, in `dtype`, of means of absolute value `size`."""
    return spread > CONSTANT_ULPS * torch.finfo(dtype).eps * size


def never_varies(name: str, neurons: int) -> ValueError:
    """The error for a layer of which all neurons are constant."""
    return ValueError(
        f"{name}: wanted activations that vary over samples, found all {neurons} neurons constant; "
        "a dead or constant layer has no correlations and no alignment, leave it out"
    )


def largest(x: torch.Tensor) -> float:
    """Largest absolute value, without a copy of `x`."""
    low, high = x.aminmax()
    return max(-float(low), float(high))


def over_largest(x: torch.Tensor) -> tuple[torch.Tensor, float]:
    """`x` in float64 over its largest absolute value, and that; zeros are left alone."""
    peak = largest(x)
    return (x.double() / peak, peak) if peak else (x, 1.0)


def rows_within_range(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """As `within_range` for every row by itself: (rows, d), and (rows, 1) of what each was divided by."""
    low, high = x.aminmax(dim=1, keepdim=True)
    peak = torch.maximum(-low, high)
    usual = (peak == 0) | ((peak >= 1 / LARGE) & (peak <= LARGE))
    size = torch.where(usual, 1.0, peak.double())
    return (x, size) if bool(usual.all()) else (x.double() / size, size)


def within_range(x: torch.Tensor) -> tuple[torch.Tensor, float]:
    """`x` itself and 1, or as `over_largest` if squares could leave float64's range.

    For measures that ignore the scale of what they are given; ordinary numbers keep every bit.
    """
    return (x, 1.0) if 1 / LARGE <= largest(x) <= LARGE else over_largest(x)
