"""The value that the CCA tutorial prints as PWCCA, which is not the paper's: what google/svcca computes."""

import numpy as np
import torch

from netspectra.measures.scatter import Centred


def projections(
    first: Centred, second: Centred, cross: torch.Tensor, epsilon: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Correlations (k,) and projections (k, neurons kept) of the raw neurons of `first` on the tutorial's directions.

    The directions are the left singular vectors applied to centred activations without the whitening, with the means
    of the first neurons added back, made orthonormal in order. All of it follows from the scatter, without a
    decomposition of vectors as long as the samples.

    Args:
        first: Layer that gives the weights.
        second: The other layer.
        cross: Product of their centred activations.
        epsilon: Neurons with a variance below this share of the largest entry are dropped, and this much is added to
            the diagonal.
    """
    (kept, x_root), (y_kept, y_root) = _inverse_root(first.scatter, epsilon), _inverse_root(second.scatter, epsilon)
    u, rho = _numpy_svd(x_root @ cross[kept][:, y_kept] @ y_root)
    rho = rho.clamp(0, 1)
    mean, scatter = first.mean[kept], first.scatter[kept][:, kept]
    offset, along = mean[: u.shape[1]], u.T @ scatter
    added = first.samples * offset[:, None]
    factor, failed = torch.linalg.cholesky_ex(along @ u + added * offset)
    if not failed:
        return rho, torch.linalg.solve_triangular(factor, along + added * mean, upper=False)
    # Directions too close to dependent for their Gram matrix: decompose the directions themselves.
    raw = first.x.double()[:, kept]
    found = torch.linalg.qr((raw - mean) @ u + offset).Q.T @ raw
    return rho[: len(found)], found


def _numpy_svd(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Left vectors and values by numpy's routine: adding the means makes the tutorial's value depend on their signs."""
    u, values, _ = np.linalg.svd(matrix.cpu().numpy())
    return torch.from_numpy(u[:, : len(values)]).to(matrix), torch.from_numpy(values).to(matrix)


def kept_neurons(scatter: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Which neurons (neurons,) the tutorial's code keeps, by the scatter of the centred activations.

    Args:
        scatter: (neurons, neurons).
        epsilon: Neurons with a variance below this share of the largest entry are dropped.
    """
    return scatter.diagonal() >= epsilon * scatter.abs().max()


def _inverse_root(scatter: torch.Tensor, epsilon: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Neurons the tutorial's code keeps, and the symmetric inverse square root of their regularised scatter."""
    largest = scatter.abs().max()
    kept = kept_neurons(scatter, epsilon)
    scaled = scatter[kept][:, kept] / largest + epsilon * torch.eye(int(kept.sum())).to(scatter)
    values, vectors = torch.linalg.eigh(scaled)
    floor = len(values) * torch.finfo(values.dtype).eps * values[-1]
    root = torch.where(values > floor, values.clamp(min=floor).rsqrt(), 0.0)
    return kept, (vectors * root) @ vectors.T / largest.sqrt()
