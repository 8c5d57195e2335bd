"""What correlations of independent layers look like: Wachter's law, Bartlett's test and permutations.

Where a number of samples is wanted and rows share inputs, it is that of `CCA.samples` or `effective_samples`.
"""

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from scipy.stats import chi2

from netspectra.measures import checks
from netspectra.measures.dependence import Groups, effective_samples, rows_of_inputs
from netspectra.measures.scatter import Activations
from netspectra.measures.whitening import Whitened, single_correlations, whitened

# Fewer samples per neuron than this and noise alone correlates visibly (tutorial, "How many datapoints?").
SAMPLES_PER_NEURON = 5
NODES = 4000


@dataclass(frozen=True)
class PermutationNull:
    """Correlations under permuted samples.

    Attributes:
        correlations: (permutations, k), descending in every row.
        p_values: (k,), share of permutations (the data counted as one) whose i-th correlation is as large; with
            sequential (step-down) maximum, so that they never fall along the list.
        mean_p_value: The same for the mean of all correlations.
        samples: Number of independent samples that the rows are worth, see `effective_samples`.
    """

    correlations: torch.Tensor
    p_values: torch.Tensor
    mean_p_value: float
    samples: float


def null_edges(samples: float, dx: int, dy: int) -> tuple[float, float]:
    """Smallest and largest canonical correlation of independent Gaussian layers, in the limit of large sizes.

    With a = dx / samples and b = dy / samples, rho^2 lies in (sqrt(a(1 - b)) -+ sqrt(b(1 - a)))^2 (Wachter 1980).
    For centred data the degrees of freedom are one fewer than the samples, which changes the fourth digit.

    Raises:
        ValueError: A size below one.
    """
    checks.at_least_one(samples=samples, dx=dx, dy=dy)
    if max(dx, dy) >= samples:
        return 1.0, 1.0
    a, b = dx / samples, dy / samples
    lower = abs(math.sqrt(a * (1 - b)) - math.sqrt(b * (1 - a)))
    return lower, 1.0 if a + b >= 1 else math.sqrt(a * (1 - b)) + math.sqrt(b * (1 - a))


def null_edge(samples: float, dx: int, dy: int) -> float:
    """Largest canonical correlation of independent data (Wachter 1980); see `null_edges`."""
    return null_edges(samples, dx, dy)[1]


def null_mean(samples: float, dx: int, dy: int) -> float:
    """Mean canonical correlation of independent data under Wachter's law.

    The density of r = rho^2 is sqrt((r - l)(u - r)) / (2 pi c r (1 - r)) between the squared edges l and u, with
    c = min(dx, dy) / samples, and a share max(0, (dx + dy - samples) / min(dx, dy)) of the correlations is one.

    Raises:
        ValueError: A size below one.
    """
    checks.at_least_one(samples=samples, dx=dx, dy=dy)
    if max(dx, dy) >= samples:
        return 1.0
    a, b = sorted((dx / samples, dy / samples))
    centre, half = a + b - 2 * a * b, 2 * math.sqrt(a * (1 - a) * b * (1 - b))
    angle = (torch.arange(NODES, dtype=torch.float64) + 0.5) * (math.pi / NODES)
    r = centre + half * angle.cos()
    density = (half * angle.sin()) ** 2 / (2 * math.pi * a * r * (1 - r))
    ones = max(0.0, (dx + dy - samples) / min(dx, dy))
    return ones + float((density * r.sqrt()).sum() * (math.pi / NODES))


def warn_few_samples(samples: int, dx: int, dy: int, worth: float | None = None) -> None:
    """Warn, with the correlation of noise at that size, when samples are fewer than five times the neurons.

    Args:
        samples: Rows.
        dx: Neurons or directions of one layer.
        dy: Of the other.
        worth: Number of independent samples that the rows are worth; all of them when None.
    """
    widest, worth = max(dx, dy), samples if worth is None else worth
    if worth < SAMPLES_PER_NEURON * widest:
        least = "the layers span every sample" if samples <= widest else f"largest {null_edge(worth, dx, dy):.3f}"
        independent = "" if worth == samples else f", worth {worth:.0f} independent ones as rows share inputs,"
        warnings.warn(
            f"{samples} samples{independent} for {dx} and {dy} neurons: independent noise would correlate {least}, "
            f"mean {null_mean(max(worth - 1, 1), dx, dy):.3f}; wanted at least {SAMPLES_PER_NEURON * widest} samples "
            f"({SAMPLES_PER_NEURON} per neuron), or ridge, or svcca with fewer directions",
            UserWarning,
            stacklevel=3,
        )


def bartlett_tests(correlations: checks.Array, samples: float, dx: int, dy: int) -> torch.Tensor:
    """p-value, for every k, of the hypothesis that only the first k correlations differ from zero, (len,).

    The statistic -(samples - 1 - (dx + dy + 1) / 2) sum_{i > k} log(1 - rho_i^2) is chi-squared with (dx - k)(dy - k)
    degrees of freedom (Bartlett 1941; PWCCA paper, appendix A.2).

    Args:
        correlations: Descending, (k,).
        samples: Independent samples; where rows share inputs `CCA.samples`, never the number of rows.
        dx: Numerical rank of x.
        dy: Numerical rank of y.

    Raises:
        ValueError: Correlations not a descending vector in [0, 1], more than min(dx, dy), or too few samples.
    """
    rho = ordered(correlations)
    checks.at_least_one(samples=samples, dx=dx, dy=dy)
    if len(rho) > min(dx, dy):
        raise ValueError(f"correlations: wanted at most min(dx, dy) = {min(dx, dy)}, found {len(rho)}")
    factor = samples - 1 - (dx + dy + 1) / 2
    if factor <= 0:
        raise ValueError(f"samples: wanted more than {1 + (dx + dy + 1) / 2} for dx {dx} and dy {dy}, found {samples}")
    tails = -factor * torch.log1p(-rho.square()).flip(0).cumsum(0).flip(0)
    k = torch.arange(len(rho))
    return torch.from_numpy(chi2.sf(tails.cpu().numpy(), ((dx - k) * (dy - k)).numpy()))


def bartlett_rank(correlations: checks.Array, samples: float, dx: int, dy: int, *, level: float = 0.05) -> int:
    """Number of significant correlations: hypotheses of `bartlett_tests` rejected in order until the first that is not.

    Raises:
        ValueError: As `bartlett_tests`, or `level` outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"level: wanted a probability in (0, 1), found {level}")
    accepted = bartlett_tests(correlations, samples, dx, dy) >= level
    return int(accepted.int().argmax()) if bool(accepted.any()) else len(accepted)


def permutation_null(
    x: Activations,
    y: Activations,
    *,
    groups: Groups = None,
    permutations: int = 100,
    generator: torch.Generator | None = None,
) -> PermutationNull:
    """Null distribution of the correlations when the inputs of `y` are permuted; the whitened factors are reused.

    Rows that share an input stay together and at their positions, so that the null has their dependence too.

    Args:
        x: First layer, whitened or not, (samples, neurons of x).
        y: Second layer, whitened or not, (samples, neurons of y).
        groups: Which rows share an input: how many follow each other, or the input of every row, (samples,).
        permutations: Number of draws; the least p-value is 1 / (permutations + 1).
        generator: Source of the permutations, on the CPU.

    Raises:
        ValueError: Bad activations, different numbers of samples, no permutation, or bad groups.
    """
    first, second = whitened("x", x), whitened("y", y)
    checks.same_samples("x", first.x, "y", second.x)
    checks.count("permutations", permutations)
    rows = rows_of_inputs(groups, first.samples)
    drawn = torch.stack(list(_permuted(first, second.single, rows, permutations, generator)))
    seen = single_correlations(first, second.single)
    # Step-down: once one correlation is not significant, no smaller one is.
    p_values = _p_value(seen, drawn).cummax(0).values
    samples = effective_samples(first, second, groups=groups)
    return PermutationNull(drawn, p_values, float(_p_value(seen.mean(), drawn.mean(1))), samples)


def _permuted(
    x: Whitened, y: torch.Tensor, rows: torch.Tensor, count: int, generator: torch.Generator | None
) -> Iterable[torch.Tensor]:
    shuffled, order = torch.empty_like(y), torch.empty_like(rows.flatten())
    for _ in range(count):
        order[rows.flatten()] = rows[torch.randperm(len(rows), generator=generator)].flatten()
        yield single_correlations(x, torch.index_select(y, 0, order.to(y.device), out=shuffled))


def _p_value(seen: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    return (1 + (drawn >= seen).sum(0)).double() / (1 + len(drawn))


def ordered(correlations: checks.Array) -> torch.Tensor:
    """Correlations in float64 after checking that they are a descending vector in [0, 1].

    Raises:
        ValueError: They are not.
    """
    rho = checks.finite("correlations", correlations).double()
    if rho.ndim != 1 or bool((rho.diff() > 0).any()) or float(rho[-1]) < 0 or float(rho[0]) > 1:
        raise ValueError(
            f"correlations: wanted a descending vector in [0, 1], found shape {tuple(rho.shape)} "
            f"with values {float(rho.min()):.3g} to {float(rho.max()):.3g}"
        )
    return rho
