"""Power laws in spectra: the exponent over a range of ranks or of eigenvalues, with a bootstrap interval."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from netspectra.measures import checks


@dataclass(frozen=True)
class PowerLaw:
    """A power law with the range it was fitted on.

    Attributes:
        exponent: a of lambda_k ~ k^-a (`power_law`), or alpha of p(lambda) ~ lambda^-alpha (`density_power_law`).
        interval: Bootstrap interval of the exponent.
        range: First and last rank used, or smallest and largest eigenvalue.
        r_squared: Share of the variance of log lambda that the line explains over the range.
    """

    exponent: float
    interval: tuple[float, float]
    range: tuple[float, float]
    r_squared: float


def power_law(
    values: checks.Array,
    *,
    first: int = 1,
    last: int | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    generator: torch.Generator | None = None,
) -> PowerLaw:
    """Exponent a of lambda_k = c k^-a, by least squares of log lambda on log rank over a range of ranks.

    The interval is that of a circular block bootstrap of the residuals, because neighbouring ones are alike.

    Args:
        values: Eigenvalues in descending order, (d,).
        first: First rank of the fit, from 1.
        last: Last rank of the fit; the last eigenvalue above zero when None.
        resamples: Bootstrap resamples.
        level: Coverage of the interval.
        generator: Source of the resamples.

    Raises:
        ValueError: Fewer than three ranks in the range, a rank above the dimension, an eigenvalue there that is not
            positive, values that are not descending, or fewer than two resamples.
    """
    values = checks.descending("values", values)
    checks.count("resamples", resamples, least=2)
    last = int((values > 0).sum()) if last is None else last
    if not 1 <= first <= last - 2 or last > len(values):
        raise ValueError(
            f"first, last: wanted three ranks or more within 1 ... {len(values)}, found {first} ... {last}"
        )
    kept = values[first - 1 : last]
    if float(kept.min()) <= 0:
        raise ValueError(
            f"values: wanted eigenvalues above zero at ranks {first} ... {last}, found {float(kept.min()):.3g}"
        )
    x = torch.arange(first, last + 1, dtype=torch.float64, device=kept.device).log()
    slope, residuals, r_squared = _line(x, kept.log())
    drawn = _runs(len(kept), resamples, generator).to(kept.device)
    centred = x - x.mean()
    slopes = slope + residuals[drawn] @ centred / centred.square().sum()
    return PowerLaw(-slope, _interval(-slopes, level), (first, last), r_squared)


def density_power_law(
    values: checks.Array,
    lower: float,
    upper: float,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    generator: torch.Generator | None = None,
) -> PowerLaw:
    """Exponent alpha of p(lambda) ~ lambda^-alpha on [lower, upper], by maximum likelihood of the bounded density.

    Both bounds enter the normalisation, (alpha - 1) / (lower^(1 - alpha) - upper^(1 - alpha)), which removes the bias
    of fits that know the lower one only. A rank law lambda_k ~ k^-a has alpha = 1 + 1 / a.

    Args:
        values: Eigenvalues in any order, (d,); those outside the bounds are left out.
        lower: Smallest eigenvalue of the fit.
        upper: Largest eigenvalue of the fit.
        resamples: Bootstrap resamples of the eigenvalues.
        level: Coverage of the interval.
        generator: Source of the resamples.

    Raises:
        ValueError: Bounds out of order, fewer than three eigenvalues between them or all of them equal, which tell
            nothing of a density, or fewer than two resamples.
    """
    values = checks.vector("values", values)
    checks.count("resamples", resamples, least=2)
    if not 0 < lower < upper < math.inf:
        raise ValueError(f"lower, upper: wanted 0 < lower < upper, found {lower}, {upper}")
    kept = values[(values >= lower) & (values <= upper)]
    if len(kept) < 3:
        raise ValueError(
            f"values: wanted three or more in [{lower:.3g}, {upper:.3g}], found {len(kept)} of {len(values)}"
        )
    if float(kept.min()) == float(kept.max()):
        raise ValueError(f"values: wanted eigenvalues that differ, found all {len(kept)} equal to {float(kept[0]):.3g}")
    logs = (kept / lower).log()
    drawn = torch.randint(len(kept), (resamples, len(kept)), generator=generator).to(kept.device)
    means = torch.cat([logs.mean()[None], logs[drawn].mean(1)])
    alpha = 1 + _truncated_rate(means, math.log(upper / lower))
    ranks = torch.arange(1, len(kept) + 1, dtype=torch.float64, device=kept.device)
    _, _, r_squared = _line(ranks.log(), kept.sort(descending=True).values.log())
    return PowerLaw(float(alpha[0]), _interval(alpha[1:], level), (lower, upper), r_squared)


def lognormal_ratio(values: checks.Array, lower: float, upper: float) -> float:
    """Likelihood ratio 2 (log L_lognormal - log L_power law) of densities cut off at both ends; at least zero.

    On [lower, upper] the power law is the lognormal without a curvature: with y = log lambda their densities are
    proportional to exp(-b y) and exp(-b y - c y^2). For independent eigenvalues that follow the power law, the ratio
    has a chi-square distribution with one degree of freedom (Wilks 1938), of which 5 % lie above 3.84 (measured with
    200 eigenvalues: 4.6 %). Eigenvalues repel each other, so that those of a power law lie below it more often.

    Args:
        values: Eigenvalues in any order, (d,); those outside the bounds are left out.
        lower: Smallest eigenvalue.
        upper: Largest eigenvalue.

    Raises:
        ValueError: Bounds out of order, or fewer than four eigenvalues between them.
    """
    values = checks.vector("values", values)
    if not 0 < lower < upper < math.inf:
        raise ValueError(f"lower, upper: wanted 0 < lower < upper, found {lower}, {upper}")
    kept = values[(values >= lower) & (values <= upper)].double().cpu()
    if len(kept) < 4:
        raise ValueError(f"values: wanted four or more in [{lower:.3g}, {upper:.3g}], found {len(kept)}")
    y = ((kept / lower).log() / math.log(upper / lower)).numpy()
    return max(0.0, 2 * len(y) * (_best_mean_log(y, 2) - _best_mean_log(y, 1)))


def _best_mean_log(y: np.ndarray, powers: int) -> float:
    """Greatest mean log density on [0, 1] of the exponential family in y, ..., y^powers, by Newton's method."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    grid, weights = (nodes + 1) / 2, weights / 2
    features = np.stack([grid**k for k in range(1, powers + 1)])
    wanted, theta = np.array([np.mean(y**k) for k in range(1, powers + 1)]), np.zeros(powers)

    def value(theta: np.ndarray) -> tuple[float, np.ndarray]:
        exponents = theta @ features
        masses = weights * np.exp(exponents - exponents.max())
        return theta @ wanted - exponents.max() - math.log(masses.sum()), masses / masses.sum()

    best, density = value(theta)
    for _ in range(100):
        means = features @ density
        step = np.linalg.solve((features * density) @ features.T - np.outer(means, means), wanted - means)
        while (found := value(theta + step))[0] < best and np.abs(step).max() > 1e-12:
            step = step / 2
        if found[0] <= best + 1e-14:
            break
        theta, (best, density) = theta + step, found
    return best


def _truncated_rate(means: torch.Tensor, length: float) -> torch.Tensor:
    """Rate b of exponentials cut off at `length` that have these means: 1/b - length / (e^(b length) - 1) = mean.

    Infinite for means at an end, where all values coincide.
    """
    # The mean is less than 1/b, and for negative rates greater than length + 1/b, so the ends bracket every root.
    high = (1 / means).clamp(min=200.0 / length)
    low = -(1 / (length - means)).clamp(min=200.0 / length)
    for _ in range(100):
        b = (low + high) / 2
        t = b * length
        # Near zero the two terms cancel; their series is length / 2 - b length^2 / 12.
        mean = torch.where(t.abs() < 1e-4, length * (0.5 - t / 12), 1 / b - length / torch.expm1(t))
        low, high = torch.where(mean > means, b, low), torch.where(mean > means, high, b)
    rate = torch.where(means > 0, (low + high) / 2, math.inf)
    return torch.where(means < length, rate, -math.inf)


def _line(x: torch.Tensor, y: torch.Tensor) -> tuple[float, torch.Tensor, float]:
    """Slope, residuals and share of variance explained of a least-squares line."""
    cx, cy = x - x.mean(), y - y.mean()
    slope = float((cx @ cy) / cx.square().sum())
    residuals = cy - slope * cx
    total = float(cy.square().sum())
    return slope, residuals, 1 - float(residuals.square().sum()) / total if total else 1.0


def _runs(n: int, resamples: int, generator: torch.Generator | None) -> torch.Tensor:
    """Indices (resamples, n) made of runs of about sqrt(n) neighbours, the last followed by the first."""
    length = max(1, round(math.sqrt(n)))
    starts = torch.randint(n, (resamples, math.ceil(n / length)), generator=generator)
    return ((starts[..., None] + torch.arange(length)) % n).flatten(1)[:, :n]


def _interval(draws: torch.Tensor, level: float) -> tuple[float, float]:
    tail = (1 - checks.fraction("level", level)) / 2
    ends = torch.tensor([tail, 1 - tail], dtype=draws.dtype, device=draws.device)
    if bool(draws.isfinite().all()):
        low, high = draws.quantile(ends).tolist()
    else:  # between infinite draws nothing can be interpolated
        low, high = (draws.quantile(q, interpolation=i).item() for q, i in zip(ends, ("lower", "higher"), strict=True))
    return low, high
