"""Attack of every input by its gradient sign: accuracy by strength, and the strength at which each input falls."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from netspectra.lenses.attacks import cross_entropy, input_gradient
from netspectra.networks.flow import Inputs, call, first_tensor, logits, with_first_tensor
from netspectra.networks.looking import looking
from netspectra.own.tasks import LOSSES, Task

STEPS = 8  # halvings of the interval of strengths in which an input falls


@dataclass(frozen=True)
class Attacked:
    """What an attack did.

    Attributes:
        epsilons: Strengths, ascending, (strengths,).
        right: Whether each input is right at each strength, (inputs, strengths).
        critical: Least strength at which each input is wrong, to 1/256 of the interval between two strengths; 0 where
            it is wrong without an attack, infinite where it is right at all strengths, (inputs,).
    """

    epsilons: torch.Tensor
    right: torch.Tensor
    critical: torch.Tensor


def attack(task: Task, epsilons: Sequence[float], loss: str = "cross_entropy") -> Attacked:
    """Move every input by epsilon times the sign of its gradient (Goodfellow et al. 2015, eq. 1), taken once.

    Args:
        task: The network with its data, one label or one row of labels per input.
        epsilons: Strengths in the units of the inputs, ascending from zero.
        loss: "cross_entropy" of classes, or "bce" of truth values.

    Raises:
        ValueError: Another loss, strengths that do not ascend from zero, or inputs that are whole numbers.
    """
    if loss not in LOSSES:
        raise ValueError(f"loss: wanted one of {', '.join(LOSSES)}, found {loss!r}")
    grid = torch.as_tensor(list(epsilons), dtype=torch.float64)
    if len(grid) < 2 or float(grid[0]) != 0 or not bool((grid.diff() > 0).all()):
        raise ValueError(f"epsilons: wanted two or more that ascend from 0, found {list(epsilons)}")
    summed = _binary_cross_entropy if loss == "bce" else cross_entropy
    right, critical = [], []
    with looking(task.network), task.running():
        for x, y in task.batches():
            sign = input_gradient(task.network, x, y, summed).sign()
            with torch.no_grad():
                found = torch.stack([_right(task.network, _moved(x, sign, e), y, loss) for e in grid], 1)
                critical.append(_critical(task.network, x, y, sign, grid, found, loss))
            right.append(found)
    return Attacked(grid, torch.cat(right).cpu(), torch.cat(critical).cpu())


def _binary_cross_entropy(scores: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(_binary(scores, y), y.to(scores), reduction="sum")


def _binary(scores: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    scores = scores.squeeze(-1) if scores.ndim == y.ndim + 1 and scores.shape[-1] == 1 else scores
    if scores.shape != y.shape:
        raise ValueError(f"labels: wanted truth values of shape {tuple(scores.shape)}, found {tuple(y.shape)}")
    return scores


def _right(network: nn.Module, x: Inputs, y: torch.Tensor, loss: str) -> torch.Tensor:
    """Whether each input is told, (inputs,); of several truth values, whether all are."""
    scores = logits(call(network, x))
    if loss == "bce":
        return ((_binary(scores, y) > 0) == (y > 0.5)).reshape(len(y), -1).all(1)
    if y.ndim > 1:
        raise ValueError(f"labels: wanted one per input to attack it, found shape {tuple(y.shape)}")
    return scores.argmax(-1) == y


def _moved(x: Inputs, sign: torch.Tensor, epsilon: torch.Tensor) -> Inputs:
    step = epsilon.to(sign).reshape(-1, *([1] * (sign.ndim - 1))) * sign
    return with_first_tensor(x, first_tensor(x) + step)


def _critical(
    network: nn.Module,
    x: Inputs,
    y: torch.Tensor,
    sign: torch.Tensor,
    grid: torch.Tensor,
    right: torch.Tensor,
    loss: str,
) -> torch.Tensor:
    """Least strength at which each input is wrong: the first on the grid, and halvings towards the one before."""
    grid = grid.to(sign.device) if sign.device.type != "mps" else grid
    wrong = (~right).to(grid.device)
    first = torch.where(wrong.any(1), wrong.int().argmax(1), len(grid) - 1)
    low, high = grid[(first - 1).clamp(min=0)], grid[first]
    for _ in range(STEPS):
        middle = (low + high) / 2
        holds = _right(network, _moved(x, sign, middle), y, loss).to(grid.device)
        low, high = torch.where(holds, middle, low), torch.where(holds, high, middle)
    return torch.where(wrong.any(1), torch.where(wrong[:, 0], 0.0, high), torch.inf)
