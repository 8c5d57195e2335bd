"""What callers hand to the measures, made ready or refused: errors name the argument, what was found and wanted.

Tensors and numpy arrays are taken alike. What comes back is a tensor without a graph that shares its memory with what
was given, on a device that has float64.
"""

import math
import warnings
from collections.abc import Iterator
from numbers import Integral

import numpy as np
import torch

from netspectra.measures.ranges import largest

Array = torch.Tensor | np.ndarray

# Devices on which torch has no float64; what lies there is measured on the CPU.
WITHOUT_FLOAT64 = frozenset({"mps"})
# Share of the largest entry or eigenvalue by which round-off may break symmetry or the sign of an eigenvalue.
ROUNDING = 1e-5


def floating(name: str, x: Array) -> torch.Tensor:
    """`x` as a real floating tensor, without its graph, on a device that has float64.

    Raises:
        ValueError: No tensor or numpy array, another dtype, or empty.
    """
    x = _tensor(name, x)
    if not x.is_floating_point():
        remedy = "pass its real and imaginary parts" if x.is_complex() else "convert it with .double()"
        raise ValueError(f"{name}: wanted a floating tensor or numpy array, found {x.dtype}; {remedy}")
    if x.numel() == 0:
        raise ValueError(f"{name}: wanted values, found an empty tensor of shape {tuple(x.shape)}")
    x = x.detach() if x.requires_grad else x
    return x.cpu() if x.device.type in WITHOUT_FLOAT64 else x


def finite(name: str, x: Array) -> torch.Tensor:
    """As `floating`, after checking that there is no NaN or infinity.

    Raises:
        ValueError: As `floating`, or NaN or infinity within (the error counts them).
    """
    x = floating(name, x)
    # NaN and infinity reach the sum, which needs no boolean copy of x; counting tells them from its own overflow.
    if not torch.isfinite(x.sum()) and (bad := int((~torch.isfinite(x)).sum())):
        raise ValueError(f"{name}: wanted finite values, found {bad} NaN or infinite of {x.numel()}; remove them first")
    return x


def matrix(name: str, x: Array, *, samples: int = 1, columns: int | None = None, read: bool = True) -> torch.Tensor:
    """As `finite`, after checking that it is a matrix.

    Args:
        name: The argument's name, for the error.
        x: Of shape (samples, columns).
        samples: Least number of samples wanted.
        columns: Exact number of columns wanted, or None for any.
        read: Whether to look for NaN and infinity.

    Raises:
        ValueError: Wrong type, number of dimensions or size, or NaN or infinity within.
    """
    x = (finite if read else floating)(name, x)
    if x.ndim != 2:
        raise ValueError(f"{name}: wanted 2 dimensions (samples, neurons), found shape {tuple(x.shape)}")
    if x.shape[0] < samples:
        raise ValueError(f"{name}: wanted at least {samples} samples (rows), found {x.shape[0]}")
    if columns is not None and x.shape[1] != columns:
        raise ValueError(f"{name}: wanted {columns} columns, found {x.shape[1]}")
    return x


def symmetric(name: str, x: Array) -> tuple[torch.Tensor, float]:
    """As `matrix`, in float64, after checking that it is symmetric up to round-off.

    Returns:
        The matrix, and the share of its largest entry that round-off may move an entry or eigenvalue by.

    Raises:
        ValueError: Not a square, symmetric, finite floating matrix.
    """
    x = matrix(name, x)
    matrix(name, x, columns=len(x), read=False)
    rounding = max(ROUNDING, 2 * math.sqrt(len(x)) * torch.finfo(x.dtype).eps)
    x = x.double()
    scale, skew = largest(x), max(map(largest, _skew(x)))
    if skew > rounding * scale:
        raise ValueError(
            f"{name}: wanted a symmetric matrix, found differences of {skew:.3g} at a largest entry of {scale:.3g}"
        )
    return x, rounding


def vector(name: str, x: Array) -> torch.Tensor:
    """As `finite`, in float64, after checking that it has one dimension.

    Raises:
        ValueError: Another number of dimensions, NaN or infinity.
    """
    x = finite(name, x)
    if x.ndim != 1:
        raise ValueError(f"{name}: wanted shape (d,), found {tuple(x.shape)}")
    return x.double()


def descending(name: str, x: Array) -> torch.Tensor:
    """As `vector`, after checking that no value is greater than the one before.

    Raises:
        ValueError: As `vector`, or a greater one.
    """
    x = vector(name, x)
    if rises := int((x.diff() > 0).sum()):
        raise ValueError(f"{name}: wanted descending order, found {rises} greater than the one before; sort them")
    return x


def squares(name: str, values: torch.Tensor) -> torch.Tensor:
    """Return what was made of the squares of `name` after checking that float64 can hold it.

    Raises:
        ValueError: It cannot.
    """
    if not math.isfinite(largest(values)):
        raise ValueError(f"{name}: wanted values whose squares float64 can hold, found greater ones; divide them first")
    return values


def same_samples(x_name: str, x: torch.Tensor, y_name: str, y: torch.Tensor) -> None:
    """Check that two arguments hold the same number of samples.

    Raises:
        ValueError: The first dimensions differ.
    """
    if x.shape[0] != y.shape[0]:
        raise ValueError(
            f"{y_name}: wanted as many samples as {x_name} ({x.shape[0]}), found {y.shape[0]}; "
            "both must come from the same inputs in the same order"
        )


def fraction(name: str, value: float) -> float:
    """Return `value` after checking that it lies in (0, 1].

    Raises:
        ValueError: It does not.
    """
    if not 0 < value <= 1:
        raise ValueError(f"{name}: wanted a fraction in (0, 1], found {value}")
    return value


def count(name: str, value: int, *, least: int = 1, most: int | None = None) -> int:
    """Return `value` after checking that it is a whole number from `least` to `most`.

    Raises:
        ValueError: It is not.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        wanted = f"{least} or more" if most is None else f"{least} to {most}"
        raise ValueError(f"{name}: wanted {wanted}, found {value!r}")
    return int(value)


def at_least_one(**numbers: float) -> None:
    """Check that finite numbers, whole or not, are 1 or more.

    Raises:
        ValueError: One is not.
    """
    for name, value in numbers.items():
        if not 1 <= value < math.inf:
            raise ValueError(f"{name}: wanted 1 or more, found {value}")


def with_float64(device: torch.device | str | None) -> torch.device | None:
    """The device itself, or the CPU for one that has no float64."""
    device = None if device is None else torch.device(device)
    return torch.device("cpu") if device is not None and device.type in WITHOUT_FLOAT64 else device


def _tensor(name: str, x: Array) -> torch.Tensor:
    if isinstance(x, torch.Tensor):
        if x.layout is not torch.strided:
            raise ValueError(f"{name}: wanted a dense tensor, found layout {x.layout}; convert it with .to_dense()")
        return x
    if not isinstance(x, np.ndarray):
        raise ValueError(
            f"{name}: wanted a floating tensor or numpy array, found {type(x).__name__}; convert it with torch.tensor"
        )
    if x.dtype.kind not in "fc" or x.dtype.itemsize > 8 * (1 + (x.dtype.kind == "c")):
        raise ValueError(
            f"{name}: wanted a floating tensor or numpy array, found numpy {x.dtype}; convert it with .astype(float)"
        )
    native = x.astype(x.dtype.newbyteorder("="), copy=False)
    if any(stride < 0 for stride in native.strides):
        native = native.copy()
    with warnings.catch_warnings():  # for arrays that cannot be written to, which nothing here does
        warnings.filterwarnings("ignore", message=".*not writable", category=UserWarning)
        return torch.from_numpy(native)


def _skew(x: torch.Tensor) -> Iterator[torch.Tensor]:
    """X - x', some rows at a time: a whole one would be the largest thing in memory."""
    step = max(1, (1 << 22) // len(x))
    return (x[i : i + step] - x[:, i : i + step].T for i in range(0, len(x), step))
