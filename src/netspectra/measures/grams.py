"""Products of a matrix with its own transpose, of which half need be computed."""

import torch


def gram(a: torch.Tensor) -> torch.Tensor:
    """A'a."""
    return symmetric(add_gram(a.new_zeros(a.shape[1], a.shape[1]), a))


def add_gram(lower: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
    """Add a'a to `lower`, of which the triangle below and with the diagonal counts; see `symmetric`.

    Torch has no product that computes half of a symmetric matrix, so on a CPU the BLAS of scipy does.
    """
    if lower.device.type != "cpu":
        return lower.add_(a.T @ a)
    from scipy.linalg.blas import dsyrk, ssyrk  # a quarter of a second, which jobs without products need not pay

    array = a.numpy()
    given, trans = (array, 1) if array.flags.f_contiguous else (array.T, 0)
    if a.dtype == torch.float32:
        return lower.add_(torch.from_numpy(ssyrk(1.0, given, trans=trans).T))
    dsyrk(1.0, given, beta=1.0, c=lower.numpy().T, overwrite_c=True, trans=trans)
    return lower


def symmetric(lower: torch.Tensor) -> torch.Tensor:
    """The whole of a symmetric matrix of which the lower triangle is known."""
    return lower.tril().add_(lower.tril(-1).T)
