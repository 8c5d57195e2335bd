"""Gradients of a loss with respect to all parameters of a fully connected network, by hand and many at a time.

Parameters are vectorised layer by layer, the bias before the weights, the weights row by row (`blocks`).
Inside, activations are (networks, neurons, samples), so that every layer is one batched product.
"""

import os
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from netspectra.measures import checks
from netspectra.measures.sample_subspaces import SampleFactor

LOSSES = ("mse", "cross_entropy")
# Of a layer's outputs a, never of its inputs: what each activation multiplies the gradient by.
BACKWARD = {
    nn.Identity: lambda delta, a: delta,
    nn.Tanh: torch.ops.aten.tanh_backward,
    nn.Sigmoid: torch.ops.aten.sigmoid_backward,
    nn.ReLU: lambda delta, a: torch.ops.aten.threshold_backward(delta, a, 0),
}
SUPPORTED = "torch.nn.Sequential of Linear layers, each followed by at most one of Tanh, ReLU, Sigmoid, Identity"
LARGEST_CHUNK = 2**26  # bytes; larger ones are no faster, for they leave the caches
DRAWN_TOGETHER = 16  # numbers that a CPU generator fills at once; chunks of so many rows draw what one draw would

Layer = tuple[str, nn.Linear, nn.Module]


def blocks(network: nn.Sequential) -> dict[str, slice]:
    """Where each tensor stands in the vector of parameters, {"fc1.bias": slice, "fc1.weight": slice, ...}.

    Raises:
        ValueError: The network is not fully connected.
    """
    found, start = {}, 0
    for name, linear, _ in _layers(network):
        for part in ("bias", "weight"):
            if (tensor := getattr(linear, part)) is not None:
                found[f"{name}.{part}"] = slice(start, start + tensor.numel())
                start += tensor.numel()
    return found


def flat_parameters(network: nn.Sequential) -> torch.Tensor:
    """The network's own parameters as one vector (parameters,), in the order of `blocks`."""
    return torch.cat([network.get_parameter(name).detach().flatten() for name in blocks(network)])


def gradients(
    network: nn.Sequential, thetas: torch.Tensor, x: torch.Tensor, y: torch.Tensor, *, loss: str = "mse"
) -> torch.Tensor:
    """Gradient of the loss over the data set at every theta: grad f_j of C = (1/N) sum_j grad f_j grad f_j'.

    Active-subspace document, "Major Activities"; f is the mean over samples, and over outputs for "mse".

    Args:
        network: Gives the layers, after an optional Flatten; its own parameters are not used.
        thetas: Parameters in the order of `blocks`, (networks, parameters).
        x: Inputs (samples, ...), the same for all networks.
        y: Targets (samples, outputs) for "mse", labels (samples,) for "cross_entropy".
        loss: "mse" or "cross_entropy".

    Returns:
        Shape (networks, parameters), in the dtype of thetas.

    Raises:
        ValueError: Another kind of network or loss, shapes that do not fit, NaN or infinity.
    """
    layers, places = _layers(network), blocks(network)
    checks.matrix("thetas", thetas, columns=_size(places))
    x, y = _checked(layers, x, y, loss, thetas)
    out = torch.empty_like(thetas)
    rows = chunk_rows(x.shape[2] * thetas.element_size() * 3 * sum(w.out_features for _, w, _ in layers), thetas.device)
    for theta, gradient in zip(thetas.split(rows), out.split(rows), strict=True):
        views = _views(layers, places, gradient)
        for i, a, delta in _factors(layers, _views(layers, places, theta), x, y, loss, 1 / x.shape[2]):
            weight, bias = views[i]
            weight.copy_(_product(delta, a.mT))
            if bias is not None:
                torch.sum(delta, -1, out=bias)
    return out


def prior_gradients(
    network: nn.Sequential,
    x: torch.Tensor,
    y: torch.Tensor,
    samples: int,
    *,
    scale: float = 1.0,
    generator: torch.Generator | None = None,
    loss: str = "mse",
) -> Iterator[torch.Tensor]:
    """Gradients at theta ~ N(0, scale^2 I), the document's prior, in chunks sized from free memory.

    The samples do not depend on the size of the chunks.

    Args:
        network: As in `gradients`.
        x: As in `gradients`.
        y: As in `gradients`.
        samples: How many theta.
        scale: Standard deviation of every parameter.
        generator: Source of the theta; also says on which device, that of x when None.
        loss: As in `gradients`.

    Yields:
        Shape (rows, parameters), float64.

    Raises:
        ValueError: As `gradients`, or fewer than one sample, or a scale that is not positive.
    """
    if samples < 1 or not scale > 0:
        raise ValueError(f"samples, scale: wanted at least 1 and above 0, found {samples} and {scale}")
    parameters = _size(blocks(network))
    device = generator.device if generator else x.device
    rows = chunk_rows(8 * parameters, device) // DRAWN_TOGETHER * DRAWN_TOGETHER or DRAWN_TOGETHER
    for start in range(0, samples, rows):
        shape = min(rows, samples - start), parameters
        thetas = torch.randn(shape, generator=generator, dtype=torch.float64, device=device).mul_(scale)
        yield gradients(network, thetas.to(x.device), x, y, loss=loss)


def sample_gradients(network: nn.Sequential, x: torch.Tensor, y: torch.Tensor, *, loss: str = "mse") -> torch.Tensor:
    """Gradient of each sample's loss at the network's own parameters; their mean is the gradient of the data set's.

    Per layer they are outer products of what enters it and what comes back, so nothing is differentiated.

    Args:
        network: As in `gradients`, with the parameters wanted.
        x: Inputs (samples, ...).
        y: As in `gradients`.
        loss: As in `gradients`.

    Returns:
        Shape (samples, parameters), float64.

    Raises:
        ValueError: As `gradients`.
    """
    places = blocks(network)
    out = torch.empty(len(x), _size(places), dtype=torch.float64, device=x.device)
    for f in sample_factors(network, x, y, loss=loss):
        shape = f.delta.shape[1], f.entering.shape[1]
        weight = out[:, places[f"{f.layer}.weight"]].unflatten(1, shape)
        torch.mul(f.delta[:, :, None], f.entering[:, None], out=weight)
        if f.bias:
            out[:, places[f"{f.layer}.bias"]] = f.delta
    return out


def sample_factors(
    network: nn.Sequential, x: torch.Tensor, y: torch.Tensor, *, loss: str = "mse"
) -> list[SampleFactor]:
    """What the gradients of single samples are made of, at the network's own parameters; last layer first, float64.

    Args:
        network: As in `sample_gradients`.
        x: As in `sample_gradients`.
        y: As in `sample_gradients`.
        loss: As in `sample_gradients`.

    Raises:
        ValueError: As `gradients`.
    """
    layers, places = _layers(network), blocks(network)
    theta = flat_parameters(network).double()[None]
    x, y = _checked(layers, x, y, loss, theta)
    found = _factors(layers, _views(layers, places, theta), x, y, loss, 1.0)
    return [SampleFactor(layers[i][0], a[0].T, delta[0].T, layers[i][1].bias is not None) for i, a, delta in found]


def chunk_rows(bytes_per_row: int, device: torch.device | str = "cpu") -> int:
    """Rows of a chunk that take a sixteenth of the free memory, or LARGEST_CHUNK when that is less; at least one."""
    return max(1, min(free_memory(device) // 16, LARGEST_CHUNK) // bytes_per_row)


def free_memory(device: torch.device | str = "cpu") -> int:
    """Bytes that are free on a CUDA device, or on the machine."""
    if torch.device(device).type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _layers(network: nn.Sequential) -> list[Layer]:
    """Every linear layer with its name and the activation that follows it."""
    children = list(network.named_children()) if isinstance(network, nn.Sequential) else []
    if children and isinstance(children[0][1], nn.Flatten):
        children = children[1:]
    found: list[Layer] = []
    for (name, layer), (_, after) in pairwise([*children, ("", None)]):
        if isinstance(layer, nn.Linear):
            found.append((name, layer, after if type(after) in BACKWARD else nn.Identity()))
        elif type(layer) not in BACKWARD or not found or type(after) in BACKWARD:
            raise ValueError(f"network: wanted a {SUPPORTED}, found {name}: {layer}")
    if not found:
        raise ValueError(f"network: wanted a {SUPPORTED}, found {network}")
    return found


def _checked(
    layers: list[Layer], x: torch.Tensor, y: torch.Tensor, loss: str, like: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs as (1, d, samples) and targets as (1, outputs, samples) or labels (samples,)."""
    if loss not in LOSSES:
        raise ValueError(f"loss: wanted one of {', '.join(LOSSES)}, found {loss!r}")
    x = checks.matrix("x", checks.finite("x", x).flatten(1), columns=layers[0][1].in_features)
    wanted = (len(x), layers[-1][1].out_features)[: 2 if loss == "mse" else 1]
    if y.shape != wanted:
        raise ValueError(f"y: wanted shape {wanted} for {loss}, found {tuple(y.shape)}")
    return x.T[None].to(like), checks.finite("y", y).T[None].to(like) if loss == "mse" else y.long()


def _views(layers: list[Layer], places: dict[str, slice], theta: torch.Tensor) -> list[tuple[torch.Tensor, ...]]:
    """Weights (networks, nodes, d) and biases (networks, nodes) or None of every layer, within theta."""
    return [
        (
            theta[:, places[f"{name}.weight"]].unflatten(1, tuple(linear.weight.shape)),
            theta[:, places[f"{name}.bias"]] if linear.bias is not None else None,
        )
        for name, linear, _ in layers
    ]


def _factors(
    layers: list[Layer], weights: list, x: torch.Tensor, y: torch.Tensor, loss: str, factor: float
) -> Iterator[tuple[int, torch.Tensor, torch.Tensor]]:
    """Per layer, last first: its index, what enters it (networks or 1, d, samples), and delta times the factor."""
    entering, a = [], x
    for (weight, bias), (_, _, activation) in zip(weights, layers, strict=True):
        entering.append(a)
        a = _product(weight, a)
        a = activation(a if bias is None else a.add_(bias[..., None]))
    delta = _output_delta(a, y, loss, factor)
    for i in reversed(range(len(layers))):
        delta = BACKWARD[type(layers[i][2])](delta, a)
        a = entering.pop()
        yield i, a, delta
        if i:
            delta = torch.bmm(weights[i][0].mT, delta)


def _product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Batched product; what all networks share on the right is multiplied once, by all on the left at a time."""
    if len(right) < len(left):
        return (left.flatten(0, 1) @ right[0]).unflatten(0, left.shape[:2])
    return torch.bmm(left, right)


def _output_delta(outputs: torch.Tensor, y: torch.Tensor, loss: str, factor: float) -> torch.Tensor:
    """Derivative of each sample's loss by the network's outputs (networks, outputs, samples), times a factor."""
    if loss == "mse":
        return (outputs - y).mul_(2 * factor / outputs.shape[1])
    return (outputs.softmax(1) - F.one_hot(y, outputs.shape[1]).T).mul_(factor)


def _size(places: dict[str, slice]) -> int:
    return max(place.stop for place in places.values())
