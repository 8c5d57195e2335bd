"""Gradients of a loss with respect to all parameters of a network, at many parameters or for many samples.

Networks run in evaluation mode. Fully connected ones are differentiated by hand (`by_hand`), others by autograd.
"""

import os
from collections.abc import Iterator

import torch
from torch import nn

from netspectra.lenses import by_autograd, by_hand
from netspectra.measures import checks
from netspectra.measures.sample_subspaces import SampleFactor
from netspectra.networks.flow import Inputs, first_tensor, tensors
from netspectra.networks.looking import looking
from netspectra.networks.taps import joined

LOSSES = ("mse", "cross_entropy")
LARGEST_CHUNK = 2**26  # bytes; larger ones are no faster, for they leave the caches
DRAWN_TOGETHER = 16  # numbers that a CPU generator fills at once; chunks of so many rows draw what one draw would


def blocks(network: nn.Module) -> dict[str, slice]:
    """Where each tensor stands in the vector of parameters, {"fc1.bias": slice, "fc1.weight": slice, ...}.

    In a fully connected network layer by layer, the bias before the weights, the weights row by row; in any other in
    the order of `named_parameters`.

    Raises:
        ValueError: The network has no parameters.
    """
    if by_hand.possible(network):
        return by_hand.blocks(by_hand.layers(network))
    found, start = {}, 0
    for name, parameter in network.named_parameters():
        found[name] = slice(start, start + parameter.numel())
        start += parameter.numel()
    if not found:
        raise ValueError(f"network: wanted parameters, found none in {type(network).__name__}")
    return found


def flat_parameters(network: nn.Module) -> torch.Tensor:
    """The network's own parameters as one vector (parameters,), in the order of `blocks`."""
    return torch.cat([network.get_parameter(name).detach().flatten() for name in blocks(network)])


def gradients(
    network: nn.Module, thetas: torch.Tensor, x: Inputs, y: torch.Tensor, *, loss: str = "mse"
) -> torch.Tensor:
    """Gradient of the loss over the data set at every theta: grad f_j of C = (1/N) sum_j grad f_j grad f_j'.

    Active-subspace document, "Major Activities"; f is the mean over samples, and over outputs for "mse".

    Args:
        network: Any module; its own parameters are not used.
        thetas: Parameters in the order of `blocks`, (networks, parameters).
        x: Inputs (samples, ...), the same for all networks.
        y: Targets in the shape of the outputs for "mse", labels in that shape without classes for "cross_entropy".
        loss: "mse" or "cross_entropy".

    Returns:
        Shape (networks, parameters), in the dtype of thetas; what is not fully connected computes in its own dtype.

    Raises:
        ValueError: Another loss, shapes that do not fit, NaN or infinity.
    """
    places = blocks(network)
    thetas, x, y = checks.matrix("thetas", thetas, columns=_size(places)), tensors(x), tensors(y)
    _check_loss(loss)
    if by_hand.possible(network, x):
        return _by_hand(network, thetas, x, y, loss)
    out = torch.empty_like(thetas)
    with looking(network):
        for theta, gradient in zip(thetas, out, strict=True):
            own = {name: theta[place].view_as(network.get_parameter(name)) for name, place in places.items()}
            gradient.copy_(by_autograd.gradient(network, own, x, y, loss))
    return out


def prior_gradients(
    network: nn.Module,
    x: Inputs,
    y: torch.Tensor,
    samples: int,
    *,
    scale: float = 1.0,
    generator: torch.Generator | None = None,
    loss: str = "mse",
    single: bool = False,
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
        single: Whether f is the loss on one sample of the data, drawn at random for every theta, not the mean over all.

    Yields:
        Shape (rows, parameters), float64.

    Raises:
        ValueError: As `gradients`, or fewer than one sample, or a scale that is not positive.
    """
    if samples < 1 or not scale > 0:
        raise ValueError(f"samples, scale: wanted at least 1 and above 0, found {samples} and {scale}")
    parameters = _size(blocks(network))
    target = first_tensor(tensors(x)).device
    device = generator.device if generator else target
    rows = chunk_rows(8 * parameters, device) // DRAWN_TOGETHER * DRAWN_TOGETHER or DRAWN_TOGETHER
    drawn = torch.randint(len(y), (samples,), generator=generator, device=device).to(target) if single else None
    for start in range(0, samples, rows):
        shape = min(rows, samples - start), parameters
        thetas = torch.randn(shape, generator=generator, dtype=torch.float64, device=device).mul_(scale).to(target)
        if drawn is None:
            yield gradients(network, thetas, x, y, loss=loss)
        else:
            yield _of_one_sample(network, thetas, (tensors(x), tensors(y)), drawn[start : start + len(thetas)], loss)


def _of_one_sample(
    network: nn.Module, thetas: torch.Tensor, data: tuple[torch.Tensor, torch.Tensor], drawn: torch.Tensor, loss: str
) -> torch.Tensor:
    """Gradients at every theta of the loss on the one sample that was drawn for it."""
    (x, y), out = data, torch.empty_like(thetas)
    for sample in drawn.unique().tolist():
        of = (drawn == sample).nonzero()[:, 0]
        out[of] = gradients(network, thetas[of], x[sample : sample + 1], y[sample : sample + 1], loss=loss)
    return out


def sample_gradients(network: nn.Module, x: Inputs, y: torch.Tensor, *, loss: str = "mse") -> torch.Tensor:
    """Gradient of each sample's loss at the network's own parameters; their mean is the gradient of the data set's.

    In a fully connected network they are, per layer, outer products of what enters it and what comes back, so nothing
    is differentiated; elsewhere one sample runs after the other.

    Args:
        network: Any module, with the parameters wanted.
        x: Inputs, samples first.
        y: As in `gradients`.
        loss: As in `gradients`.

    Returns:
        Shape (samples, parameters), float64.

    Raises:
        ValueError: As `gradients`.
    """
    places = blocks(network)
    _check_loss(loss)
    x, y = tensors(x), tensors(y)
    samples = first_tensor(x)
    out = torch.empty(len(samples), _size(places), dtype=torch.float64, device=samples.device)
    if not by_hand.possible(network, x):
        own = {name: network.get_parameter(name) for name in places}
        return by_autograd.one_by_one(network, own, x, y, loss, out)
    for f in sample_factors(network, x, y, loss=loss):
        shape = f.delta.shape[1], f.entering.shape[1]
        weight = out[:, places[joined(f.layer, "weight")]].unflatten(1, shape)
        torch.mul(f.delta[:, :, None], f.entering[:, None], out=weight)
        if f.bias:
            out[:, places[joined(f.layer, "bias")]] = f.delta
    return out


def sample_factors(network: nn.Module, x: torch.Tensor, y: torch.Tensor, *, loss: str = "mse") -> list[SampleFactor]:
    """What the gradients of single samples are made of, at the network's own parameters; last layer first, float64.

    Args:
        network: A fully connected one.
        x: As in `sample_gradients`.
        y: As in `sample_gradients`.
        loss: As in `sample_gradients`.

    Raises:
        ValueError: As `gradients`, or a network that is not fully connected (names what stands in the way).
    """
    _check_loss(loss)
    layers = by_hand.layers(network)
    places, theta = by_hand.blocks(layers), flat_parameters(network).double()[None]
    x, y = by_hand.data(layers, tensors(x), tensors(y), loss, theta)
    found = by_hand.factors(layers, by_hand.views(layers, places, theta), x, y, loss, 1.0)
    return [SampleFactor(layers[i][0], a[0].T, delta[0].T, layers[i][1].bias is not None) for i, a, delta in found]


def chunk_rows(bytes_per_row: int, device: torch.device | str = "cpu") -> int:
    """Rows of a chunk that take a sixteenth of the free memory, or LARGEST_CHUNK when that is less; at least one."""
    return max(1, min(free_memory(device) // 16, LARGEST_CHUNK) // bytes_per_row)


def free_memory(device: torch.device | str = "cpu") -> int:
    """Bytes that are free on a CUDA device, or on the machine."""
    if torch.device(device).type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _by_hand(network: nn.Module, thetas: torch.Tensor, x: torch.Tensor, y: torch.Tensor, loss: str) -> torch.Tensor:
    layers = by_hand.layers(network)
    places = by_hand.blocks(layers)
    x, y = by_hand.data(layers, x, y, loss, thetas)
    out = torch.empty_like(thetas)
    rows = chunk_rows(x.shape[2] * thetas.element_size() * 3 * sum(w.out_features for _, w, _ in layers), thetas.device)
    for theta, gradient in zip(thetas.split(rows), out.split(rows), strict=True):
        views = by_hand.views(layers, places, gradient)
        found = by_hand.factors(layers, by_hand.views(layers, places, theta), x, y, loss, 1 / x.shape[2])
        for i, a, delta in found:
            weight, bias = views[i]
            weight.copy_(by_hand.product(delta, a.mT))
            if bias is not None:
                torch.sum(delta, -1, out=bias)
    return out


def _check_loss(loss: str) -> None:
    if loss not in LOSSES:
        raise ValueError(f"loss: wanted one of {', '.join(LOSSES)}, found {loss!r}")


def _size(places: dict[str, slice]) -> int:
    return max(place.stop for place in places.values())
