"""Gaussian weights with the covariance of trained ones (rainbow document)."""

import math

import torch

from netspectra.measures import checks


def sample_weights(
    weight: torch.Tensor, generator: torch.Generator | None = None, *, nodes: int | None = None
) -> torch.Tensor:
    """Weights of independent Gaussian nodes with the covariance of the given ones.

    W~ = G diag(s) V' / sqrt(n), for W = U diag(s) V' and a standard normal G (rainbow document): each row has
    covariance W'W / n. The document's code lacks the 1 / sqrt(n), which leaves the labels of a network without biases
    as they are, but not its logits.

    Args:
        weight: W, (n, ...). Rows of several aligned networks one below the other give their average covariance.
        generator: Source of the draw, on the CPU.
        nodes: Rows to draw; as many as `weight` has when None.

    Returns:
        (nodes, ...), in the dtype and on the device of `weight`.

    Raises:
        ValueError: Fewer than two dimensions, NaN or infinity, or nodes < 1.
    """
    checks.finite("weight", weight)
    nodes = len(weight) if nodes is None else nodes
    if weight.ndim < 2 or nodes < 1:
        raise ValueError(
            f"weight, nodes: wanted (nodes, ...) and at least one node, found {tuple(weight.shape)}, {nodes}"
        )
    return draw_rows(weight.detach().flatten(1), nodes, generator).to(weight.dtype).reshape(nodes, *weight.shape[1:])


def draw_rows(
    rows: torch.Tensor, nodes: int, generator: torch.Generator | None, isotropic: bool = False
) -> torch.Tensor:
    """Gaussian rows with the second moment of the given ones, or with its mean times the identity.

    G W / sqrt(n) has the law of G diag(s) V' / sqrt(n) for W = U diag(s) V', since G U is as normal as G.
    """
    count, d = rows.shape
    white = torch.randn(nodes, d if isotropic else count, dtype=torch.float64, generator=generator).to(rows.device)
    return white * rows.square().mean().sqrt() if isotropic else white @ rows.double() / math.sqrt(count)
