"""Checks of what callers hand to the measures: one clear error that names the argument, what was found and wanted."""

import torch


def matrix(name: str, x: torch.Tensor, *, rows: int = 1, columns: int | None = None, read: bool = True) -> torch.Tensor:
    """Return `x` after checking that it is a finite floating matrix.

    Args:
        name: The argument's name, for the error.
        x: Tensor of shape (rows, columns).
        rows: Least number of rows wanted.
        columns: Exact number of columns wanted, or None for any.
        read: Whether to look for NaN and infinity.

    Raises:
        ValueError: Wrong type, number of dimensions or size, or NaN or infinity within.
    """
    (finite if read else floating)(name, x)
    if x.ndim != 2:
        raise ValueError(f"{name}: wanted 2 dimensions (samples, neurons), found shape {tuple(x.shape)}")
    if x.shape[0] < rows:
        raise ValueError(f"{name}: wanted at least {rows} samples (rows), found {x.shape[0]}")
    if columns is not None and x.shape[1] != columns:
        raise ValueError(f"{name}: wanted {columns} columns, found {x.shape[1]}")
    return x


def floating(name: str, x: torch.Tensor) -> torch.Tensor:
    """Return `x` after checking that it is a floating or complex tensor with values.

    Raises:
        ValueError: Not such a tensor, or empty.
    """
    if not isinstance(x, torch.Tensor) or not (x.is_floating_point() or x.is_complex()):
        found = x.dtype if isinstance(x, torch.Tensor) else type(x).__name__
        raise ValueError(f"{name}: wanted a floating tensor, found {found}; convert it with .double()")
    if x.numel() == 0:
        raise ValueError(f"{name}: wanted values, found an empty tensor of shape {tuple(x.shape)}")
    return x


def finite(name: str, x: torch.Tensor) -> torch.Tensor:
    """Return `x` after checking that it is a floating or complex tensor without NaN or infinity.

    Raises:
        ValueError: Not such a tensor, or empty, or NaN or infinity within (the error counts them).
    """
    floating(name, x)
    # NaN and infinity reach the sum, which needs no boolean copy of x; counting tells them from its own overflow.
    if not torch.isfinite(x.sum()) and (bad := int((~torch.isfinite(x)).sum())):
        raise ValueError(f"{name}: wanted finite values, found {bad} NaN or infinite of {x.numel()}; remove them first")
    return x


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


def vector(name: str, x: torch.Tensor) -> torch.Tensor:
    """Return `x` in float64 after checking that it is finite and has one dimension.

    Raises:
        ValueError: Another number of dimensions, NaN or infinity.
    """
    finite(name, x)
    if x.ndim != 1:
        raise ValueError(f"{name}: wanted shape (d,), found {tuple(x.shape)}")
    return x.double()
