"""Interventions: what is done to the networks, beside the optimiser's steps, while they train."""

from functools import lru_cache

import torch

from netspectra.data.images import Dataset
from netspectra.measures.eigenspectra import Spectrum, eigenspectrum
from netspectra.measures.moments import Moments
from netspectra.measures.projection import keep_high_variance
from netspectra.networks.ensembles import Ensemble, input_of, weight_layers


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

    All layers are measured before any is changed. `action`: cutoff (None: nothing is done) and split, the images
    whose activations give the covariances.
    """
    if action["cutoff"] is None:
        return
    layers = weight_layers(stack.network)
    spectra = input_spectra(stack, data, action["split"])
    for layer in layers:
        for weight, spectrum in zip(stack.weight(layer), spectra[layer], strict=True):
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
    """Spectrum of the centred covariance of every layer's input, {layer: one per network}; layers must be linear."""
    first, *layers = weight_layers(stack.network)
    sources = {name: input_of(stack.network, name) for name in layers}
    moments: dict[str, list[Moments]] = {}
    for x, _ in getattr(data, split).batches(batch):
        with torch.no_grad():
            _, kept = stack(x, sources.values())
        for name, source in sources.items():
            activations = kept[source].flatten(2)
            own = moments.setdefault(name, [Moments(activations.shape[-1]) for _ in activations])
            for moment, a in zip(own, activations, strict=True):
                moment.update(a)
    spectra = {name: [eigenspectrum(m.covariance()) for m in own] for name, own in moments.items()}
    return {first: [image_spectrum(data, split)] * len(stack), **spectra}


ACTIONS = {"remove_low_variance": remove_low_variance}
