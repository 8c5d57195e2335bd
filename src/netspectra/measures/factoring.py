"""Singular value decompositions that end, also where many singular values are equal."""

import scipy.linalg
import torch


def svd(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Thin U, s and V' of a finite real matrix.

    Torch divides and conquers, which may not converge where singular values repeat, as the canonical correlations of
    layers with as many directions as samples do: all are one. QR iteration then does.
    """
    try:
        return torch.linalg.svd(matrix, full_matrices=False)
    except torch.linalg.LinAlgError:
        parts = scipy.linalg.svd(matrix.cpu().numpy(), full_matrices=False, lapack_driver="gesvd")
        u, s, vh = (torch.from_numpy(part).to(matrix) for part in parts)
        return u, s, vh


def singular_values(matrix: torch.Tensor) -> torch.Tensor:
    """Singular values of a finite real matrix, descending."""
    try:
        return torch.linalg.svdvals(matrix)
    except torch.linalg.LinAlgError:
        return svd(matrix)[1]
