"""Tasks: what networks are asked to tell, and how well they do; the loss is the mean cross-entropy in nats.

To classify, a sample is an image and its target a class; to tell the next tokens, a sample is a window of tokens and
its targets are the tokens that follow each. Either way the network gives logits for every target.
"""

import torch
from torch.nn import functional as F

from netspectra.data.images import Split
from netspectra.data.tokens import Windows
from netspectra.networks.ensembles import Ensemble


def losses(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of every network, (R,).

    Args:
        outputs: Logits (R, samples, ..., classes).
        targets: Classes (samples, ...) that all networks are to tell, or (R, samples, ...).
    """
    targets = targets.expand(outputs.shape[:-1])
    each = F.cross_entropy(outputs.flatten(0, -2), targets.flatten(), reduction="none")
    return each.unflatten(0, targets.shape).flatten(1).mean(1)


def accuracies(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Share of the targets that every network tells, (R,), in [0, 1]; arguments as of `losses`."""
    return (outputs.argmax(-1) == targets.expand(outputs.shape[:-1])).float().flatten(1).mean(1)


def evaluate(ensemble: Ensemble, split: Split | Windows) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean cross-entropy (nats) and accuracy in [0, 1] of every network over a split, each (R,), float64.

    Networks are in evaluation mode; the exponential of the loss over tokens is the perplexity.
    """
    loss = hits = count = 0
    with torch.no_grad():
        for x, targets in split.batches(split.at_once):
            outputs = ensemble(x).outputs
            targets, count = targets.expand(outputs.shape[:-1]), count + targets.numel()
            each = F.cross_entropy(outputs.movedim(-1, 1), targets, reduction="none")
            loss += each.double().flatten(1).sum(1)
            hits += (outputs.argmax(-1) == targets).double().flatten(1).sum(1)
    return loss / count, hits / count
