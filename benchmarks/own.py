"""`netspectra.lens` against what people use for single lenses today: how many times faster, and how far apart.

    PYTHONPATH=src python benchmarks/own.py

The peers' arithmetic is written out: that of pytorch-cka (unbiased HSIC from Gram matrices, pair after pair of layers;
on one batch, where its sum over batches has one term and the two agree), of google/svcca (`_google_svcca.py`), and the
structure of foolbox (a gradient for every epsilon).
"""

import sys
from collections.abc import Iterator
from itertools import combinations, pairwise

from _turns import Case, run  # isort: skip (sets the threads)
import _google_svcca as peers
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import netspectra

SAMPLES, D, WIDTHS, CLASSES = 2000, 64, (256, 256, 128, 128), 10
EPSILONS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)


def network() -> nn.Sequential:
    """A perceptron whose hidden layers have these widths."""
    torch.manual_seed(0)
    sizes = (D, *WIDTHS, CLASSES)
    layers = [m for a, b in pairwise(sizes) for m in (nn.Linear(a, b), nn.Tanh())]
    return nn.Sequential(*layers[:-1])


def activations(net: nn.Sequential, x: torch.Tensor) -> list[torch.Tensor]:
    """What leaves every linear layer."""
    with torch.no_grad():
        return [net[: i + 1](x) for i in range(0, len(net), 2)]


def hsic(k: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Unbiased HSIC of Gram matrices without their diagonals, as pytorch-cka has it."""
    n = len(k)
    ones = torch.ones(n, 1)
    found = torch.trace(k @ other)
    found = found + (ones.T @ k @ ones @ ones.T @ other @ ones / ((n - 1) * (n - 2))).item()
    return (found - (ones.T @ k @ other @ ones * 2 / (n - 2)).item()) / (n * (n - 3))


def their_cka(net: nn.Sequential, x: torch.Tensor) -> np.ndarray:
    """Every pair from the Gram matrices of both, made anew for every pair."""
    layers, found = activations(net, x), []
    for a, b in combinations(layers, 2):
        k, other = a @ a.T, b @ b.T
        k.fill_diagonal_(0.0)
        other.fill_diagonal_(0.0)
        found.append(float(hsic(k, other) / (hsic(k, k) * hsic(other, other)).sqrt()))
    return np.array(found)


def their_cca(net: nn.Sequential, x: torch.Tensor) -> np.ndarray:
    """Mean correlation of every pair, each from the start."""
    layers = [np.ascontiguousarray(a.double().numpy().T) for a in activations(net, x)]
    return np.array([peers.cca(a, b, 1e-10).correlations.mean() for a, b in combinations(layers, 2)])


def ours(net: nn.Sequential, x: torch.Tensor, quantity: str) -> np.ndarray:
    """All measures of every pair from one pass, of which one is compared."""
    table = netspectra.lens(net, [x], lenses="similarity", null=0).table
    return table[table.quantity == quantity].value.to_numpy()


def their_attack(net: nn.Sequential, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """One attack per epsilon."""
    found = []
    for epsilon in EPSILONS:
        moved = x.clone().requires_grad_()
        F.cross_entropy(net(moved), y, reduction="sum").backward()
        with torch.no_grad():
            found.append(float((net(x + epsilon * moved.grad.sign()).argmax(1) == y).double().mean()))
    return np.array(found)


def our_attack(net: nn.Sequential, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """One gradient for all of them; the critical epsilon of every input comes with it."""
    table = netspectra.wrap(net).attack([(x, y)], epsilons=EPSILONS, samples=None)
    return table[table.quantity == "attacked_accuracy"].value.to_numpy()


def cases() -> Iterator[Case]:
    """All comparisons."""
    net = network()
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(SAMPLES, D, generator=generator)
    with torch.no_grad():
        y = net(x + 0.1 * torch.randn(SAMPLES, D, generator=generator)).argmax(1)
    pairs = f"{len(WIDTHS) + 1} layers, {SAMPLES} inputs"
    yield Case(
        f"debiased CKA, all pairs of {pairs}",
        lambda: their_cka(net, x),
        lambda: ours(net, x, "cka_debiased"),
        1.0,
        1e-3,
        3,
    )
    yield Case(f"mean CCA, all pairs of {pairs}", lambda: their_cca(net, x), lambda: ours(net, x, "cca"), 1.0, 1e-4, 3)
    yield Case(
        f"attack at {len(EPSILONS)} epsilons",
        lambda: their_attack(net, x, y),
        lambda: our_attack(net, x, y),
        None,
        1e-9,
        3,
    )


if __name__ == "__main__":
    sys.exit(run("lens, peers: pytorch-cka, google/svcca, foolbox's structure", cases()))
