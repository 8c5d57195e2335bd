"""Rows that share an input: positions of a map, tokens of a sequence, steps in time.

They are alike, so n of them say less than n independent samples do. Which rows belong together is said by `groups`:
how many follow each other, or the number of the input that each comes from. Permutations then move whole inputs, and
rows count as the number of independent samples that would let unrelated layers correlate as much.
"""

import numpy as np
import torch

from netspectra.measures.checks import same_samples
from netspectra.measures.factoring import svd
from netspectra.measures.scatter import Activations
from netspectra.measures.whitening import Whitened, whitened

# Product of the sums of squares that two scores of length one keep without the means of their positions.
POSITION_ONLY = 1e-12

Groups = int | torch.Tensor | np.ndarray | None


def rows_of_inputs(groups: Groups, samples: int) -> torch.Tensor:
    """Row numbers by input and position, (inputs, positions); without groups every row is an input of its own.

    Args:
        groups: Rows per input, which then stand one input after the other; or the input of every row, whole numbers
            (samples,), the rows of an input standing in the order of their positions.
        samples: Number of rows.

    Raises:
        ValueError: Neither of these, inputs of unequal sizes, or fewer than two inputs.
    """
    if groups is None:
        return torch.arange(samples)[:, None]
    rows = _in_order(int(groups), samples) if _whole(groups) else _by_input(groups, samples)
    if len(rows) < 2:
        raise ValueError(f"groups: wanted two inputs or more, found {len(rows)} of {rows.shape[1]} rows")
    return rows


def effective_samples(x: Activations, y: Activations, *, groups: Groups) -> float:
    """Number of independent samples that correlate unrelated layers as much as these rows, which share inputs, do.

    For a pair of scores z, w of n rows, m from each input, the correlation of unrelated layers has variance
    (1 + (m - 1) <r_z r_w>) / n, with <r_z r_w> the mean product of the two correlations between rows of one input
    (Bartlett 1935, for time series). It is taken here from its exact counterpart, the variance over permutations of
    inputs, tr(Z'Z W'W) / (inputs - 1) for scores (inputs, positions) less the mean of every position. The pairs are
    those of the canonical directions; the variance is averaged over them, and the number is one over it.

    Canonical directions seek out what varies least within an input, so tests with this number hold their level or stay
    below it when directions differ. A mean that differs between positions, as at the borders of maps, is a relation to
    every test but `permutation_null`; where it is not of interest, subtract it first.

    Args:
        x: Activations, (samples, neurons of x), or their whitening.
        y: Activations of the same samples, (samples, neurons of y), or their whitening.
        groups: As in `rows_of_inputs`.

    Raises:
        ValueError: Bad activations, different numbers of samples, or bad groups.
    """
    first, second = whitened("x", x), whitened("y", y)
    same_samples("x", first.x, "y", second.x)
    rows = rows_of_inputs(groups, first.samples)
    if rows.shape[1] == 1:
        return float(first.samples)
    u, _, vt = svd(first.cross(second))
    return effective(first, second, u, vt.T, rows)


def effective(x: Whitened, y: Whitened, u: torch.Tensor, v: torch.Tensor, rows: torch.Tensor) -> float:
    """`effective_samples` from rotations of the whitened scores, (rank of x, k) and (rank of y, k)."""
    samples, inputs = rows.numel(), len(rows)
    if rows.shape[1] == 1:
        return float(samples)
    rows = rows.to(x.x.device)
    first, second = (layer.single @ turn.float() for layer, turn in ((x, u), (y, v)))
    variances = [_variance(z[rows].double(), w[rows].double()) for z, w in zip(first.T, second.T, strict=True)]
    return min(float(samples), 1 + (inputs - 1) / float(torch.stack(variances).mean()))


def _variance(z: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """Variance of the correlation of two scores (inputs, positions) over permutations of inputs, times inputs - 1."""
    z, w = (s - s.mean(0) for s in (z, w))
    shared = (z.T @ z) * (w.T @ w) if z.shape[1] <= len(z) else (z @ w.T).square()
    sizes = z.square().sum() * w.square().sum()
    # A score that tells the position and nothing of the input has no such variance: a whole input is one sample of it.
    return shared.sum() / sizes if float(sizes) > POSITION_ONLY else torch.ones_like(sizes)


def _whole(groups: object) -> bool:
    return isinstance(groups, int | np.integer) and not isinstance(groups, bool)


def _in_order(positions: int, samples: int) -> torch.Tensor:
    if positions < 1 or samples % positions:
        raise ValueError(
            f"groups: wanted rows per input that divide the {samples} samples, found {positions}; "
            "pass the input of every row instead, or leave out what is left over"
        )
    return torch.arange(samples).view(-1, positions)


def _by_input(groups: torch.Tensor | np.ndarray, samples: int) -> torch.Tensor:
    array = isinstance(groups, np.ndarray) and groups.dtype.kind in "iu"
    inputs = torch.from_numpy(groups.astype(np.int64)) if array else groups
    whole = isinstance(inputs, torch.Tensor) and not (inputs.is_floating_point() or inputs.is_complex())
    if not whole or inputs.shape != (samples,):
        found = f"shape {tuple(groups.shape)} of {groups.dtype}" if hasattr(groups, "shape") else repr(groups)
        raise ValueError(f"groups: wanted a whole number or whole numbers of shape ({samples},), found {found}")
    _, member, sizes = inputs.cpu().unique(return_inverse=True, return_counts=True)
    if int(sizes.min()) != int(sizes.max()):
        raise ValueError(
            f"groups: wanted as many rows of every input, found {int(sizes.min())} to {int(sizes.max())}; "
            "keep the same positions of each, or average over the rows of an input first"
        )
    return member.argsort(stable=True).view(len(sizes), -1)
