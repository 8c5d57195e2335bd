"""Fast gradient sign attack over a grid of strengths, from one gradient."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Attack:
    """Accuracy in [0, 1] and number of right answers per epsilon, (epsilons,), and the number of samples."""

    accuracy: torch.Tensor
    hits: torch.Tensor
    samples: int


def fgsm(
    network: nn.Sequential,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    epsilons: Sequence[float],
    *,
    bounds: tuple[torch.Tensor | float, torch.Tensor | float] | None = None,
) -> Attack:
    """Accuracy under x + epsilon * sign(grad_x loss), the gradient taken once for all epsilons.

    Goodfellow, Shlens and Szegedy 2015, eq. 1; alignment document, "Application to adversarial robustness". Without
    bounds the first weight layer sees z + epsilon * (its response to the sign alone), so only what follows it is
    run again per epsilon.

    Args:
        network: Classifier whose layers run in order.
        batches: Pairs (inputs, labels).
        epsilons: Strengths, in the units of the inputs.
        bounds: Least and greatest value of an input, to which attacked inputs are clamped; None leaves them alone, as
            the document's code does.

    Raises:
        ValueError: A negative or no epsilon, or no batches.
    """
    if not len(epsilons) or min(epsilons) < 0:
        raise ValueError(f"epsilons: wanted one or more values >= 0, found {list(epsilons)}")
    head, tail = _split(network)
    hits, samples = torch.zeros(len(epsilons), dtype=torch.int64), 0
    for x, y in batches:
        sign = input_gradient(network, x, y).sign()
        with torch.no_grad():
            start = head(x)
            step = head(sign) - head(torch.zeros_like(x[:1]))
            for i, epsilon in enumerate(epsilons):
                z = start + epsilon * step if bounds is None else head((x + epsilon * sign).clamp(*bounds))
                hits[i] += int((tail(z).argmax(-1) == y).sum())
        samples += len(y)
    if not samples:
        raise ValueError("batches: wanted at least one sample, found none")
    return Attack(hits.double() / samples, hits, samples)


def input_gradient(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Gradient of the cross-entropy of each sample with respect to that sample, in the shape of x."""
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(F.cross_entropy(network(x), y, reduction="sum"), x)
    return gradient


def _split(network: nn.Sequential) -> tuple[nn.Sequential, nn.Sequential]:
    """The layers up to the first one with weights, which are affine, and the rest."""
    layers = list(network)
    affine = 0
    while affine < len(layers) and isinstance(layers[affine], nn.Flatten):
        affine += 1
    if affine < len(layers) and isinstance(layers[affine], nn.Linear | nn.Conv2d):
        affine += 1
    return nn.Sequential(*layers[:affine]), nn.Sequential(*layers[affine:])
