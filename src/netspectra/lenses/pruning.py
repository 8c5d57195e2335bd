"""Progressive dropout: accuracy as a growing share of every layer's nodes is silenced."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

RESCALES = ("none", "keep", "inverse")


@dataclass(frozen=True)
class Evaluation:
    """What K versions of one network do on the same samples: shapes (K,), accuracy in [0, 1], loss in nats."""

    accuracy: torch.Tensor
    loss: torch.Tensor


def progressive_dropout(
    network: nn.Sequential,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    scores: dict[str, torch.Tensor],
    fractions: Sequence[float],
    *,
    order: str = "high",
    rescale: str = "none",
    draws: int = 1,
    generator: torch.Generator | None = None,
) -> Evaluation:
    """Drop the same fraction of nodes from all named layers at once and evaluate every fraction in one pass.

    Alignment document, "Application to Network Pruning". floor(fraction x width) nodes are dropped per layer.

    Args:
        network: Layers by name; those named in `scores` have their outputs silenced.
        batches: Pairs (inputs, labels).
        scores: {layer: (width,)}, for instance the alignment of the nodes. NaN counts as lowest.
        fractions: Shares of nodes to drop, each in [0, 1].
        order: "high" drops the highest scores first, "low" the lowest, "random" ignores them.
        rescale: "none" leaves the other nodes alone; "keep" multiplies them by 1 - f (as the document's code does),
            "inverse" by 1 / (1 - f), which keeps the expected input of the next layer.
        draws: Random orders to average over; used by "random" only.
        generator: Source of the random orders.

    Returns:
        Accuracy and loss per fraction, (fractions,), float64.

    Raises:
        ValueError: Unknown layer, order or rescale, scores of another width, or a fraction outside [0, 1].
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
) -> dict[str, torch.Tensor]:
    """Factors for the outputs of each layer, {layer: (draws * fractions, width)}; arguments as `progressive_dropout`.

    Raises:
        ValueError: Unknown order or rescale, or a fraction outside [0, 1].
    """
    if order not in ("high", "low", "random"):
        raise ValueError(f"order: wanted high, low or random, found {order!r}")
    if rescale not in RESCALES:
        raise ValueError(f"rescale: wanted one of {', '.join(RESCALES)}, found {rescale!r}")
    if bad := [f for f in fractions if not 0 <= f <= 1]:
        raise ValueError(f"fractions: wanted values in [0, 1], found {bad[0]}")
    repeats = draws if order == "random" else 1
    return {
        layer: torch.cat([_mask(score, fractions, order, rescale, generator) for _ in range(repeats)])
        for layer, score in scores.items()
    }


def evaluate_masked(
    network: nn.Sequential,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    masks: dict[str, torch.Tensor],
) -> Evaluation:
    """Evaluate K masked versions of a network in one pass; the layers before the first mask run once for all.

    Args:
        network: Layers by name.
        batches: Pairs (inputs, labels).
        masks: {layer: (K, width)}, factors for the outputs of the layer; a width is a channel for feature maps.

    Raises:
        ValueError: Unknown layer, or a mask of another width.
    """
    names = [name for name, _ in network.named_children()]
    if unknown := sorted(set(masks) - set(names)):
        raise ValueError(f"masks: wanted layers among {', '.join(names)}, found {unknown[0]!r}")
    hits = loss = count = 0
    with torch.no_grad():
        for x, y in batches:
            logits = _masked_forward(network, x, masks)
            labels = y.expand(len(logits), -1)
            hits += (logits.argmax(-1) == labels).double().sum(-1)
            loss += F.cross_entropy(logits.mT, labels, reduction="none").double().sum(-1)
            count += len(y)
    return Evaluation(hits / count, loss / count)


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


def _masked_forward(network: nn.Sequential, x: torch.Tensor, masks: dict[str, torch.Tensor]) -> torch.Tensor:
    x = x[None]
    for name, layer in network.named_children():
        x = layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        if name in masks:
            if masks[name].shape[1] != x.shape[2]:
                raise ValueError(f"masks[{name}]: wanted width {x.shape[2]}, found {masks[name].shape[1]}")
            x = x * masks[name].to(x).reshape(len(masks[name]), 1, -1, *[1] * (x.ndim - 3))
    return x
