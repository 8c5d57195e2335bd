"""Centred kernel alignment with linear kernels (Kornblith et al. 2019), plain and debiased."""

import torch

from netspectra.measures import checks
from netspectra.measures.whitening import Whitened, centred_scatter, cross_scatter, square_norms


def cka(x: torch.Tensor | Whitened, y: torch.Tensor | Whitened, *, debiased: bool = False) -> float:
    """Linear CKA of two layers: |Y'X|^2 / (|X'X| |Y'Y|) of centred activations, Frobenius norms.

    Debiased, each product of Gram matrices is replaced by the unbiased HSIC of Song et al. (2012), which leaves the
    diagonals out: independent layers then give zero on average whatever the number of neurons. Neither form ever
    needs a samples x samples matrix.

    Args:
        x: Activations, (samples, neurons of x), or their whitening, whose covariance is then reused.
        y: Activations of the same samples, (samples, neurons of y), or their whitening.
        debiased: Use the unbiased estimator; needs four samples or more.

    Raises:
        ValueError: Bad activations, different numbers of samples, fewer than four when debiased, or a self-similarity
            that is not positive.
    """
    (x, x_mean, x_scatter), (y, y_mean, y_scatter) = centred_scatter("x", x), centred_scatter("y", y)
    checks.same_samples("x", x, "y", y)
    x_size, y_size = x_scatter.trace(), y_scatter.trace()
    cross = _square(cross_scatter(x, x_mean, y, y_mean)) / (x_size * y_size)
    own = _square(x_scatter) / x_size**2, _square(y_scatter) / y_size**2
    if debiased:
        if len(x) < 4:
            raise ValueError(f"x: wanted at least 4 samples for debiased CKA, found {len(x)}")
        a, b = square_norms(x, x_mean) / x_size, square_norms(y, y_mean) / y_size
        cross, own = _unbiased(cross, a, b), (_unbiased(own[0], a, a), _unbiased(own[1], b, b))
    if min(own) <= 0:
        raise ValueError(f"x, y: wanted positive self-similarities, found {own[0]:.3g} and {own[1]:.3g}; add samples")
    return float(cross / (own[0] * own[1]).sqrt())


def _square(matrix: torch.Tensor) -> torch.Tensor:
    return matrix.square().sum()


def _unbiased(product: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """n(n - 3) HSIC_1 from features: sums over the Gram matrices without their diagonals (Song et al. 2012, eq. 5).

    `product` is the sum over all entries and a, b are the diagonals, of sum one. Centred features have zero sum, so
    row i of such a Gram matrix without its diagonal sums to -a_i.
    """
    n = len(a)
    return product - a @ b + 1 / ((n - 1) * (n - 2)) - 2 * (a @ b) / (n - 2)
