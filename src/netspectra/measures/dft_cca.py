"""CCA of convolutional layers, one Fourier frequency at a time (SVCCA paper, section 3)."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from netspectra.measures import checks
from netspectra.measures.cca_inference import warn_few_samples
from netspectra.measures.ranges import never_varies, varies, within_range
from netspectra.measures.scatter import CHUNK


@dataclass(frozen=True)
class DFTCCA:
    """Canonical correlations at every spatial frequency.

    Attributes:
        correlations: (frequencies, k), descending in every row; zero beyond the rank.
        ranks: (frequencies,), number of correlations at each.
        weights: (frequencies,), share of the H x W frequencies each stands for (real input: half the plane is kept).
        mean: Mean over frequencies of the mean correlation at each.
    """

    correlations: torch.Tensor
    ranks: torch.Tensor
    weights: torch.Tensor
    mean: float


def dft_cca(x: checks.Array, y: checks.Array, *, rtol: float = 1e-6) -> DFTCCA:
    """CCA of channels at each frequency of the two-dimensional Fourier transform.

    For translation-invariant data and circular padding the covariance is block diagonal over frequencies, so the
    correlations of all blocks are those of a dense CCA over channels and positions. Row-major frequencies (H, W/2 + 1).

    Args:
        x: Activations, (samples, C1, H, W).
        y: Activations of the same samples and the same H and W, (samples, C2, H, W).
        rtol: Directions with singular values up to rtol times the largest over all frequencies are dropped.

    Raises:
        ValueError: Not four dimensions, NaN or infinity, one sample, different samples or map sizes, a constant layer.
    """
    x, y = _maps("x", x), _maps("y", y)
    checks.same_samples("x", x, "y", y)
    if x.shape[2:] != y.shape[2:]:
        raise ValueError(f"y: wanted maps of {tuple(x.shape[2:])} as x has, found {tuple(y.shape[2:])}; resample one")
    warn_few_samples(len(x), x.shape[1], y.shape[1])
    x_mean, y_mean = (maps.mean(0, dtype=torch.float64) for maps in (x, y))
    weights = frequency_weights(*x.shape[2:]).to(x_mean)
    xx, xy, yy = _products(x, x_mean, y, y_mean, len(weights))
    (wx, rank_x), (wy, rank_y) = (
        whiten_frequencies("x", xx, x_mean, len(x), rtol),
        whiten_frequencies("y", yy, y_mean, len(y), rtol),
    )
    rho = torch.linalg.svdvals(wx.mH @ xy @ wy).clamp(0, 1)
    ranks = torch.minimum(rank_x, rank_y)
    return DFTCCA(rho, ranks, weights, mean_over_frequencies(rho, ranks, weights))


def mean_over_frequencies(correlations: torch.Tensor, ranks: torch.Tensor, weights: torch.Tensor) -> float:
    """Mean over the frequencies with a correlation of the mean at each; arguments as the attributes of `DFTCCA`."""
    each = correlations.sum(1) / ranks.clamp(min=1)
    live = weights * (ranks > 0)
    return float((live @ each) / live.sum())


def _maps(name: str, maps: checks.Array) -> torch.Tensor:
    maps = checks.finite(name, maps)
    if maps.ndim != 4 or maps.shape[0] < 2:
        raise ValueError(f"{name}: wanted (samples >= 2, channels, H, W), found shape {tuple(maps.shape)}")
    return within_range(maps)[0]


def _products(
    x: torch.Tensor, x_mean: torch.Tensor, y: torch.Tensor, y_mean: torch.Tensor, frequencies: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Spectral covariances of x, of x with y, and of y, times samples: (frequencies, channels, channels)."""

    def zeros(first: int, second: int) -> torch.Tensor:
        return torch.zeros(frequencies, first, second, dtype=torch.complex128, device=x.device)

    xx, xy, yy = (zeros(*sizes) for sizes in ((x.shape[1],) * 2, (x.shape[1], y.shape[1]), (y.shape[1],) * 2))
    count = max(1, 4 * CHUNK // max(x_mean.numel(), y_mean.numel()))
    for a, b in zip(_spectra(x, x_mean, count), _spectra(y, y_mean, count), strict=True):
        xx.baddbmm_(a.mH, a)
        xy.baddbmm_(a.mH, b)
        yy.baddbmm_(b.mH, b)
    return xx, xy, yy


def _spectra(maps: torch.Tensor, mean: torch.Tensor, count: int) -> Iterator[torch.Tensor]:
    """Transforms of centred maps, (frequencies, samples, channels), some samples at a time."""
    for part in maps.split(count):
        yield torch.fft.rfft2(part - mean, norm="ortho").flatten(2).permute(2, 0, 1).contiguous()


def whiten_frequencies(
    name: str, scatter: torch.Tensor, mean: torch.Tensor, samples: int, rtol: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Whitenings (frequencies, channels, channels) and ranks, with one tolerance for all frequencies."""
    values, vectors = torch.linalg.eigh(scatter)
    if not varies((values.max().clamp(min=0) / samples).sqrt(), mean.norm()):
        raise never_varies(name, mean.numel())
    kept = values > max(rtol**2, values.shape[1] * torch.finfo(values.dtype).eps) * values.max()
    roots = torch.where(kept, values, 1.0).rsqrt() * kept
    return vectors * roots[:, None], kept.sum(1)


def frequency_weights(height: int, width: int) -> torch.Tensor:
    """Frequencies strictly inside the half plane stand for their conjugates too."""
    columns = torch.full((width // 2 + 1,), 2.0, dtype=torch.float64)
    columns[0] = 1
    if width % 2 == 0:
        columns[-1] = 1
    return (columns / (height * width)).repeat(height)
