"""Weights on the principal components of their input, and how large a minibatch shows them (alignment document)."""

import numpy as np
import pandas as pd
import torch
from torch import nn

from netspectra.data.images import Split
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.alignment import layer_alignment
from netspectra.lenses.components import batch_errors, input_spectra, loadings
from netspectra.lenses.learning import size_rows
from netspectra.measures.eigenspectra import Spectrum
from netspectra.measures.loadings import variance_shares
from netspectra.networks.ensembles import Ensemble
from netspectra.networks.layers import weight_layers
from netspectra.statistics.contrasts import ratio
from netspectra.statistics.estimates import of_replicates
from netspectra.statistics.intervals import Metrics

BATCH = 5000

Spectra = dict[str, Spectrum]


def analyse(given: Given) -> Findings:
    """Tabulate loadings at every snapshot and errors of minibatches of every size, and sum them up."""
    ((name, networks),) = given.networks.items()
    data, settings = given.data(name), given.settings
    stacks = {f"{at:g}": networks.stack(networks.variants[0], at) for at in networks.settings["snapshots"]}
    stacks["1"] = networks.stack(networks.variants[0])
    known = image_spectrum(stacks["1"].network, data.train)
    spectra = {time: spectra_of(stack, data.train, known) for time, stack in stacks.items()}
    on_components = pd.concat([component_rows(time, stacks[time], spectra[time]) for time in stacks])
    of_batches = batch_rows(stacks["1"], spectra["1"], data.train, settings)
    metrics = Metrics()
    add_components(metrics, on_components, settings)
    add_batches(metrics, of_batches, len(data.train), settings)
    return Findings(pd.concat([on_components, of_batches, size_rows(data)]), metrics)


def spectra_of(stack: Ensemble, train: Split, known: Spectra) -> list[Spectra]:
    """Spectra of what enters every layer over all training images, network by network."""
    return [input_spectra(network, train.batches(BATCH), known) for network in stack]


def image_spectrum(network: nn.Module, train: Split) -> Spectra:
    """Spectrum of the images, which enter the first layer of all networks alike."""
    first = next(iter(weight_layers(network)))
    return {first: input_spectra(network, train.batches(BATCH), layers=[first])[first]}


def component_rows(time: str, stack: Ensemble, spectra: list[Spectra]) -> pd.DataFrame:
    """Loading over chance, 1/d, on every component of a layer's input, by replicate; and the spectrum."""
    frames = []
    for replicate, network in enumerate(stack):
        for layer, found in loadings(network, spectra[replicate]).items():
            values = spectra[replicate][layer].values
            frames += [_ranks(time, replicate, layer, "loading", found * len(found))]
            frames += [_ranks(time, replicate, layer, "variance", variance_shares(values))]
    return pd.concat(frames)


def _ranks(time: str, replicate: int, layer: str, quantity: str, values: torch.Tensor) -> pd.DataFrame:
    ranks = np.arange(1, len(values) + 1)
    columns = {"variant": time, "replicate": replicate, "layer": layer, "quantity": quantity}
    return pd.DataFrame({**columns, "x": ranks, "value": values.cpu().numpy()})


def batch_rows(stack: Ensemble, spectra: list[Spectra], train: Split, settings: dict) -> pd.DataFrame:
    """Relative error of alignment and distance of the eigenspectrum, by batch size, layer and replicate."""
    rows: list[dict] = []
    generator = torch.Generator().manual_seed(settings["seed"])
    for replicate, network in enumerate(stack):
        whole = layer_alignment(network, train.batches(BATCH)), spectra[replicate]
        for size, order in _sizes(settings, len(train)):
            found = _errors(network, train, size, order, settings["draws"], *whole, generator)
            common = {"variant": order, "replicate": replicate, "x": size}
            rows += [{**common, "layer": layer, "quantity": q, "value": v} for (layer, q), v in found.items()]
    return pd.DataFrame(rows)


def _sizes(settings: dict, images: int) -> list[tuple[int, str]]:
    """Sizes of minibatches, and the one that is judged once more with every input in an order of its own."""
    kept = [size for size in settings["batches"] if size < images]
    return [*((size, "minibatch") for size in kept), (min(settings["judged"], kept[-1]), "shuffled")]


def _errors(
    network: nn.Module, train: Split, size: int, order: str, draws: int,
    alignments: dict[str, torch.Tensor], spectra: Spectra, generator: torch.Generator,
) -> dict[tuple[str, str], float]:  # fmt: skip
    """Means over minibatches by layer and quantity."""
    shuffled = generator if order == "shuffled" else None
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(draws):
        index = torch.randperm(len(train), generator=generator)[:size].to(train.device)
        errors = batch_errors(network, train.batch(index), alignments, spectra, shuffled=shuffled)
        for layer, error in errors.items():
            found.setdefault((layer, "alignment_error"), []).append(error.alignment)
            found.setdefault((layer, "spectrum_distance"), []).append(error.spectrum)
    return {key: float(np.mean(values)) for key, values in found.items()}


def add_components(metrics: Metrics, rows: pd.DataFrame, settings: dict) -> None:
    """Loading on the first few components over chance at the start, early and at the end, and its later course."""
    few = rows[(rows.quantity == "loading") & (rows.x <= settings["first"])]
    times = {"start": "0", "early": f"{settings['early']:g}", "end": "1"}
    for layer, own in few.groupby("layer"):
        wide = own.pivot_table(index="variant", columns="replicate", values="value")
        for name, time in times.items():
            metrics.put(f"{layer}_{name}_first_loading", of_replicates(wide.loc[time], "log"))
        metrics.put(f"{layer}_end_over_early_loading", ratio(wide.loc["1"], wide.loc[times["early"]], paired=True))


def add_batches(metrics: Metrics, rows: pd.DataFrame, images: int, settings: dict) -> None:
    """Errors at the judged size, with and without covariances, how they fall with the size, and the size needed."""
    for layer, own in rows.groupby("layer"):
        for (quantity, order), part in own.groupby(["quantity", "variant"]):
            wide = part.pivot_table(index="x", columns="replicate", values="value")
            name = f"{layer}_{quantity}" + ("_shuffled" if order == "shuffled" else "")
            at = min(settings["judged"], wide.index.max())
            metrics.put(name, of_replicates(wide.loc[at], "log"))
            if (quantity, order) == ("alignment_error", "minibatch"):
                slopes, needed = zip(*(_law(wide[r], images, settings["near"]) for r in wide), strict=True)
                metrics.put(f"{layer}_error_exponent", of_replicates(slopes))
                metrics.put(f"{layer}_batch_needed", of_replicates(needed, "log"))


def _law(errors: pd.Series, images: int, near: float) -> tuple[float, float]:
    """Exponent of the error against the size over all sizes, and the size at which the law gives the error `near`.

    Minibatches are drawn without replacement, which makes them better by the root of 1 - size / images.
    """
    sizes = errors.index.to_numpy(float)
    independent = errors.to_numpy() / np.sqrt(1 - sizes / images)
    slope, level = np.polyfit(np.log(sizes), np.log(independent), 1)
    return float(slope), float(np.exp((np.log(near) - level) / slope))
