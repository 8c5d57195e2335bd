"""DFT-CCA of every layer of one network with every layer of another, each transformed and whitened once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from netspectra.measures import checks, dft_cca
from netspectra.measures.feature_maps import low_frequencies

Size = tuple[int, int]
# Of singular values over all frequencies, as in `dft_cca`.
RTOL = 1e-6


def dft_grid(
    first: Mapping[str, torch.Tensor], second: Mapping[str, torch.Tensor], *, side: int | None = None
) -> torch.Tensor:
    """DFT-CCA similarity of feature maps of every layer of one network with every layer of another.

    Maps of two sizes are compared on the lowest frequencies that both have. Products of what is whitened run in single
    precision, which leaves six digits of a mean.

    Args:
        first: {layer: (samples, C, H, W)}.
        second: Likewise, same samples.
        side: Largest height and width to keep; all that both have when None.

    Returns:
        (layers of first, layers of second), mean correlations as `dft_cca(...).mean`, float64.

    Raises:
        ValueError: No feature maps, a constant layer, or different numbers of samples; names the layer.
    """
    rows, columns = ([_Layer(name, maps) for name, maps in network.items()] for network in (first, second))
    for layer in (*rows, *columns):
        checks.same_samples(rows[0].name, rows[0].maps, layer.name, layer.maps)
    cells = [[_similarity(a, b, _common(a.maps, b.maps, side)) for b in columns] for a in rows]
    return torch.tensor(cells, dtype=torch.float64)


@dataclass(frozen=True)
class _Spectrum:
    """Whitened channels at every frequency, (frequencies, samples, C) with zeros beyond the ranks (frequencies,)."""

    scores: torch.Tensor
    ranks: torch.Tensor


@dataclass(frozen=True, eq=False)
class _Layer:
    name: str
    maps: torch.Tensor
    spectra: dict[Size, _Spectrum] = field(default_factory=dict)

    def spectrum(self, size: Size) -> _Spectrum:
        if size not in self.spectra:
            maps = checks.finite(self.name, low_frequencies(self.maps.detach(), *size)).double()
            mean = maps.mean(0)
            channels = torch.fft.rfft2(maps - mean, norm="ortho").flatten(2).permute(2, 0, 1)
            whitening, ranks = dft_cca.whiten_frequencies(self.name, channels.mH @ channels, mean, len(maps), RTOL)
            self.spectra[size] = _Spectrum((channels @ whitening).to(torch.complex64), ranks)
        return self.spectra[size]


def _similarity(a: _Layer, b: _Layer, size: Size) -> float:
    first, second = a.spectrum(size), b.spectrum(size)
    rho = torch.linalg.svdvals(first.scores.mH @ second.scores).double().clamp(0, 1)
    return dft_cca.mean_over_frequencies(
        rho, torch.minimum(first.ranks, second.ranks), dft_cca.frequency_weights(*size).to(rho)
    )


def _common(a: torch.Tensor, b: torch.Tensor, side: int | None) -> Size:
    height, width = (min(*sizes, side or max(sizes)) for sizes in zip(a.shape[2:], b.shape[2:], strict=True))
    return height, width
