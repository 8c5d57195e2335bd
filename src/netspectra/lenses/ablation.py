"""Cumulative ablation: accuracy as more and more feature maps, in random order over all layers, are clamped to zero."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import nn

from netspectra.lenses.versions import Batches
from netspectra.networks import places
from netspectra.networks.flow import logits
from netspectra.networks.looking import looking


def random_ablations(
    widths: Mapping[str, int], fractions: Sequence[float], draws: int, generator: torch.Generator
) -> dict[str, torch.Tensor]:
    """Factors for the maps of every place: 0 for those clamped, {place: (draws, fractions, width)}.

    One random order over the maps of all places together per draw; along it, floor(fraction x maps) are clamped.

    Raises:
        ValueError: A fraction outside [0, 1], or no draw.
    """
    if bad := [f for f in fractions if not 0 <= f <= 1]:
        raise ValueError(f"fractions: wanted values in [0, 1], found {bad[0]}")
    if draws < 1:
        raise ValueError(f"draws: wanted 1 or more, found {draws}")
    maps = sum(widths.values())
    ranks = torch.stack([torch.randperm(maps, generator=generator) for _ in range(draws)])
    clamped = torch.tensor([int(f * maps + 1e-9) for f in fractions])
    kept = (ranks[:, None] >= clamped[:, None]).float()
    return dict(zip(widths, kept.split(list(widths.values()), -1), strict=True))


def ablation_curves(network: nn.Module, batches: Batches, masks: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Accuracy in [0, 1] under every mask, (draws, fractions), float64, in evaluation mode.

    Args:
        network: Classifier of any kind.
        batches: Pairs (inputs, labels), read once per call.
        masks: As `random_ablations` gives them, for what leaves each place: (samples, width) or (samples, width, H, W).

    Raises:
        ValueError: No such place, another width, or no samples.
    """
    shape = next(iter(masks.values())).shape[:2]
    hits, samples = torch.zeros(shape, dtype=torch.float64), 0
    with looking(network), torch.no_grad():
        for x, y in batches:
            for at in torch.cartesian_prod(*(torch.arange(size) for size in shape)):
                index = tuple(at.tolist())
                changes = {place: partial(_clamp, place, mask[index]) for place, mask in masks.items()}
                outputs = places.read(network, x, replace_leaving=changes).outputs
                hits[index] += int((logits(outputs).argmax(-1) == y).sum())
            samples += len(y)
    if not samples:
        raise ValueError("batches: wanted at least one sample, found none")
    return hits / samples


def curve_area(fractions: Sequence[float], accuracy: torch.Tensor) -> torch.Tensor:
    """Area under accuracy (..., fractions) over fractions by trapezoids, divided by their range.

    Raises:
        ValueError: Fewer than two fractions, or fractions that do not increase.
    """
    at = torch.as_tensor(fractions, dtype=torch.float64)
    if len(at) < 2 or not bool((at.diff() > 0).all()):
        raise ValueError(f"fractions: wanted two or more that increase, found {list(fractions)}")
    return torch.trapezoid(accuracy.double(), at.to(accuracy.device)) / float(at[-1] - at[0])


def _clamp(place: str, mask: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    if x.shape[1] != len(mask):
        raise ValueError(f"masks[{place}]: wanted width {x.shape[1]}, found {len(mask)}")
    return x * mask.to(x).view(-1, *[1] * (x.ndim - 2))
