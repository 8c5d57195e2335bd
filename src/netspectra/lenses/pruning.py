"""Progressive dropout: accuracy as a growing share of every layer's nodes is silenced."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from netspectra.lenses.scoring import Labelled, checked, labelled
from netspectra.networks import layouts
from netspectra.networks.flow import Inputs, logits
from netspectra.networks.looking import looking
from netspectra.networks.places import chain, overwrites, read

RESCALES = ("none", "keep", "inverse")
Masks = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Evaluation:
    """What K versions of one network do on the same samples: shapes (K,), accuracy in [0, 1], loss in nats."""

    accuracy: torch.Tensor
    loss: torch.Tensor


def progressive_dropout(
    network: nn.Module,
    batches: Labelled,
    scores: dict[str, torch.Tensor],
    fractions: Sequence[float],
    *,
    order: str = "high",
    rescale: str = "none",
    draws: int = 1,
    generator: torch.Generator | None = None,
) -> Evaluation:
    """Drop the same fraction of nodes from all named layers at once and evaluate every fraction in one pass.

    Alignment document, "Application to Network Pruning". floor(fraction x width) nodes are dropped per layer. The
    network is evaluated in evaluation mode.

    Args:
        network: Any classifier; what leaves the places named in `scores` is silenced (`places.read`).
        batches: Pairs (inputs, labels).
        scores: {place: (width,)}, for instance the alignment of the nodes. NaN counts as lowest.
        fractions: Shares of nodes to drop, each in [0, 1].
        order: "high" drops the highest scores first, "low" the lowest, "random" ignores them.
        rescale: "none" leaves the other nodes alone; "keep" multiplies them by 1 - f (as the document's code does),
            "inverse" by 1 / (1 - f), which keeps the expected input of the next layer.
        draws: Random orders to average over; used by "random" only.
        generator: Source of the random orders.

    Returns:
        Accuracy and loss per fraction, (fractions,), float64.

    Raises:
        ValueError: Unknown place, order or rescale, scores of another shape, a fraction outside [0, 1], or as
            `evaluate_masked`.
    """
    masks = dropout_masks(scores, fractions, order=order, rescale=rescale, draws=draws, generator=generator)
    found = evaluate_masked(network, batches, masks)
    shape = (-1, len(fractions))
    return Evaluation(found.accuracy.reshape(shape).mean(0), found.loss.reshape(shape).mean(0))


def dropout_masks(
    scores: dict[str, torch.Tensor],
    fractions: Sequence[float],
    *,
    order: str = "high",
    rescale: str = "none",
    draws: int = 1,
    generator: torch.Generator | None = None,
) -> Masks:
    """Factors for the outputs of each layer, {layer: (draws * fractions, width)}; arguments as `progressive_dropout`.

    Raises:
        ValueError: Unknown order or rescale, scores of another shape, no draw, or a fraction outside [0, 1].
    """
    if order not in ("high", "low", "random"):
        raise ValueError(f"order: wanted high, low or random, found {order!r}")
    if rescale not in RESCALES:
        raise ValueError(f"rescale: wanted one of {', '.join(RESCALES)}, found {rescale!r}")
    if not len(fractions) or (bad := [f for f in fractions if not 0 <= f <= 1]):
        raise ValueError(f"fractions: wanted values in [0, 1], found {bad[0] if len(fractions) else 'none'}")
    if draws < 1:
        raise ValueError(f"draws: wanted at least 1, found {draws}")
    if bad := [layer for layer, score in scores.items() if score.ndim != 1 or not len(score)]:
        raise ValueError(f"scores[{bad[0]}]: wanted shape (width,), found {tuple(scores[bad[0]].shape)}")
    repeats = draws if order == "random" else 1
    return {
        layer: torch.cat([_mask(score, fractions, order, rescale, generator) for _ in range(repeats)])
        for layer, score in scores.items()
    }


def evaluate_masked(network: nn.Module, batches: Labelled, masks: Masks) -> Evaluation:
    """Evaluate K masked versions of a network, in evaluation mode.

    Where the network is a chain of layers that treat every sample alone, the layers before the first mask run once
    for all versions and the others on all versions side by side; elsewhere one version runs after the other.

    Args:
        network: Any classifier.
        batches: Pairs (inputs, labels).
        masks: {place: (K, width)}, factors for what leaves the place; a width is a channel for feature maps and the
            last dimension for vectors and tokens (`layouts.dimension`).

    Raises:
        ValueError: Unknown place, a mask of another shape or width, a flow whose nodes could stand in two dimensions,
            no batches, or labels that do not fit.
    """
    count = _versions(masks)
    totals, samples = 0, 0
    with looking(network), torch.no_grad():
        stacks = layouts.samples_alone(network) and set(masks) <= {name for name, _ in chain(network)}
        for x, y in labelled(batches):
            if stacks and isinstance(x, torch.Tensor):
                found = _tally(_side_by_side(network, x, masks), y)
            else:
                found = torch.cat([_tally(_masked(network, x, masks, k)[None], y) for k in range(count)], 1)
            totals = totals + found
            samples += y.numel()
    return Evaluation(*(totals / samples))


def _mask(
    score: torch.Tensor, fractions: Sequence[float], order: str, rescale: str, generator: torch.Generator | None
) -> torch.Tensor:
    width = len(score)
    if order == "random":
        ranking = torch.randperm(width, generator=generator).to(score.device)
    else:
        ranking = torch.nan_to_num(score, nan=-torch.inf).argsort(descending=order == "high", stable=True)
    rows = []
    for f in fractions:
        row = torch.ones(width, device=score.device)
        row *= {"none": 1.0, "keep": 1 - f, "inverse": 1 / (1 - f) if f < 1 else 0.0}[rescale]
        # The small term keeps 0.3 x 10 nodes at three, where floating point says 2.9999.
        row[ranking[: int(f * width + 1e-9)]] = 0
        rows.append(row)
    return torch.stack(rows)


def _versions(masks: Masks) -> int:
    counts = {len(mask) for mask in masks.values()}
    if bad := [place for place, mask in masks.items() if mask.ndim != 2 or len(counts) > 1]:
        raise ValueError(
            f"masks[{bad[0]}]: wanted (versions, width), alike for all, found {tuple(masks[bad[0]].shape)}"
        )
    if not counts:
        raise ValueError("masks: wanted at least one place, found none")
    return counts.pop()


def _side_by_side(network: nn.Sequential, x: torch.Tensor, masks: Masks) -> torch.Tensor:
    """Logits (K, ..., classes) of all versions of a chain, whose layers before the first mask run once."""
    x = (x.clone() if overwrites(network) else x)[None]
    for name, layer in chain(network):
        x = layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        if name in masks:
            x = x * _shaped(network, name, masks[name], x[0])
    return x


def _masked(network: nn.Module, x: Inputs, masks: Masks, version: int) -> torch.Tensor:
    """Logits (..., classes) of one version."""
    changes = {
        place: lambda t, place=place, rows=mask[version : version + 1]: t * _shaped(network, place, rows, t)[0]
        for place, mask in masks.items()
    }
    return logits(read(network, x, replace_leaving=changes).outputs)


def _shaped(network: nn.Module, place: str, mask: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    """Masks (K, width) as factors (K, 1, ..., width, ...) of what leaves a place, (samples, ..., width, ...)."""
    shape = [1] * flow.ndim
    dim = layouts.dimension(network, place, flow.shape, mask.shape[1])
    shape[dim] = mask.shape[1]
    return mask.to(flow).reshape(len(mask), *shape)


def _tally(scores: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Right answers and summed losses (2, K) of K versions, float64, from logits (K, ..., classes)."""
    checked(scores[0], y)
    scores, labels = scores.flatten(1, -2), y.flatten().expand(len(scores), -1)
    right = (scores.argmax(-1) == labels).double().sum(-1)
    return torch.stack([right, F.cross_entropy(scores.mT, labels, reduction="none").double().sum(-1)])
