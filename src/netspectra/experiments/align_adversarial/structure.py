"""On which principal components of the images an attack lies, beside what is no attack."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import nn

from netspectra.data.images import Split
from netspectra.lenses.attacks import input_gradient
from netspectra.lenses.components import energy_by_component
from netspectra.measures.eigenspectra import Spectrum
from netspectra.measures.loadings import variance_shares
from netspectra.networks.ensembles import Ensemble


def structure_rows(stack: Ensemble, test: Split, spectrum: Spectrum, settings: dict) -> pd.DataFrame:
    """Share of the energy on every component, by change and replicate, and the components' shares of the variance."""
    frames = [_ranks("images", 0, "variance", variance_shares(spectrum.values))]
    for replicate, network in enumerate(stack):
        generator = torch.Generator().manual_seed(settings["seed"] + replicate)
        batches = [test.batch(slice(0, settings["images"]))]
        for change, vectors in changes(network, batches, generator).items():
            frames.append(_ranks(change, replicate, "energy", energy_by_component(vectors, spectrum)))
    return pd.concat(frames)


def changes(
    network: nn.Module, batches: list[tuple[torch.Tensor, torch.Tensor]], generator: torch.Generator
) -> dict[str, Iterator[torch.Tensor]]:
    """The attack, random signs, and what changes one image into another one."""
    return {
        "attack": (input_gradient(network, x, y).sign() for x, y in batches),
        "random signs": (torch.randn(x.shape, generator=generator).sign().to(x) for x, _ in batches),
        "other images": (x[torch.randperm(len(x), generator=generator).to(x.device)] - x for x, _ in batches),
    }


def _ranks(change: str, replicate: int, quantity: str, values: torch.Tensor) -> pd.DataFrame:
    columns = {"variant": "components", "replicate": replicate, "layer": change, "quantity": quantity}
    return pd.DataFrame({**columns, "x": np.arange(1, len(values) + 1), "value": values.cpu().numpy()})
