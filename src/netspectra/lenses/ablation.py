"""Cumulative ablation: accuracy as more and more feature maps, in random order over all layers, are clamped to zero."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from netspectra.lenses.pruning import Masks, evaluate_masked
from netspectra.lenses.scoring import Labelled
from netspectra.measures import checks


def cumulative_ablation(
    network: nn.Module,
    batches: Labelled,
    widths: Mapping[str, int],
    fractions: Sequence[float],
    *,
    draws: int = 1,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Accuracy in [0, 1] along random orders of ablation, (draws, fractions), float64, in evaluation mode.

    Args:
        network: Any classifier.
        batches: Pairs (inputs, labels).
        widths: Feature maps (or neurons) that leave each place, {place: width}; those behind a ReLU are silenced.
        fractions: Shares of all maps that are clamped, each in [0, 1].
        draws: Random orders.
        generator: Source of the orders, on the CPU.

    Raises:
        ValueError: No such place, another width, a fraction outside [0, 1], no draw, or no samples.
    """
    masks = random_ablations(widths, fractions, draws, generator)
    return evaluate_masked(network, batches, masks).accuracy.view(draws, len(fractions))


def random_ablations(
    widths: Mapping[str, int], fractions: Sequence[float], draws: int, generator: torch.Generator | None
) -> Masks:
    """Factors for the maps of every place: 0 for those clamped, {place: (draws * fractions, width)}.

    One random order over the maps of all places together per draw; along it, floor(fraction x maps) are clamped.

    Raises:
        ValueError: A fraction outside [0, 1], or no draw.
    """
    if bad := [f for f in fractions if not 0 <= f <= 1]:
        raise ValueError(f"fractions: wanted values in [0, 1], found {bad[0]}")
    maps, draws = sum(widths.values()), checks.count("draws", draws)
    ranks = torch.stack([torch.randperm(maps, generator=generator) for _ in range(draws)])
    clamped = torch.tensor([int(f * maps + 1e-9) for f in fractions])
    kept = (ranks[:, None] >= clamped[:, None]).float().flatten(0, 1)
    return dict(zip(widths, kept.split(list(widths.values()), -1), strict=True))


def curve_area(fractions: Sequence[float], accuracy: torch.Tensor) -> torch.Tensor:
    """Area under accuracy (..., fractions) over fractions by trapezoids, divided by their range, (...), float64.

    Raises:
        ValueError: Fewer than two fractions, or fractions that do not increase.
    """
    at = torch.as_tensor(fractions, dtype=torch.float64)
    if len(at) < 2 or not bool((at.diff() > 0).all()):
        raise ValueError(f"fractions: wanted two or more that increase, found {list(fractions)}")
    return torch.trapezoid(accuracy.double(), at.to(accuracy.device)) / float(at[-1] - at[0])
