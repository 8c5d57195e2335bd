"""How many dimensions activations fill: the participation ratio, corrected for few samples, with an interval."""

from collections.abc import Sequence
from functools import reduce
from operator import add

import torch

from netspectra.measures.moments import Moments
from netspectra.own.sums import FEWEST_BLOCKS, ActivationSums

RESAMPLES = 1000


def merged(blocks: Sequence[Moments]) -> Moments:
    """Moments of all blocks together."""
    return reduce(add, blocks)


def corrected_ratio(sums: ActivationSums) -> float:
    """Participation ratio (tr C)^2 / tr C^2 from estimates of both that few samples do not bias; NaN where none is.

    Where every input is one row, tr C^2 is the unbiased HSIC of the activations with themselves (Song et al. 2012,
    eq. 5). Where inputs have several rows (positions, tokens), it is the mean squared product of rows of different
    inputs. Of (tr C)^2, the variance of tr C over inputs is subtracted.
    """
    whole = merged(sums.blocks)
    rows, inputs = whole.count, sums.inputs
    if inputs < 4:
        return float("nan")
    scatter = whole.covariance() * (rows - 1)
    trace, square = float(scatter.trace()), float(scatter.square().sum())
    if rows == inputs:
        norms = _squared_norms(sums, whole, scatter)
        own = square - norms + trace**2 / ((rows - 1) * (rows - 2)) - 2 * norms / (rows - 2)
        unbiased = own / (rows * (rows - 3))
    else:
        unbiased = (square - sums.within) / (rows**2 - sums.pairs)
    spread = float(sums.norms.covariance()) / (rows / inputs) ** 2 / inputs
    total = (trace / (rows - 1)) ** 2 - spread
    return total / unbiased if min(total, unbiased) > 0 else float("nan")


def ratio_interval(blocks: Sequence[Moments], seed: int = 0, level: float = 0.95) -> tuple[float, float]:
    """Ends of the interval of the participation ratio over those of the ratio itself, (low, high), about one.

    A bootstrap over blocks of inputs, reflected in logarithms, as resamples fill fewer dimensions than their sample by
    about as much as the sample fills fewer than all inputs do. NaN with fewer than eight blocks.
    """
    filled = [block for block in blocks if block.count]
    if len(filled) < FEWEST_BLOCKS:
        return float("nan"), float("nan")
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(len(filled), (RESAMPLES, len(filled)), generator=generator)
    weights = torch.stack([(drawn == i).sum(1) for i in range(len(filled))], 1).double()
    ratios = resampled_ratios(filled, torch.cat([torch.ones_like(weights[:1]), weights]))
    logs = (ratios[1:] / ratios[0]).log()
    tail = (1 - level) / 2
    high, low = (float((-logs.quantile(q)).exp()) for q in (tail, 1 - tail))
    return low, high


def resampled_ratios(blocks: Sequence[Moments], weights: torch.Tensor) -> torch.Tensor:
    """Participation ratio where every block counts as often as its weight says, (resamples,), float64.

    With M_b the scatter of block b about the mean of all and v_b the sum of its rows about it, the scatter of a
    resample is sum w M - u u' / N for u = sum w v and N rows. Its trace and square follow from products of the M and v.

    Args:
        blocks: Moments of every block.
        weights: (resamples, blocks).
    """
    mean, counts = merged(blocks).mean, torch.tensor([float(b.count) for b in blocks], dtype=torch.float64)
    v = torch.stack([(b.mean - mean) * b.count for b in blocks]).cpu()
    m = torch.stack([_scatter(b).cpu() + torch.outer(s, s) / b.count for b, s in zip(blocks, v, strict=True)])
    rows = weights @ counts
    traces, inner = m.diagonal(dim1=1, dim2=2).sum(1), m.flatten(1) @ m.flatten(1).T
    turned = torch.einsum("ad,cde,be->cab", v, m, v)
    u_square = torch.einsum("ra,ab,rb->r", weights, v @ v.T, weights)
    crossed = torch.einsum("rc,ra,rb,cab->r", weights, weights, weights, turned)
    trace = weights @ traces - u_square / rows
    square = torch.einsum("ra,ab,rb->r", weights, inner, weights) - 2 * crossed / rows + (u_square / rows).square()
    return trace.square() / square


def _squared_norms(sums: ActivationSums, whole: Moments, scatter: torch.Tensor) -> float:
    """Sum over rows of the fourth power of their norm about the mean, from sums about the origin."""
    shift = whole.mean - sums.origin
    rows, size, norms = whole.count, float(shift @ shift), float(sums.norms.mean) * whole.count
    about = float(shift @ scatter @ shift) + rows * size**2
    return sums.within - 4 * float(shift @ sums.turned) + 2 * size * norms + 4 * about - 3 * rows * size**2


def _scatter(block: Moments) -> torch.Tensor:
    return block.covariance() * (block.count - 1) if block.count > 1 else torch.zeros(block.dim, block.dim).double()
