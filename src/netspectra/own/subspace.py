"""The lens of active subspaces: along which directions of its parameters the loss of a network changes, over inputs."""

from collections.abc import Iterator, Sequence

import torch
from torch import nn
from torch.nn import functional as F

from netspectra.measures.eigenspectra import Spectrum, participation_ratio
from netspectra.measures.subspaces import active_subspace
from netspectra.networks.flow import arguments, logits, map_tensors
from netspectra.networks.layers import weight_layers
from netspectra.networks.looking import differentiable, looking
from netspectra.own.batches import Batch, Source
from netspectra.own.spots import chosen
from netspectra.own.tidy import Row, curve, row

SAMPLES = 128
LOSSES = ("cross_entropy", "bce", "mse")
SHOWN = 64  # eigenvalues that the table holds


def parameters_of(network: nn.Module, layers: str | Sequence[str] | None) -> list[str]:
    """Names of the parameters of the modules that match; of the last module with weights where None is given.

    Raises:
        ValueError: A pattern that matches no module with parameters.
    """
    owners = [name for name, module in network.named_modules() if any(True for _ in module.parameters(recurse=False))]
    if not owners:
        raise ValueError("network: wanted parameters, found none")
    known = list(weight_layers(network).values())
    wanted = chosen(owners, layers) if layers is not None else [known[-1].place if known else owners[-1]]
    return [name for name, _ in network.named_parameters() if name.rpartition(".")[0] in wanted]


def loss_gradients(
    network: nn.Module, source: Source, names: Sequence[str], loss: str, samples: int, limit: float
) -> torch.Tensor:
    """Gradient of every input's loss by the named parameters, (inputs, parameters), float32.

    Args:
        network: The network; also its frozen parameters count.
        source: Batches with labels or targets.
        names: Of its parameters.
        loss: "cross_entropy", "bce" or "mse".
        samples: At most so many inputs.
        limit: Bytes that they may take.

    Raises:
        ValueError: Another loss, no labels or ones that do not fit, or more bytes than there are for two inputs.
    """
    if loss not in LOSSES:
        raise ValueError(f"loss: wanted one of {', '.join(LOSSES)}, found {loss!r}")
    size = sum(network.get_parameter(name).numel() for name in names)
    count = min(samples, int(limit / (16 * size)))
    if count < 2:
        raise ValueError(f"two gradients of {size} parameters take more than {limit / 1e9:.2g} GB; name fewer layers")
    found = []
    with looking(network):
        for batch in source.up_to(count):
            found += [_gradient(network, _one(batch, i), names, loss) for i in range(batch.samples)]
    return torch.stack(found)


def subspace_rows(spectrum: Spectrum, inputs: int, layer: str) -> Iterator[Row]:
    """Quantities: loss_eigenvalue by rank, loss_dimension (participation ratio), loss_first_share, loss_samples."""
    values = spectrum.values[: spectrum.vectors.shape[1]]
    yield from curve("active_subspace", layer, "loss_eigenvalue", values[:SHOWN].tolist())
    yield row("active_subspace", layer, "loss_dimension", participation_ratio(values))
    yield row("active_subspace", layer, "loss_first_share", float(values[0] / values.sum()))
    yield row("active_subspace", layer, "loss_samples", inputs)


def spectrum_of(gradients: torch.Tensor) -> Spectrum:
    """Eigenvalues and eigenvectors of the mean outer product of gradients (inputs, parameters).

    Raises:
        ValueError: Gradients that are zero throughout.
    """
    if not bool(gradients.any()):
        raise ValueError("the loss does not depend on these parameters: all gradients are zero")
    return active_subspace(gradients)


def _one(batch: Batch, i: int) -> Batch:
    labels, mask = (None if part is None else part[i : i + 1] for part in (batch.labels, batch.mask))
    return Batch(map_tensors(lambda t: t[i : i + 1], batch.inputs), labels, mask, 1)


def _gradient(network: nn.Module, batch: Batch, names: Sequence[str], loss: str) -> torch.Tensor:
    leaves = {name: network.get_parameter(name).detach().clone().requires_grad_() for name in names}
    args, kwargs = arguments(map_tensors(torch.clone, batch.inputs))
    with torch.enable_grad(), differentiable(network):
        outputs = torch.func.functional_call(network, leaves, args, kwargs)
        value = _loss(logits(outputs), batch, loss)
        parts = torch.autograd.grad(value, list(leaves.values()), allow_unused=True, materialize_grads=True)
    return torch.cat([part.flatten() for part in parts]).float()


def _loss(scores: torch.Tensor, batch: Batch, loss: str) -> torch.Tensor:
    y = batch.labels
    if loss == "cross_entropy":
        fits = batch.mask is not None and y.ndim == 2 and batch.mask.shape == y.shape
        y = y.masked_fill(~batch.mask, -100) if fits else y
        return F.cross_entropy(scores.flatten(0, -2), y.flatten(), ignore_index=-100)
    compared = F.mse_loss if loss == "mse" else F.binary_cross_entropy_with_logits
    return compared(scores.reshape(y.shape), y.to(scores))
