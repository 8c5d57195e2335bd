"""Principal components of what enters a network's layers, and how well a minibatch shows them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from netspectra.lenses.scoring import inputs_of
from netspectra.measures.alignment import alignment
from netspectra.measures.eigenspectra import Spectrum, eigenspectrum
from netspectra.measures.loadings import component_shares, spectrum_distance, variance_shares
from netspectra.measures.moments import Moments
from netspectra.networks.flow import Inputs
from netspectra.networks.layers import weight_layers
from netspectra.networks.looking import looking
from netspectra.networks.places import read
from netspectra.networks.weights import WeightLayer

Batches = Iterable[Inputs | Sequence[Any]]


@dataclass(frozen=True)
class BatchError:
    """What a minibatch gets wrong of a layer.

    Attributes:
        alignment: Root mean square over nodes of the relative error of their alignment.
        spectrum: Total variation distance of the eigenspectra of the input, from 0 to 1.
    """

    alignment: float
    spectrum: float


def input_spectra(
    network: nn.Module,
    batches: Batches,
    known: Mapping[str, Spectrum] | None = None,
    *,
    layers: Iterable[str] | None = None,
) -> dict[str, Spectrum]:
    """Spectrum of the centred covariance of every layer's input, {layer: spectrum}, streaming.

    Args:
        network: Any module; it runs in evaluation mode.
        batches: Inputs, alone or first in a pair.
        known: Spectra of layers that need not be computed again, such as that of the images.
        layers: Names of the layers; all when None.

    Raises:
        ValueError: A layer with fewer than two samples, or inputs that cannot be read.
    """
    known, names = dict(known or {}), list(_layers(network) if layers is None else layers)
    moments: dict[str, Moments] = {}
    for batch in batches:
        for name, rows in layer_inputs(network, batch, [n for n in names if n not in known]).items():
            moments.setdefault(name, Moments(rows.shape[1])).update(rows)
    found = known | {name: eigenspectrum(m.covariance()) for name, m in moments.items()}
    return {name: found[name] for name in names}


def layer_inputs(
    network: nn.Module, batch: Inputs | Sequence[Any], names: Iterable[str] | None = None
) -> dict[str, torch.Tensor]:
    """Rows (samples, d) that the weights of named layers are multiplied by, of all layers when None."""
    layers = {n: layer for n, layer in _layers(network).items() if names is None or n in names}
    entering = {place for layer in layers.values() for place in layer.entering}
    with looking(network), torch.no_grad():
        reading = read(network, inputs_of(batch), entering, outputs=False)
    return {name: layer.inputs(reading).values for name, layer in layers.items()}


def loadings(network: nn.Module, spectra: Mapping[str, Spectrum]) -> dict[str, torch.Tensor]:
    """Mean over a layer's nodes of the share of their squared length on every component, {layer: (d,)}."""
    layers = weight_layers(network)
    return {name: component_shares(layers[name].weight(), s).nanmean(0) for name, s in spectra.items()}


def batch_errors(
    network: nn.Module,
    batch: Inputs | Sequence[Any],
    alignments: Mapping[str, torch.Tensor],
    spectra: Mapping[str, Spectrum],
    *,
    shuffled: torch.Generator | None = None,
) -> dict[str, BatchError]:
    """How far alignment and eigenspectrum of a minibatch are from those of all the data (alignment document).

    Args:
        network: Any module; it runs in evaluation mode.
        batch: Inputs, alone or first in a pair.
        alignments: Alignment of every node over all the data, {layer: (nodes,)}.
        spectra: Spectra over all the data, of the same layers.
        shuffled: Where given, every input of a layer is brought into a random order of the samples of its own: the
            minibatch keeps all variances and loses all covariances.
    """
    layers, found = _layers(network), {}
    for name, rows in layer_inputs(network, batch, alignments).items():
        rows = rows if shuffled is None else _each_shuffled(rows, shuffled)
        error = alignment(rows, layers[name].weight()) / alignments[name] - 1
        distance = spectrum_distance(_eigenvalues(rows), spectra[name].values)
        found[name] = BatchError(float(error.square().nanmean().sqrt()), distance)
    return found


def energy_by_component(vectors: Iterable[torch.Tensor], inputs: Spectrum) -> torch.Tensor:
    """Share of the summed squares of changes of an input on every one of its components, (d,).

    As the original code draws the structure of an attack (alignment document, "Application to adversarial robustness").

    Args:
        vectors: Changes, (samples, ...) each of d numbers, batch by batch.
        inputs: Spectrum of the covariance of the input.
    """
    energy = sum((v.flatten(1).double() @ inputs.vectors).square().sum(0) for v in vectors)
    return energy / energy.sum()


def without_high_variance(weight: torch.Tensor, inputs: Spectrum, cutoff: float) -> torch.Tensor:
    """Weights (nodes, d) less their part on components of more than a share of the variance: a control of its opposite.

    `measures.projection.keep_high_variance` takes the others away.
    """
    high = inputs.vectors[:, variance_shares(inputs.values) > cutoff]
    rows = weight.double()
    return (rows - rows @ high @ high.T).to(weight.dtype)


def _layers(network: nn.Module) -> dict[str, WeightLayer]:
    return {name: layer for name, layer in weight_layers(network).items() if not layer.hidden}


def _each_shuffled(rows: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    order = torch.rand(rows.shape, generator=generator).argsort(0).to(rows.device)
    return rows.gather(0, order)


def _eigenvalues(rows: torch.Tensor) -> torch.Tensor:
    """Those of the covariance that may differ from zero, descending, but for a factor."""
    centred = rows.double() - rows.double().mean(0)
    gram = centred @ centred.T if len(centred) < centred.shape[1] else centred.T @ centred
    return torch.linalg.eigvalsh(gram).flip(0).clamp(min=0)
