"""Gaussian weights with the covariance of trained ones (rainbow document)."""

import math

import torch

from netspectra.measures import checks
from netspectra.measures.ranges import within_range


def sample_weights(
    weight: checks.Array, generator: torch.Generator | None = None, *, nodes: int | None = None
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
    weight = checks.finite("weight", weight)
    if weight.ndim < 2:
        raise ValueError(f"weight: wanted (nodes, ...), found shape {tuple(weight.shape)}")
    nodes = len(weight) if nodes is None else checks.count("nodes", nodes)
    return draw_rows(weight.flatten(1), nodes, generator).to(weight.dtype).reshape(nodes, *weight.shape[1:])


def draw_rows(
    rows: torch.Tensor, nodes: int, generator: torch.Generator | None, isotropic: bool = False
) -> torch.Tensor:
    """Gaussian rows with the second moment of the given ones, or with its mean times the identity.

    G W / sqrt(n) has the law of G diag(s) V' / sqrt(n) for W = U diag(s) V', since G U is as normal as G.
    """
    count, d = rows.shape
    within, size = within_range(rows)
    white = torch.randn(nodes, d if isotropic else count, dtype=torch.float64, generator=generator).to(rows.device)
    return white * (within.square().mean().sqrt() * size) if isotropic else white @ rows.double() / math.sqrt(count)


def draw_channels(rows: torch.Tensor, channels: int, nodes: int, generator: torch.Generator | None) -> torch.Tensor:
    """Nodes that keep the spatial filters of the given ones, with Gaussian weights along the channels.

    Every node is taken apart, W_n = sum_r a_nr v_nr' over channels and positions; the spatial filters v_nr stay, and
    the a_nr are drawn for every r with the second moment that they have over the nodes. This is the idea of learned
    scattering, where spatial filters are given and channels are learned (rainbow document, last section).

    Args:
        rows: (n, channels * positions).
        channels: Of the input.
        nodes: Rows to draw; beyond n the filters are used again from the first on.
        generator: Source of the draw, on the CPU.
    """
    u, s, filters = torch.linalg.svd(rows.double().unflatten(1, (channels, -1)), full_matrices=False)
    along = (u * s[:, None]).movedim(2, 0)  # (R, n, channels)
    drawn = torch.stack([draw_rows(a, nodes, generator) for a in along], 2)
    kept = filters[torch.arange(nodes, device=filters.device) % len(filters)]
    return (drawn @ kept).flatten(1)
