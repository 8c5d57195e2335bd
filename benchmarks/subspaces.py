"""Active subspaces: gradients and eigendecompositions against the peers' arithmetic.

    PYTHONPATH=src python benchmarks/subspaces.py [rows columns]

Gradients are of the document's network, 1-35-35-35-35-35-1. The decomposition is of its whole gradient matrix, in one
round of minutes, since the ratio grows with the size; a half either way, 5000 2573, takes seconds.
"""

import math
import sys
from collections.abc import Callable, Iterator
from itertools import chain, pairwise

from _turns import Case, run  # isort: skip (sets the threads)
import numpy as np
import torch
from torch import nn

from netspectra.lenses import gradients as gradient_lens
from netspectra.lenses.gradients import blocks, flat_parameters
from netspectra.measures import subspaces
from netspectra.measures.subspace_accuracy import largest_angle

WIDTHS, SAMPLES, THETAS, POINTS = (1, 35, 35, 35, 35, 35, 1), 1000, 500, 100
ROWS, COLUMNS, DECOMPOSITIONS = 10000, 5146, 1


def network() -> nn.Sequential:
    """The document's network, with tanh."""
    layers = [part for d, nodes in pairwise(WIDTHS) for part in (nn.Linear(d, nodes), nn.Tanh())]
    return nn.Sequential(*layers[:-1]).double().requires_grad_(False)


def grid(points: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The sine that it is to learn."""
    x = torch.linspace(-2 * math.pi, 2 * math.pi, points, dtype=torch.float64)[:, None]
    return x, x.sin()


def by_name(net: nn.Sequential, theta: torch.Tensor) -> dict[str, torch.Tensor]:
    return {name: theta[place].view(net.get_parameter(name).shape) for name, place in blocks(net).items()}


def flat(found: dict[str, torch.Tensor], start: int) -> torch.Tensor:
    return torch.cat([g.flatten(start) for g in found.values()], start)


def per_sample_vmap(net: nn.Sequential, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """torch.func's recipe for gradients of single samples."""

    def loss(parameters: dict, point: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (torch.func.functional_call(net, parameters, (point[None],)) - target).square().mean()

    parameters = by_name(net, flat_parameters(net))
    return flat(torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(parameters, x, y), 1)


def per_sample_loop(net: nn.Sequential, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """One forward and one backward pass of autograd for every sample."""
    theta = flat_parameters(net)[None]
    return torch.cat([per_theta_loop(net, theta, *pair) for pair in zip(x.split(1), y.split(1), strict=True)])


def per_theta_loop(net: nn.Sequential, thetas: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """One forward and one backward pass of autograd for every theta."""
    rows = []
    for theta in thetas:
        parameters = {name: p.detach().requires_grad_() for name, p in by_name(net, theta).items()}
        loss = (torch.func.functional_call(net, parameters, (x,)) - y).square().mean()
        found = torch.autograd.grad(loss, list(parameters.values()))
        rows.append(flat(dict(zip(parameters, found, strict=True)), 0))
    return torch.stack(rows)


def snapshot_svd(g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ATHENA's exact method: the SVD of the gradient matrix; eigenvalues and eigenvectors."""
    left, singular, _ = np.linalg.svd(g.T, full_matrices=False)
    return singular**2 / len(g), left


def gradient_cases(net: nn.Sequential) -> Iterator[Case]:
    x, y = grid(SAMPLES)
    few, targets = grid(POINTS)
    thetas = torch.randn(THETAS, len(flat_parameters(net)), dtype=torch.float64)
    single: dict[str, Callable] = {"autograd loop": per_sample_loop, "vmap(grad)": per_sample_vmap}
    for name, peer in single.items():
        yield Case(
            f"gradients of {SAMPLES} samples, {name}",
            lambda p=peer: p(net, x, y),
            lambda: gradient_lens.sample_gradients(net, x, y),
            15.0,
            1e-12,
            floor=lambda: torch.empty(SAMPLES, thetas.shape[1], dtype=torch.float64).fill_(1),  # writing the result
        )
    yield Case(
        f"gradients at {THETAS} theta, autograd loop",
        lambda: per_theta_loop(net, thetas, few, targets),
        lambda: gradient_lens.gradients(net, thetas, few, targets),
        2.2,
        1e-12,
    )


def spectrum_cases(net: nn.Sequential, rows: int, columns: int) -> Iterator[Case]:
    g = torch.cat(
        list(gradient_lens.prior_gradients(net, *grid(POINTS), rows, generator=torch.Generator().manual_seed(0)))
    )
    g = g[:, :: g.shape[1] // columns][:, :columns].contiguous()
    values, vectors = snapshot_svd(g.numpy())
    # A digit is lost where eigenvalues are close; what C is rebuilt from must still be the same.
    mine = subspaces.active_subspace(g).vectors[:, :35]
    angle = largest_angle(mine, torch.from_numpy(vectors[:, :35]).contiguous())
    assert angle < 1e-8, f"leading 35 eigenvectors differ by {angle:.2g} radians"

    def logs(found: torch.Tensor) -> np.ndarray:  # so that every eigenvalue counts, not the largest alone
        return np.log(np.asarray(found) / values[0])

    yield Case(
        f"eigenvalues of {rows} x {columns}, numpy SVD",
        lambda: logs(snapshot_svd(g.numpy())[0]),
        lambda: logs(subspaces.active_eigenvalues(g)),
        7.0,
        1e-10,
        rounds=DECOMPOSITIONS,
    )
    yield Case(
        "with eigenvectors",
        lambda: logs(snapshot_svd(g.numpy())[0]),
        lambda: logs(subspaces.active_subspace(g).values),
        2.0,
        1e-10,
        rounds=DECOMPOSITIONS,
    )


def main(rows: int = ROWS, columns: int = COLUMNS) -> int:
    torch.manual_seed(0)
    net = network()
    cases = chain(gradient_cases(net), spectrum_cases(net, rows, columns))
    return run("Active subspaces, peers: torch.func, autograd, the SVD of ATHENA", cases)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
