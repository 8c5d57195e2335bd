"""The lens of alignment: every node with what enters it, against chance and against nodes drawn from its covariance."""

from collections.abc import Iterator

import torch

from netspectra.own.sums import BLOCKS, FEWEST_BLOCKS, InputSums
from netspectra.own.tidy import Row, curve, row

LENS = "alignment"
DRAWS = 256
RESAMPLES = 1000
JITTER = 1e-12  # of the trace, added to the diagonal so that a covariance without full rank has a root


def alignment_rows(sums: InputSums) -> Iterator[Row]:
    """Alignment of the nodes of a layer.

    Quantities: alignment by node from 0; mean_alignment over nodes, with a bootstrap over samples; chance, 1/d, with
    two standard deviations of a single random node; drawn, the mean of nodes drawn from the covariance of the input,
    with the percentiles that hold 95 % of such nodes. In a grouped convolution, means over groups.

    Raises:
        ValueError: Fewer than two rows, or inputs that never vary.
    """
    covariances = [moments.covariance() for moments in sums.moments]
    for moments, c in zip(sums.moments, covariances, strict=True):
        if not float(c.diagonal().max()) > 1e-20 * float(moments.mean.square().max()):
            raise ValueError(f"what enters it never varies: all {moments.dim} of its inputs are constant")
    found = [node_alignment(c, w) for c, w in zip(covariances, sums.weight, strict=True)]
    nodes, layer = torch.cat(found), sums.layer
    yield from curve(LENS, layer, "alignment", nodes.tolist(), first=0)
    low, high = bootstrap_mean(sums)
    yield row(LENS, layer, "mean_alignment", float(nodes.nanmean()), low=low, high=high)
    mean, sd = chance(covariances)
    yield row(LENS, layer, "chance", mean, low=max(mean - 2 * sd, 0.0), high=mean + 2 * sd)
    drawn = torch.cat([drawn_alignment(c, DRAWS // len(covariances) + 1) for c in covariances])
    ends = drawn.quantile(torch.tensor([0.025, 0.975], dtype=drawn.dtype, device=drawn.device)).tolist()
    yield row(LENS, layer, "drawn", float(drawn.mean()), low=ends[0], high=ends[1])


def node_alignment(covariance: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Quotients w'Cw / (w'w tr C) of every row of weights (nodes, d), (nodes,); NaN where all are zero."""
    weight = weight.to(covariance)
    quotient = (weight @ covariance * weight).sum(1) / weight.square().sum(1)
    return quotient / covariance.trace()


def chance(covariances: list[torch.Tensor]) -> tuple[float, float]:
    """Mean and standard deviation over random directions, as `measures.alignment.chance`, mean over groups."""
    d = len(covariances[0])
    shares = [float(c.square().sum() / c.trace().square()) for c in covariances]
    variances = [(1 + 2 * share) / (d * (d + 2)) - 1 / d**2 for share in shares]
    return 1 / d, max(sum(variances) / len(variances), 0.0) ** 0.5


def drawn_alignment(covariance: torch.Tensor, draws: int, seed: int = 0) -> torch.Tensor:
    """Alignment of nodes w ~ N(0, C) with C itself, (draws,): about 1 / participation ratio where that is large."""
    jitter = JITTER * covariance.trace() * torch.eye(len(covariance)).to(covariance)
    factor, failed = torch.linalg.cholesky_ex(covariance + jitter)
    if failed:
        values, vectors = torch.linalg.eigh(covariance)
        factor = vectors * values.clamp(min=0).sqrt()
    generator = torch.Generator().manual_seed(seed)
    normal = torch.randn(draws, len(covariance), dtype=torch.float64, generator=generator)
    return node_alignment(covariance, normal.to(factor) @ factor.T)


def bootstrap_mean(sums: InputSums, seed: int = 0, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of the mean alignment over nodes, resampling blocks of inputs; NaN where these are few."""
    filled = (sums.blocks[:, 0] > 0).nonzero()[:, 0].cpu()
    if len(filled) < FEWEST_BLOCKS:
        return float("nan"), float("nan")
    drawn = torch.randint(len(filled), (RESAMPLES, len(filled)), generator=torch.Generator().manual_seed(seed))
    weights = torch.zeros(RESAMPLES, BLOCKS, dtype=torch.float64)
    weights.index_put_((torch.arange(RESAMPLES)[:, None], filled[drawn]), torch.ones(1, dtype=torch.float64), True)
    means = resampled_alignments(sums, weights.to(sums.blocks.device)).nanmean(1)
    low, high = means.quantile(torch.tensor([(1 - level) / 2, (1 + level) / 2]).to(means)).tolist()
    return low, high


def resampled_alignments(sums: InputSums, weights: torch.Tensor) -> torch.Tensor:
    """Alignment of every node where blocks count as often as their weights say, (resamples, nodes)."""
    groups, nodes, d = sums.weight.shape
    totals = weights @ sums.blocks
    rows, squares, z_squares = totals.split([1, groups, groups * nodes], 1)
    means = weights @ sums.means / rows
    x_mean, z_mean = means.split([groups * d, groups * nodes], 1)
    trace = (squares - rows * x_mean.unflatten(1, (groups, d)).square().sum(-1)) / (rows - 1)
    variance = (z_squares - rows * z_mean.square()) / (rows - 1)
    lengths = sums.weight.square().sum(-1).flatten()
    return variance / lengths / trace.repeat_interleave(nodes, 1)
