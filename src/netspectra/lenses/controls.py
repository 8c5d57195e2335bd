"""Networks on which a claim about learning should fail: untrained ones, and ones that moved as far without learning."""

import copy
from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from netspectra.lenses.scoring import inputs_of
from netspectra.networks.flow import Inputs, call


def with_statistics(network: nn.Module, batches: Iterable[Inputs]) -> nn.Module:
    """A copy in evaluation mode whose normalisation layers hold the statistics of these batches, each counted alike.

    An untrained network has none yet, and one whose weights were changed has those of other activations.

    Args:
        network: Any module; left as it is.
        batches: Inputs, alone or in pairs with labels.

    Raises:
        ValueError: No batches, though the network normalises.
    """
    found = copy.deepcopy(network).eval()
    layers = [m for m in found.modules() if isinstance(m, _NormBase) and m.track_running_stats]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the mean over all batches
        layer.training = True
    with torch.no_grad():
        for batch in batches if layers else ():
            call(found, inputs_of(batch))
    if any(not int(layer.num_batches_tracked) for layer in layers):
        raise ValueError("batches: wanted at least one, found none; normalisation needs statistics")
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    return found.eval()


def displaced(final: nn.Module, earlier: nn.Module, generator: torch.Generator) -> nn.Module:
    """A copy of the final network with every parameter moved at random, as far as it was from its final value earlier.

    Displacement of lower layers changes all layers above them: how much of "lower layers settle first" this gives is
    not learning. Buffers are those of the final network; see `with_statistics`.

    Args:
        final: The trained network; left as it is.
        earlier: The same network at an earlier time.
        generator: Source of the directions, on the CPU.

    Raises:
        ValueError: Networks with other parameters.
    """
    before, found = dict(earlier.named_parameters()), copy.deepcopy(final)
    parameters = dict(found.named_parameters())
    if [(n, p.shape) for n, p in before.items()] != [(n, p.shape) for n, p in parameters.items()]:
        raise ValueError("earlier: wanted the parameters of the final network, found others")
    with torch.no_grad():
        for name, p in parameters.items():
            step = torch.randn(p.shape, generator=generator).to(p)
            p += step * ((before[name] - p).norm() / step.norm())
    return found
