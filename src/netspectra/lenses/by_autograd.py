"""Gradients of any network by automatic differentiation, one after the other."""

import torch
from torch import nn
from torch.nn import functional as F

from netspectra.lenses.scoring import checked
from netspectra.measures import checks
from netspectra.networks.flow import Inputs, arguments, logits, map_tensors
from netspectra.networks.looking import differentiable, looking
from netspectra.networks.places import overwrites


def one_by_one(
    network: nn.Module,
    parameters: dict[str, torch.Tensor],
    x: Inputs,
    y: torch.Tensor,
    loss: str,
    out: torch.Tensor,
) -> torch.Tensor:
    """Gradients of single samples, which stand first in x, into the rows of `out` (samples, parameters).

    Raises:
        ValueError: Another number of targets, shapes that do not fit, NaN or infinity.
    """
    if len(y) != len(out):
        raise ValueError(f"y: wanted one entry per sample ({len(out)}, which stand first in x), found {len(y)}")
    with looking(network):
        for i, row in enumerate(out):
            one = map_tensors(lambda t, i=i: t[i : i + 1], x)
            row.copy_(gradient(network, parameters, one, y[i : i + 1], loss))
    return out


def gradient(
    network: nn.Module, parameters: dict[str, torch.Tensor], x: Inputs, y: torch.Tensor, loss: str
) -> torch.Tensor:
    """Gradient (parameters,) of the loss at the given parameters, in the order in which they come.

    The network runs in the mode it is in, and in its own dtype.

    Raises:
        ValueError: Shapes that do not fit, NaN or infinity.
    """
    like = {name: network.get_parameter(name) for name in parameters}
    leaves = {name: p.detach().to(like[name], copy=True).requires_grad_() for name, p in parameters.items()}
    args, kwargs = arguments(_ready(x, next(iter(like.values())).dtype, overwrites(network)))
    with torch.enable_grad(), differentiable(network):
        outputs = logits(torch.func.functional_call(network, leaves, args, kwargs))
        value = _loss(outputs, y, loss)
        parts = torch.autograd.grad(value, list(leaves.values()), allow_unused=True, materialize_grads=True)
    return torch.cat([part.flatten() for part in parts])


def _ready(x: Inputs, dtype: torch.dtype, copy: bool) -> Inputs:
    """Inputs in the network's dtype, and not the caller's own where layers write over theirs."""

    def one(t: torch.Tensor) -> torch.Tensor:
        return checks.finite("x", t).to(dtype, copy=copy) if t.is_floating_point() else t

    return map_tensors(one, x)


def _loss(outputs: torch.Tensor, y: torch.Tensor, loss: str) -> torch.Tensor:
    if loss == "cross_entropy":
        return F.cross_entropy(checked(outputs, y).flatten(0, -2), y.flatten())
    if outputs.shape != y.shape:
        raise ValueError(f"y: wanted shape {tuple(outputs.shape)} for mse, found {tuple(y.shape)}")
    return F.mse_loss(outputs, checks.finite("y", y).to(outputs.dtype))
