"""Fast gradient sign attack over a grid of strengths, from one gradient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from netspectra.lenses.scoring import Labelled, checked, hits, labelled
from netspectra.networks.flow import Inputs, call, first_tensor, logits, with_first_tensor
from netspectra.networks.layouts import CONVOLUTIONS
from netspectra.networks.looking import differentiable, looking
from netspectra.networks.places import chain, plain

Bound = torch.Tensor | float
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Attack:
    """Accuracy in [0, 1] and number of right answers per epsilon, (epsilons,), and the number of samples."""

    accuracy: torch.Tensor
    hits: torch.Tensor
    samples: int


def fgsm(
    network: nn.Module,
    batches: Labelled,
    epsilons: Sequence[float],
    *,
    bounds: tuple[Bound, Bound] | None = None,
) -> Attack:
    """Accuracy under x + epsilon * sign(grad_x loss), the gradient taken once for all epsilons.

    Goodfellow, Shlens and Szegedy 2015, eq. 1; alignment document, "Application to adversarial robustness". The network
    is attacked and scored in evaluation mode. Without bounds, a first layer that is linear sees z + epsilon * (its
    response to the sign alone), so only what follows it is run again per epsilon.

    Args:
        network: Any classifier of inputs that are real numbers; of several inputs the first is attacked.
        batches: Pairs (inputs, labels).
        epsilons: Strengths, in the units of the inputs.
        bounds: Least and greatest value of an input, to which attacked inputs are clamped: numbers, or tensors that
            broadcast with a sample, such as (C, 1, 1). None leaves them alone, as the document's code does.

    Raises:
        ValueError: A negative or no epsilon, bounds that do not fit, no batches, labels that do not fit, or inputs
            that are whole numbers, such as tokens.
    """
    return _sweep(network, batches, epsilons, bounds, lambda x, y: input_gradient(network, x, y).sign())


def sign_noise(network: nn.Module, batches: Labelled, epsilons: Sequence[float], generator: torch.Generator) -> Attack:
    """Accuracy under x + epsilon * random signs: the amplitude of `fgsm` without its direction, as a control of it.

    Args:
        network: As in `fgsm`.
        batches: Pairs (inputs, labels).
        epsilons: Strengths, in the units of the inputs.
        generator: Source of the signs, on the CPU; one draw for all epsilons.

    Raises:
        ValueError: As `fgsm`.
    """

    def signs(x: Inputs, y: torch.Tensor) -> torch.Tensor:
        pixels = first_tensor(x)
        return torch.randint(0, 2, pixels.shape, generator=generator).to(pixels).mul_(2).sub_(1)

    return _sweep(network, batches, epsilons, None, signs)


def _sweep(
    network: nn.Module,
    batches: Labelled,
    epsilons: Sequence[float],
    bounds: tuple[Bound, Bound] | None,
    sign_of: Callable[[Inputs, torch.Tensor], torch.Tensor],
) -> Attack:
    """Accuracy for every strength of a step that `sign_of` gives once for all of them."""
    if not len(epsilons) or not all(epsilon >= 0 for epsilon in epsilons):
        raise ValueError(f"epsilons: wanted one or more values >= 0, found {list(epsilons)}")
    head, tail = _split(network)
    right, samples = torch.zeros(len(epsilons), dtype=torch.int64), 0
    with looking(network):
        for x, y in labelled(batches):
            sign = sign_of(x, y)
            with torch.no_grad():
                if bounds is None and len(head) and isinstance(x, torch.Tensor):
                    start = head(x)
                    step = head(sign) - head(torch.zeros_like(x[:1]))
                    outputs = (tail(start + epsilon * step) for epsilon in epsilons)
                else:
                    outputs = (call(network, _attacked(x, epsilon * sign, bounds)) for epsilon in epsilons)
                right += torch.stack([hits(logits(found), y, first=False) for found in outputs]).cpu()
            samples += y.numel()
    return Attack(right.double() / samples, right, samples)


def cross_entropy(scores: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Summed cross-entropy of logits (samples, ..., classes) with labels (samples, ...)."""
    return F.cross_entropy(checked(scores, y).flatten(0, -2), y.flatten(), reduction="sum")


def input_gradient(network: nn.Module, x: Inputs, y: torch.Tensor, loss: Loss = cross_entropy) -> torch.Tensor:
    """Gradient of the loss of each sample with respect to that sample, in the shape of x.

    The network runs in the mode it is in. Of several inputs, the first is meant.

    Args:
        network: Any module.
        x: Inputs.
        y: Labels.
        loss: Of logits and labels, summed over samples.

    Raises:
        ValueError: Inputs that are whole numbers, labels that do not fit, or outputs that do not depend on x smoothly.
    """
    pixels = first_tensor(x)
    if pixels is None or not pixels.is_floating_point():
        found = "no tensor" if pixels is None else f"{pixels.dtype}"
        raise ValueError(f"inputs: wanted real numbers, which have a gradient, found {found}; tokens have none")
    pixels = pixels.detach().clone().requires_grad_()
    with torch.enable_grad(), differentiable(network):
        scores = logits(call(network, with_first_tensor(x, pixels.clone())))
        if not scores.requires_grad:
            raise ValueError("network: wanted outputs with a gradient by the inputs, found none")
        (gradient,) = torch.autograd.grad(loss(scores, y), pixels)
    return gradient


def _attacked(x: Inputs, step: torch.Tensor, bounds: tuple[Bound, Bound] | None) -> Inputs:
    moved = first_tensor(x) + step
    if bounds is not None:
        low, high = (_bound(name, bound, moved) for name, bound in zip(("least", "greatest"), bounds, strict=True))
        moved = moved.clamp(low, high)
    return with_first_tensor(x, moved)


def _bound(name: str, bound: Bound, x: torch.Tensor) -> torch.Tensor:
    """A bound as a tensor that broadcasts with every sample on its own."""
    bound = torch.as_tensor(bound).to(x)
    sample = (1,) * (x.ndim - 1 - bound.ndim) + tuple(bound.shape)
    fits = len(sample) == x.ndim - 1 and all(b in (1, n) for b, n in zip(sample, x.shape[1:], strict=True))
    if not fits or (bound.ndim == 1 < x.ndim - 1 and bound.numel() > 1):
        wanted = f"a number or a tensor that broadcasts with a sample {tuple(x.shape[1:])}, such as (C, 1, 1)"
        raise ValueError(f"bounds: wanted as the {name} value {wanted}, found shape {tuple(bound.shape)}")
    return bound


def _split(network: nn.Module) -> tuple[nn.Sequential, nn.Sequential]:
    """The stages up to the first one with weights if these are affine, and the rest; else none, and all."""
    stages = [stage for _, stage in chain(network)]
    first = next((i for i, stage in enumerate(stages) if not isinstance(stage, nn.Flatten)), 0)
    head, after = stages[: first + 1], stages[first + 1 :]
    flat = all(plain(stage, nn.Flatten) and stage.start_dim >= 1 for stage in head[:-1])
    zeros = getattr(head[-1], "padding_mode", "zeros") == "zeros"
    if flat and zeros and plain(head[-1], nn.Linear, *CONVOLUTIONS):
        return nn.Sequential(*head), nn.Sequential(*after)
    return nn.Sequential(), nn.Sequential(*stages)
