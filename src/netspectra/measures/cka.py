"""Centred kernel alignment with linear kernels (Kornblith et al. 2019), plain and debiased."""

import torch

from netspectra.measures.scatter import Activations, centre_pair, square_norms


def cka(x: Activations, y: Activations, *, debiased: bool = False) -> float:
    """Linear CKA of two layers: |Y'X|^2 / (|X'X| |Y'Y|) of centred activations, Frobenius norms.

    Debiased, each product of Gram matrices is replaced by the unbiased HSIC of Song et al. (2012), which leaves the
    diagonals out: independent layers then give zero on average whatever the number of neurons. Neither form ever
    needs a samples x samples matrix. Rows that share an input leave a bias that debiasing does not see.

    Args:
        x: Activations, (samples, neurons of x), or their whitening, whose covariance is then reused.
        y: Activations of the same samples, (samples, neurons of y), or their whitening.
        debiased: Use the unbiased estimator; needs four samples or more.

    Raises:
        ValueError: Bad activations, different numbers of samples, fewer than four when debiased, or a self-similarity
            that is not positive.
    """
    first, second, product = centre_pair(x, y)
    sizes = first.scatter.trace(), second.scatter.trace()
    cross = _square(product) / (sizes[0] * sizes[1])
    own = _square(first.scatter) / sizes[0] ** 2, _square(second.scatter) / sizes[1] ** 2
    if debiased:
        if first.samples < 4:
            raise ValueError(f"x: wanted at least 4 samples for debiased CKA, found {first.samples}")
        a, b = square_norms(first) / sizes[0], square_norms(second) / sizes[1]
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
