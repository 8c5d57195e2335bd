"""Feature maps of different shapes made comparable, and grids of similarities between the layers of two networks.

Two readings of a convolutional layer (SVCCA paper, section 3): the means over space, and every position as a sample of
its own; the third, one block per spatial frequency, is in `dft_grid`. Positions share their image, so what is permuted
or resampled is images.
"""

from collections.abc import Mapping

import torch

from netspectra.measures import checks
from netspectra.measures.canonical import correlate
from netspectra.measures.directions import svcca_rank
from netspectra.measures.whitening import Whitened, principal, whiten


def spatial_means(x: torch.Tensor) -> torch.Tensor:
    """(samples, neurons) as it is, or feature maps (samples, C, H, W) as means (samples, C)."""
    return x.flatten(2).mean(2) if _maps("x", x).ndim == 4 else x


def positions(x: torch.Tensor) -> torch.Tensor:
    """(samples, neurons) as it is, or feature maps (samples, C, H, W) as (samples * H * W, C), image after image."""
    return x.movedim(1, -1).flatten(0, -2) if _maps("x", x).ndim == 4 else x


def permuted(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """The same activations with the images in random order; the positions of an image stay together."""
    return x[torch.randperm(len(x), generator=generator).to(x.device)]


def low_frequencies(maps: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Feature maps resampled to a smaller size by their lowest spatial frequencies, so that shapes agree.

    The transform is cut to the frequencies that a map of that size has and turned back; the mean is kept. What lies at
    the half of an even size, where positive and negative frequency coincide, is the mean of both.

    Args:
        maps: (samples, C, H, W).
        height: At most H.
        width: At most W.

    Raises:
        ValueError: No feature maps, or a larger size.
    """
    found = _maps("maps", maps)
    if found.ndim != 4 or not (1 <= height <= found.shape[2] and 1 <= width <= found.shape[3]):
        raise ValueError(f"maps: wanted (samples, C, >= {height}, >= {width}), found {tuple(found.shape)}")
    return _cut(_cut(found, 2, height), 3, width)


def all_shifts(maps: torch.Tensor) -> torch.Tensor:
    """Every feature map in all its circular shifts, (samples * H * W, C, H, W): data that is translation-invariant.

    On such data the covariance is block diagonal over frequencies, and DFT-CCA is exactly dense CCA.

    Raises:
        ValueError: No feature maps.
    """
    if _maps("maps", maps).ndim != 4:
        raise ValueError(f"maps: wanted (samples, C, H, W), found {tuple(maps.shape)}")
    height, width = maps.shape[2:]
    shifted = [maps.roll((i, j), (2, 3)) for i in range(height) for j in range(width)]
    return torch.stack(shifted, 1).flatten(0, 1)


def dense_bytes(channels: tuple[int, int], height: int, width: int) -> int:
    """Memory of the three covariances that a dense CCA of two layers' feature maps needs, in float64."""
    first, second = (c * height * width for c in channels)
    return 8 * (first * first + first * second + second * second)


def dft_bytes(channels: tuple[int, int], height: int, width: int) -> int:
    """Memory of the same covariances block by block over half the frequency plane, in complex128."""
    first, second = channels
    return 16 * height * (width // 2 + 1) * (first * first + first * second + second * second)


def svcca_grid(
    first: Mapping[str, torch.Tensor],
    second: Mapping[str, torch.Tensor],
    *,
    share: float = 0.99,
    of: str = "values",
    diagonal: bool = True,
) -> torch.Tensor:
    """SVCCA similarity of every layer of one network with every layer of another, on the same inputs.

    Args:
        first: {layer: (samples, neurons) or (samples, C, H, W)}.
        second: Likewise, same samples.
        share: As in `directions.svcca_rank`.
        of: As in `directions.svcca_rank`.
        diagonal: Compare layers of one name and one shape with positions as samples; else all by spatial means.

    Returns:
        (layers of first, layers of second), mean correlations over the kept directions, float64.

    Raises:
        ValueError: Bad activations or different numbers of samples; names the layer.
    """
    rows = {name: _kept(spatial_means(x), share, of, name) for name, x in first.items()}
    columns = {name: _kept(spatial_means(x), share, of, name) for name, x in second.items()}
    grid = torch.tensor([[_mean(a, b) for b in columns.values()] for a in rows.values()], dtype=torch.float64)
    for j, name in enumerate(second):
        if diagonal and name in first and first[name].ndim == 4 and first[name].shape == second[name].shape:
            sides = (_kept(positions(side[name]), share, of, name) for side in (first, second))
            grid[list(first).index(name), j] = _mean(*sides)
    return grid


def _kept(x: torch.Tensor, share: float, of: str, name: str) -> Whitened:
    whole = whiten(x, name=name)
    values = torch.linalg.eigvalsh(whole.scatter).clamp(min=0).flip(0).sqrt()
    return principal(whole, svcca_rank(values, share, of=of))


def _mean(first: Whitened, second: Whitened) -> float:
    return float(correlate(first, second).correlations.mean())


def _cut(maps: torch.Tensor, dim: int, size: int) -> torch.Tensor:
    if maps.shape[dim] == size:
        return maps
    spectrum = torch.fft.rfft(maps.movedim(dim, -1), norm="forward")[..., : size // 2 + 1]
    if size % 2 == 0:  # both halves of a wave that the smaller map has room for once
        spectrum = torch.cat([spectrum[..., :-1], spectrum[..., -1:].real + 0j], -1)
    return torch.fft.irfft(spectrum, n=size, norm="forward").movedim(-1, dim)


def _maps(name: str, x: torch.Tensor) -> torch.Tensor:
    checks.floating(name, x)
    if x.ndim not in (2, 4):
        raise ValueError(f"{name}: wanted (samples, neurons) or (samples, C, H, W), found {tuple(x.shape)}")
    return x
