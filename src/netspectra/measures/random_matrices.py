"""Eigenvalues of W'W / nodes for weights that are independent: the Marchenko-Pastur law in closed form."""

import math

import torch

from netspectra.measures import checks


def marchenko_pastur_edges(nodes: int, d: int, variance: float) -> tuple[float, float]:
    """Edges of the spectrum of W'W / nodes for independent entries: variance (1 -+ sqrt(d / nodes))^2.

    Marchenko and Pastur 1967. With nodes < d they bound the eigenvalues that are not zero.

    Raises:
        ValueError: A number that is not positive.
    """
    _positive(nodes=nodes, d=d, variance=variance)
    root = math.sqrt(d / nodes)
    return variance * (1 - root) ** 2, variance * (1 + root) ** 2


def marchenko_pastur_density(values: checks.Array, nodes: int, d: int, variance: float) -> torch.Tensor:
    """Density of those eigenvalues of W'W / nodes that are not zero, integrating to 1 between the edges.

    p(x) = sqrt((upper - x)(x - lower)) / (2 pi variance x min(d, nodes) / nodes), and 0 outside.

    Args:
        values: Where to evaluate it, any shape.
        nodes: Rows of W.
        d: Columns of W.
        variance: Of one entry of W.

    Raises:
        ValueError: A number that is not positive; NaN or infinity.
    """
    lower, upper = marchenko_pastur_edges(nodes, d, variance)
    values = checks.finite("values", values).double()
    root = ((upper - values) * (values - lower)).clamp(min=0).sqrt()
    density = root / (2 * math.pi * variance * values * min(d, nodes) / nodes)
    return torch.where(root > 0, density, 0.0)


def marchenko_pastur_spectrum(nodes: int, d: int, variance: float, *, grid: int = 20001) -> torch.Tensor:
    """Typical eigenvalues by rank, (min(nodes, d),), descending: quantiles of the density at (k - 1/2) / min(nodes, d).

    Args:
        nodes: Rows of W.
        d: Columns of W.
        variance: Of one entry of W.
        grid: Points of the cumulative integral, which runs over the angle t of x = middle - radius cos t.

    Raises:
        ValueError: A number that is not positive.
    """
    lower, upper = marchenko_pastur_edges(nodes, d, variance)
    angle = torch.linspace(0, math.pi, grid, dtype=torch.float64)
    x = (upper + lower) / 2 - (upper - lower) / 2 * angle.cos()
    # dx = radius sin t dt, and the root of the density is radius sin t: no singularity is left but at x = 0.
    mass = angle.sin().square() / x.clamp(min=upper * 1e-12)
    cumulative = torch.cumulative_trapezoid(mass, angle)
    count = min(nodes, d)
    wanted = (torch.arange(count, 0, -1, dtype=torch.float64) - 0.5) / count * cumulative[-1]
    return x[1:][torch.searchsorted(cumulative, wanted)]


def bulk_variance(values: checks.Array, nodes: int, d: int) -> float:
    """Variance of the entries whose Marchenko-Pastur law has the median of the eigenvalues that are not zero.

    Gavish and Donoho 2014, section III.E; a few eigenvalues that have left the bulk hardly move it.

    Args:
        values: All eigenvalues of W'W / nodes, descending, (d,) or the first min(nodes, d).
        nodes: Rows of W.
        d: Columns of W.

    Raises:
        ValueError: Wrong shape, too few, not descending, NaN or infinity; a number that is not positive.
    """
    values = checks.descending("values", values)
    _positive(nodes=nodes, d=d)
    if len(values) < min(nodes, d):
        raise ValueError(f"values: wanted at least the first min(nodes, d) = {min(nodes, d)}, found {len(values)}")
    return float(values[: min(nodes, d)].quantile(0.5) / marchenko_pastur_spectrum(nodes, d, 1.0).quantile(0.5))


def _positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name}: wanted a number above zero, found {value}")
