"""Means and scatter matrices of whole layers in float64, a chunk of samples at a time and without a copy of any layer.

`Moments` streams batches that are not there yet; each of them, and every layer that is at hand, is read twice here, so
that the mean is known before anything is squared.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch

from netspectra.measures import checks
from netspectra.measures.ranges import never_varies, over_largest, varies

# Numbers in a chunk of centred samples: small enough to stay in the cache and to need no fresh memory.
CHUNK = 1 << 19
# Largest variance, and inverse of the least, whose products keep their digits in the precision they are made in.
SAFE_VARIANCE = {torch.float64: 1e40, torch.float32: 1e16}


@dataclass(frozen=True, eq=False)
class Centred:
    """A layer with its first two moments.

    Attributes:
        x: Activations as given, (samples, neurons); never copied, unless their squares leave the range of float64.
        mean: Mean of every neuron, (neurons,), float64.
        scatter: centred' centred, (neurons, neurons), float64.
        size: What the activations were divided by, to be in range: 1 for all but very large or small ones.
    """

    x: torch.Tensor
    mean: torch.Tensor
    scatter: torch.Tensor
    size: float = field(default=1.0, kw_only=True)

    @property
    def samples(self) -> int:
        """Number of samples."""
        return self.x.shape[0]

    @property
    def neurons(self) -> int:
        """Number of neurons, dead ones included."""
        return self.x.shape[1]


Activations = checks.Array | Centred


def centre(name: str, x: Activations) -> Centred:
    """Mean and scatter of a layer, unless it carries them already.

    Raises:
        ValueError: Not a finite floating matrix of two samples or more, or every neuron constant.
    """
    if isinstance(x, Centred):
        return x
    layer = _centred(name, x)
    return _varying(name, layer if _in_range(layer) else _centred(name, *over_largest(layer.x)))


def centre_pair(
    x: Activations, y: Activations, dtype: torch.dtype = torch.float64
) -> tuple[Centred, Centred, torch.Tensor]:
    """Both layers with their moments, and the product of their centred activations, (neurons of x, neurons of y).

    Chunks of samples are multiplied in `dtype` and added up in float64, unless a layer carries its moments already.

    Raises:
        ValueError: As `centre`, or different numbers of samples.
    """
    if isinstance(x, Centred) or isinstance(y, Centred):
        first, second = centre("x", x), centre("y", y)
        checks.same_samples("x", first.x, "y", second.x)
        return first, second, cross_scatter(first, second)
    first, second, cross = _joint(x, 1.0, y, 1.0, dtype)
    if not (_in_range(first, dtype) and _in_range(second, dtype)):
        first, second, cross = _joint(*over_largest(first.x), *over_largest(second.x), dtype)
    return _varying("x", first), _varying("y", second), cross


def cross_scatter(x: Centred, y: Centred) -> torch.Tensor:
    """Product of the centred activations of two layers, (neurons of x, neurons of y), float64."""
    count = min(_chunk(x.neurons), _chunk(y.neurons))
    total = x.mean.new_zeros(x.neurons, y.neurons)
    for a, b in zip(chunks(x.x, x.mean, count), chunks(y.x, y.mean, count), strict=True):
        total.addmm_(a.T, b)
    return total


def square_norms(x: Centred) -> torch.Tensor:
    """Squared norms of the centred samples, (samples,), float64."""
    return torch.cat([chunk.square().sum(1) for chunk in chunks(x.x, x.mean)])


def project(x: Centred, basis: torch.Tensor) -> torch.Tensor:
    """Centred samples times `basis` (neurons, k), in the precision of the basis: (samples, k)."""
    scores = basis.new_empty(x.samples, basis.shape[1])
    count = _chunk(x.neurons)
    for chunk, part in zip(chunks(x.x, x.mean, count, basis.dtype), scores.split(count), strict=True):
        torch.mm(chunk, basis, out=part)
    return scores


def chunks(
    x: torch.Tensor, mean: torch.Tensor, count: int | None = None, dtype: torch.dtype = torch.float64
) -> Iterator[torch.Tensor]:
    """Centred samples, `count` at a time; every chunk overwrites the last."""
    count = count or _chunk(x.shape[1])
    buffer = torch.empty(min(count, len(x)), x.shape[1], dtype=dtype, device=x.device)
    for part in x.split(count):
        yield _subtract(part, mean, buffer[: len(part)])


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


def _sum_of_grams(parts: Iterator[torch.Tensor], like: torch.Tensor) -> torch.Tensor:
    lower = like.new_zeros(len(like), len(like))
    for part in parts:
        add_gram(lower, part)
    return symmetric(lower)


def _side_by_side(
    x: torch.Tensor, x_mean: torch.Tensor, y: torch.Tensor, y_mean: torch.Tensor, dtype: torch.dtype
) -> Iterator[torch.Tensor]:
    d, width = x.shape[1], x.shape[1] + y.shape[1]
    count = _chunk(width)
    buffer = x_mean.new_empty(min(count, len(x)), width, dtype=dtype)
    for a, b in zip(x.split(count), y.split(count), strict=True):
        chunk = buffer[: len(a)]
        _subtract(a, x_mean, chunk[:, :d])
        _subtract(b, y_mean, chunk[:, d:])
        yield chunk


def _subtract(x: torch.Tensor, mean: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """With several threads by numpy, which leaves torch's asleep: awake, they compete with those of the products."""
    alone = out.device.type != "cpu" or torch.get_num_threads() == 1
    if alone or x.dtype not in (torch.float32, torch.float64):
        return torch.sub(x, mean, out=out)
    with np.errstate(over="ignore"):  # infinity is seen afterwards, see `_in_range`
        np.subtract(x.numpy(), mean.numpy(), out=out.numpy(), casting="same_kind")
    return out


def _chunk(neurons: int) -> int:
    return max(neurons, CHUNK // neurons)  # below as many rows as columns, reading and writing the sum is the cost


def mean_of(
    name: str, x: checks.Array, *, samples: int = 1, columns: int | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """The activations without their graph, checked as by `checks.matrix`, and their mean in float64."""
    x = checks.matrix(name, x, samples=samples, columns=columns, read=False)
    mean = sum(part.sum(0, dtype=torch.float64) for part in x.split(_chunk(x.shape[1]))) / len(x)
    if not torch.isfinite(mean).all():  # which NaN and infinity reach, and sums that leave the range
        checks.finite(name, x)
        mean = sum((part.double() / len(x)).sum(0) for part in x.split(_chunk(x.shape[1])))
    return x, mean


def _centred(name: str, x: checks.Array, size: float = 1.0) -> Centred:
    x, mean = mean_of(name, x, samples=2)
    return Centred(x, mean, _sum_of_grams(chunks(x, mean), mean), size=size)


def _joint(
    x: checks.Array, x_size: float, y: checks.Array, y_size: float, dtype: torch.dtype
) -> tuple[Centred, Centred, torch.Tensor]:
    """Both scatters and the cross-scatter from one product of the layers side by side.

    One symmetric product gives all three, and costs no more than they would.
    """
    (x, x_mean), (y, y_mean) = mean_of("x", x, samples=2), mean_of("y", y, samples=2)
    checks.same_samples("x", x, "y", y)
    joint = _sum_of_grams(_side_by_side(x, x_mean, y, y_mean, dtype), torch.cat([x_mean, y_mean]))
    d = x.shape[1]
    first = Centred(x, x_mean, joint[:d, :d], size=x_size)
    return first, Centred(y, y_mean, joint[d:, d:], size=y_size), joint[:d, d:]


def _in_range(layer: Centred, dtype: torch.dtype = torch.float64) -> bool:
    variance = float(layer.scatter.diagonal().max()) / layer.samples
    return 1 / SAFE_VARIANCE[dtype] <= variance <= SAFE_VARIANCE[dtype]


def _varying(name: str, layer: Centred) -> Centred:
    spread = (layer.scatter.diagonal().max() / layer.samples).sqrt()
    if not varies(spread, layer.mean.abs().max()):
        raise never_varies(name, layer.neurons)
    return layer
