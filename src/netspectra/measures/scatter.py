"""Means and scatter matrices of whole layers in float64, a block of samples at a time and without a copy of any layer.

`Moments` streams batches that are not there yet; each of them, and every layer that is at hand, is read twice here, so
that the mean is known before anything is squared.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from netspectra.measures import checks

# A spread this many times the round-off of the largest value is no spread at all.
CONSTANT_ULPS = 16
# Numbers in a block of centred samples: small enough to stay in the cache and to need no fresh memory.
BLOCK = 1 << 19


@dataclass(frozen=True, eq=False)
class Centred:
    """A layer with its first two moments.

    Attributes:
        x: Activations as given, (samples, neurons); never copied.
        mean: Mean of every neuron, (neurons,), float64.
        scatter: centred' centred, (neurons, neurons), float64.
    """

    x: torch.Tensor
    mean: torch.Tensor
    scatter: torch.Tensor

    @property
    def samples(self) -> int:
        """Number of samples."""
        return self.x.shape[0]

    @property
    def neurons(self) -> int:
        """Number of neurons, dead ones included."""
        return self.x.shape[1]


Layer = torch.Tensor | Centred


def centre(name: str, x: Layer) -> Centred:
    """Mean and scatter of a layer, unless it carries them already.

    Raises:
        ValueError: Not a finite floating matrix of two samples or more, or every neuron constant.
    """
    if isinstance(x, Centred):
        return x
    x, mean = mean_of(name, x, rows=2)
    return _varying(name, Centred(x, mean, _sum_of_grams(blocks(x, mean), mean)))


def centre_pair(x: Layer, y: Layer, dtype: torch.dtype = torch.float64) -> tuple[Centred, Centred, torch.Tensor]:
    """Both layers with their moments, and the product of their centred activations, (neurons of x, neurons of y).

    Blocks of samples are multiplied in `dtype` and added up in float64, unless a layer carries its moments already.

    Raises:
        ValueError: As `centre`, or different numbers of samples.
    """
    if isinstance(x, Centred) or isinstance(y, Centred):
        first, second = centre("x", x), centre("y", y)
        checks.same_samples("x", first.x, "y", second.x)
        return first, second, cross_scatter(first, second)
    (x, x_mean), (y, y_mean) = mean_of("x", x, rows=2), mean_of("y", y, rows=2)
    checks.same_samples("x", x, "y", y)
    # Side by side, one symmetric product gives all three, and costs no more than they would.
    joint = _sum_of_grams(_side_by_side(x, x_mean, y, y_mean, dtype), torch.cat([x_mean, y_mean]))
    d = x.shape[1]
    first, second = Centred(x, x_mean, joint[:d, :d]), Centred(y, y_mean, joint[d:, d:])
    return _varying("x", first), _varying("y", second), joint[:d, d:]


def cross_scatter(x: Centred, y: Centred) -> torch.Tensor:
    """Product of the centred activations of two layers, (neurons of x, neurons of y), float64."""
    rows = min(_rows(x.neurons), _rows(y.neurons))
    total = x.mean.new_zeros(x.neurons, y.neurons)
    for a, b in zip(blocks(x.x, x.mean, rows), blocks(y.x, y.mean, rows), strict=True):
        total.addmm_(a.T, b)
    return total


def square_norms(x: Centred) -> torch.Tensor:
    """Squared norms of the centred samples, (samples,), float64."""
    return torch.cat([block.square().sum(1) for block in blocks(x.x, x.mean)])


def project(x: Centred, basis: torch.Tensor) -> torch.Tensor:
    """Centred samples times `basis` (neurons, k), in the precision of the basis: (samples, k)."""
    scores = basis.new_empty(x.samples, basis.shape[1])
    rows = _rows(x.neurons)
    for block, part in zip(blocks(x.x, x.mean, rows, basis.dtype), scores.split(rows), strict=True):
        torch.mm(block, basis, out=part)
    return scores


def blocks(
    x: torch.Tensor, mean: torch.Tensor, rows: int | None = None, dtype: torch.dtype = torch.float64
) -> Iterator[torch.Tensor]:
    """Centred samples, some rows at a time; every block overwrites the last."""
    rows = rows or _rows(x.shape[1])
    buffer = torch.empty(min(rows, len(x)), x.shape[1], dtype=dtype, device=x.device)
    for part in x.split(rows):
        yield _subtract(part, mean, buffer[: len(part)])


def gram(block: torch.Tensor) -> torch.Tensor:
    """Block' block."""
    return symmetric(add_gram(block.new_zeros(block.shape[1], block.shape[1]), block))


def add_gram(lower: torch.Tensor, block: torch.Tensor) -> torch.Tensor:
    """Add block' block to `lower`, of which the triangle below and with the diagonal counts; see `symmetric`.

    Torch has no product that computes half of a symmetric matrix, so on a CPU the BLAS of scipy does.
    """
    if lower.device.type != "cpu":
        return lower.add_(block.T @ block)
    from scipy.linalg.blas import dsyrk, ssyrk  # a quarter of a second, which jobs without products need not pay

    array = block.numpy()
    a, trans = (array, 1) if array.flags.f_contiguous else (array.T, 0)
    if block.dtype == torch.float32:
        return lower.add_(torch.from_numpy(ssyrk(1.0, a, trans=trans).T))
    dsyrk(1.0, a, beta=1.0, c=lower.numpy().T, overwrite_c=True, trans=trans)
    return lower


def symmetric(lower: torch.Tensor) -> torch.Tensor:
    """The whole of a symmetric matrix of which the lower triangle is known."""
    return lower.tril().add_(lower.tril(-1).T)


def _sum_of_grams(parts: Iterator[torch.Tensor], like: torch.Tensor) -> torch.Tensor:
    lower = like.new_zeros(len(like), len(like))
    for block in parts:
        add_gram(lower, block)
    return symmetric(lower)


def _side_by_side(
    x: torch.Tensor, x_mean: torch.Tensor, y: torch.Tensor, y_mean: torch.Tensor, dtype: torch.dtype
) -> Iterator[torch.Tensor]:
    d, width = x.shape[1], x.shape[1] + y.shape[1]
    rows = _rows(width)
    buffer = x_mean.new_empty(min(rows, len(x)), width, dtype=dtype)
    for a, b in zip(x.split(rows), y.split(rows), strict=True):
        block = buffer[: len(a)]
        _subtract(a, x_mean, block[:, :d])
        _subtract(b, y_mean, block[:, d:])
        yield block


def _subtract(x: torch.Tensor, mean: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """With several threads by numpy, which leaves torch's asleep: awake, they compete with those of the products."""
    alone = out.device.type != "cpu" or torch.get_num_threads() == 1
    if alone or x.dtype not in (torch.float32, torch.float64):
        return torch.sub(x, mean, out=out)
    np.subtract(x.numpy(), mean.numpy(), out=out.numpy(), casting="same_kind")
    return out


def _rows(neurons: int) -> int:
    return max(neurons, BLOCK // neurons)  # below as many rows as columns, reading and writing the sum is the cost


def mean_of(
    name: str, x: torch.Tensor, *, rows: int = 1, columns: int | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """The activations without their graph, checked as by `checks.matrix`, and their mean in float64."""
    x = checks.matrix(name, x, rows=rows, columns=columns, read=False).detach()
    mean = sum(part.sum(0, dtype=torch.float64) for part in x.split(_rows(x.shape[1]))) / len(x)
    if not torch.isfinite(mean).all():  # which NaN and infinity reach
        checks.finite(name, x)
    return x, mean


def _varying(name: str, layer: Centred) -> Centred:
    spread = float((layer.scatter.diagonal().max() / layer.samples).sqrt())
    if spread <= CONSTANT_ULPS * torch.finfo(torch.float64).eps * float(layer.mean.abs().max()):
        raise ValueError(
            f"{name}: wanted activations that vary over samples, found all {layer.neurons} neurons constant; "
            "a dead or constant layer has no correlations, leave it out"
        )
    return layer
