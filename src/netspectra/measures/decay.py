"""How a spectrum decays, in numbers without its scale, and how far one decays from another."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch


def shape(values: np.ndarray, *, gap: int, middle: float, held: Sequence[float]) -> dict[str, float]:
    """Numbers that describe a spectrum without its scale.

    Args:
        values: Eigenvalues, descending, none zero, (ranks,).
        gap: Number of eigenvalues before a gap.
        middle: Middle share of the ranks, over which a decade of the eigenvalues takes so large a share of all ranks.
        held: Shares of the trace for which the share of the directions that hold it is counted.
    """
    size, edge = len(values), (1 - middle) / 2
    of_middle = slice(round(edge * size), round((1 - edge) * size))
    share = np.cumsum(values) / values.sum()
    slope = np.polyfit(np.arange(size)[of_middle], np.log10(values[of_middle]), 1)[0]
    return {
        "half_over_first": values[size // 2 - 1] / values[0],
        "last_over_first": values[-1] / values[0],
        "after_gap_over_before": values[gap] / values[gap - 1],
        "first_over_gap": values[0] / values[gap - 1],
        "decade": -1 / slope / size,
        "share_before_gap": share[gap - 1],
        **{f"directions_of_{100 * part:g}": (1 + np.searchsorted(share, part)) / size for part in held},
    }


def distance(values: np.ndarray, index: Sequence[int], read: Sequence[float]) -> float:
    """Root mean square over ranks of the difference of log10 of two spectra, once their mean difference is taken out.

    Args:
        values: Eigenvalues, descending, (ranks,).
        index: Ranks from 1 at which the other spectrum is known; those beyond the last of `values` are left out.
        read: The other spectrum at these ranks.
    """
    pairs = [(values[i - 1], value) for i, value in zip(index, read, strict=True) if i <= len(values)]
    ours, other = np.log10(np.maximum(np.array(pairs).T, 1e-300))
    return float((ours - other).std())


def of_noise(parameters: int, samples: int, generator: torch.Generator, *, most: int = 600) -> np.ndarray:
    """Eigenvalues (parameters,) of the second moment of Gaussian noise with as many samples a parameter.

    They follow one law whatever the size (Marchenko and Pastur 1967), so a smaller matrix gives them, at most `most`
    wide.
    """
    width = min(parameters, most)
    noise = torch.randn(round(samples * width / parameters), width, generator=generator, dtype=torch.float64)
    values = torch.linalg.svdvals(noise).square().numpy() / len(noise)
    ranks = (np.arange(parameters) + 0.5) / parameters * width - 0.5
    return np.exp(np.interp(ranks, np.arange(width), np.log(values)))


def all_of(spectra: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Numbers of several spectra, by name."""
    return {name: [of_one[name] for of_one in spectra] for name in spectra[0]}
