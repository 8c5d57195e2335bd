"""Interventions: what is done to the networks, beside the optimiser's steps, while they train."""

from functools import lru_cache

import torch
from torch import nn

from netspectra.data.images import Dataset
from netspectra.measures.eigenspectra import Spectrum, eigenspectrum
from netspectra.measures.moments import Moments
from netspectra.measures.projection import keep_high_variance
from netspectra.networks.ensembles import Ensemble
from netspectra.networks.layers import weight_layers
from netspectra.networks.places import Reading, chain, plain
from netspectra.networks.weights import WeightLayer


def at_epoch(stack: Ensemble, data: Dataset, epoch: int, epochs: int, action: dict) -> None:
    """Act on the networks at the end of an epoch if the action is due then.

    Args:
        stack: Networks whose parameters are changed in place.
        data: What they are trained on.
        epoch: Epochs done, from 1.
        epochs: Epochs in all; the last one is left alone.
        action: {"name", "every", ...} of the network block.
    """
    if epoch % action["every"] == 0 and epoch < epochs:
        ACTIONS[action["name"]](stack, data, action)


def remove_low_variance(stack: Ensemble, data: Dataset, action: dict) -> None:
    """Take the low-variance input directions out of every layer's weights (alignment document, last section).

    All layers are measured before any is changed. `action`: cutoff (None: nothing is done) and split, the samples
    whose activations give the covariances.

    Raises:
        ValueError: A layer has weights or inputs that cannot be had as one matrix.
    """
    if action["cutoff"] is None:
        return
    spectra = input_spectra(stack, data, action["split"])
    for layer, own in spectra.items():
        for weight, spectrum in zip(stack.weight(layer), own, strict=True):
            weight.copy_(keep_high_variance(weight.flatten(1), spectrum, action["cutoff"]).view_as(weight))


@lru_cache(maxsize=2)
def image_spectrum(data: Dataset, split: str, batch: int = 2000) -> Spectrum:
    """Spectrum of the centred covariance of the images themselves, computed once for all networks and epochs."""
    batches = (x.flatten(1) for x, _ in getattr(data, split).batches(batch))
    first = next(batches)
    moments = Moments(first.shape[1]).update(first)
    for x in batches:
        moments.update(x)
    return eigenspectrum(moments.covariance())


def input_spectra(stack: Ensemble, data: Dataset, split: str, batch: int = 2000) -> dict[str, list[Spectrum]]:
    """Spectrum of the centred covariance of every layer's input, {layer: one per network}.

    Raises:
        ValueError: A layer has weights or inputs that cannot be had as one matrix.
    """
    layers = _layers(stack.network)
    known = {name: [image_spectrum(data, split)] * len(stack) for name in _on_images(stack.network)}
    moments: dict[str, list[Moments]] = {}
    sought = [name for name in layers if name not in known]
    for x, _ in getattr(data, split).batches(batch) if sought else ():
        with torch.no_grad():
            entering = stack(x, sought).entering
        for name, inputs in entering.items():
            rows = [layers[name].inputs(Reading(None, {name: one})).values for one in inputs]
            own = moments.setdefault(name, [Moments(each.shape[-1]) for each in rows])
            for moment, each in zip(own, rows, strict=True):
                moment.update(each)
    found = {name: [eigenspectrum(m.covariance()) for m in own] for name, own in moments.items()}
    found = {name: own if len(own) == len(stack) else own * len(stack) for name, own in found.items()}
    return {name: (known | found)[name] for name in layers}


def _layers(network: nn.Module) -> dict[str, WeightLayer]:
    layers = weight_layers(network)
    for name, layer in layers.items():
        if layer.kind not in ("linear", "convolution") or layer.hidden or layer.groups > 1:
            raise ValueError(
                f"intervention: wanted linear layers and convolutions in one group, found {layer.kind} {name}"
            )
    return layers


def _on_images(network: nn.Module) -> list[str]:
    """The linear layer that sees the images themselves, if there is one."""
    for name, layer in chain(network):
        if not plain(layer, nn.Flatten, nn.Identity):
            return [name] if plain(layer, nn.Linear) else []
    return []


ACTIONS = {"remove_low_variance": remove_low_variance}
