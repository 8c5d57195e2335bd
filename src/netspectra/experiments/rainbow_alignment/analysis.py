"""Do networks from other initialisations find the same directions? All pairs, aligned (rainbow document)."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pandas as pd
import torch
from torch import nn

from netspectra.experiments.measuring import Findings, Given
from netspectra.experiments.rainbow_alignment.correlations import (
    add_correlations,
    add_mismatched,
    add_overfit,
    estimate_of_pairs,
)
from netspectra.lenses.hidden import JointMoments, hidden_layers, joint_moments, replicates
from netspectra.measures import procrustes
from netspectra.measures.eigenspectra import eigenspectrum, weight_spectrum
from netspectra.statistics.estimates import of_pairs, of_replicates
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.pairs import pairs

CONTROLS = ("unaligned", "random")
CONTROL_NETWORKS = 3  # the fewest whose pairs give an interval


def analyse(given: Given) -> Findings:
    """Tabulate spectra, cosines between eigenvectors of all pairs, and how much of the variance alignment explains."""
    frames, metrics = [], Metrics()
    for name, networks in given.networks.items():
        data, kind, batch = given.data(name), networks.variants[0], given.settings["batch"][name]
        trained, initial = replicates(networks), replicates(networks, at=0)
        train, test = (joint_moments(trained, split.batches(batch)) for split in (data.train, data.test))
        few = joint_moments(trained, islice(data.train.batches(batch), 1))
        aligned, r = {}, []
        for number, moments in train.items():
            uncentred, centred, held_out = moments.blocks(False), moments.blocks(True), test[number].blocks(False)
            aligned[number] = {pair: procrustes.align(uncentred[pair]) for pair in pairs(len(trained))}
            found = add_correlations(metrics, f"{kind}_{number}", aligned[number], uncentred, centred, held_out)
            frames.append(pd.DataFrame(_correlations(number, found, list(aligned[number]))).assign(network=kind))
            r.append(np.array(found["r"]))
            add_overfit(metrics, f"{kind}_{number}_few", few[number].blocks(False), held_out)
        metrics.put(f"{kind}_r_fall", of_pairs(r[0] - r[-1], pairs(len(trained)), scale=(-1, 1)))
        covariances = {number: moments.blocks(False) for number, moments in train.items()}
        rows = pd.DataFrame(_rows(trained, covariances, aligned, given.settings))
        frames.append(rows.assign(network=kind))
        add_agreement(metrics, kind, rows, given.settings)
        untrained = None
        if name in given.settings["controls"]:
            controls = trained[:CONTROL_NETWORKS]
            add_mismatched(metrics, kind, joint_moments(controls, data.train.batches(batch), mismatched=True))
            moments = [joint_moments([network], data.train.batches(batch)) for network in initial]
            untrained = _initial_spectra(initial, moments)
        add_spectra(metrics, kind, rows, untrained, given.settings)
    return Findings(pd.concat(frames), metrics)


def _rows(
    trained: list[nn.Sequential],
    covariances: dict[int, torch.Tensor],
    aligned: dict[int, dict[tuple[int, int], torch.Tensor]],
    settings: dict,
) -> Iterator[dict]:
    generator, shown = torch.Generator().manual_seed(settings["seed"]), settings["shown"]
    for h in hidden_layers(trained[0]):
        n = h.number
        activations = [eigenspectrum(covariances[n][i, i]) for i in range(len(trained))]
        weights = [weight_spectrum(network.get_submodule(h.layer).weight, full=False) for network in trained]
        for i in range(len(trained)):
            yield from _spectrum(n, i, "activation_eigenvalue", activations[i].values)
            yield from _spectrum(n, i, "weight_eigenvalue", weights[i].values)
        for i, j in aligned[n]:
            one, two = activations[i].vectors, activations[j].vectors
            modes = ("aligned", turned(one, aligned[n][i, j])), ("unaligned", one)
            for mode, found in (*modes, ("random", _random_directions(one[:, :shown], generator))):
                yield from _cosines(n, (i, j), "activation", mode, found[:, :shown].T @ two[:, :shown])
            one, two = weights[i].vectors[:, :shown], weights[j].vectors[:, :shown]
            modes = ("shared", one), ("random", _random_directions(one, generator))
            if n > 1:  # the networks share the inputs of the first layer alone
                modes = ("aligned", turned(one, aligned[n - 1][i, j])), ("unaligned", one)
            for mode, found in modes:
                yield from _cosines(n, (i, j), "weight", mode, found.T @ two)


def _random_directions(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Orthonormal columns that point anywhere, in the shape and on the device of `like`."""
    return torch.linalg.qr(torch.randn(like.shape, dtype=like.dtype, generator=generator)).Q.to(like.device)


def turned(vectors: torch.Tensor, alignment: torch.Tensor) -> torch.Tensor:
    """Directions (C * rest, K) of one network's inputs, as the other network's inputs have them."""
    grouped = vectors.unflatten(0, (len(alignment), -1))
    return torch.einsum("crk,cd->drk", grouped, alignment).flatten(0, 1)


def _correlations(layer: int, found: dict[str, list[float]], numbers: list[tuple[int, int]]) -> Iterator[dict]:
    """What the figure of r shows, one row a pair."""
    for quantity in ("r", "r_test", "explained", "explained_test"):
        for x, ((i, j), value) in enumerate(zip(numbers, found[quantity], strict=True), 1):
            key = {"layer": layer, "replicate": f"{i}-{j}", "quantity": quantity, "mode": ""}
            yield key | {"x": x, "value": value}


def _spectrum(layer: int, replicate: int, quantity: str, values: torch.Tensor) -> Iterator[dict]:
    for rank, value in enumerate(values.tolist(), 1):
        yield {"layer": layer, "replicate": replicate, "quantity": quantity, "mode": "", "x": rank, "value": value}


def _cosines(layer: int, pair: tuple[int, int], what: str, mode: str, cosines: torch.Tensor) -> Iterator[dict]:
    """The largest |cosine| of every shown direction, the overlap of the first k, and the first pair's matrix."""
    cosines = cosines.abs()
    key = {"layer": layer, "replicate": f"{pair[0]}-{pair[1]}", "mode": mode}
    square = cosines.square().cumsum(0).cumsum(1).diagonal()
    for rank, (best, overlap) in enumerate(zip(cosines.amax(1).tolist(), square.tolist(), strict=True), 1):
        yield {**key, "quantity": f"{what}_best_cosine", "x": rank, "value": best}
        yield {**key, "quantity": f"{what}_overlap", "x": rank, "value": overlap / rank}
    if pair == (0, 1) and mode not in CONTROLS:
        for rank, row in enumerate(cosines.tolist(), 1):
            for y, value in enumerate(row, 1):
                yield {**key, "quantity": f"{what}_cosine", "x": rank, "y": y, "value": value}


def add_agreement(metrics: Metrics, kind: str, rows: pd.DataFrame, settings: dict) -> None:
    """Best cosines of the first and of late ranks, and their ratio, over all pairs."""
    networks = rows[rows.quantity == "activation_eigenvalue"].replicate.nunique()
    for (layer, what), found in rows[rows.quantity.str.endswith("_best_cosine")].groupby(
        ["layer", rows.quantity.str.split("_").str[0]]
    ):
        for mode, chosen in found.groupby("mode"):
            prefix = f"{kind}_{layer}_{what}" + (f"_{mode}" if mode in CONTROLS else "")
            wide = chosen.pivot_table(index="replicate", columns="x", values="value").loc[chosen.replicate.unique()]
            head = wide.loc[:, : settings["head"]].mean(axis=1)
            estimate_of_pairs(metrics, f"{prefix}_cosine_head", head, networks, "logit")
            late = wide.loc[:, settings["late"][0] : settings["late"][1]]
            if late.shape[1]:
                estimate_of_pairs(metrics, f"{prefix}_cosine_late", late.mean(axis=1), networks, "logit")
                estimate_of_pairs(metrics, f"{prefix}_cosine_head_over_late", head / late.mean(axis=1), networks, "log")


def _initial_spectra(initial: list[nn.Sequential], moments: list[dict[int, JointMoments]]) -> dict:
    """Eigenvalues (networks, ranks) before training, by layer and kind."""
    found = {}
    for h in hidden_layers(initial[0]):
        seen = [eigenspectrum(m[h.number].moments.covariance(False)).values for m in moments]
        weights = [weight_spectrum(n.get_submodule(h.layer).weight, full=False).values for n in initial]
        found[h.number, "activation"], found[h.number, "weight"] = torch.stack(seen), torch.stack(weights)
    return found


def add_spectra(metrics: Metrics, kind: str, rows: pd.DataFrame, initial: dict | None, settings: dict) -> None:
    """Median absolute difference of log eigenvalues of two networks; the control holds them against untrained ones.

    Of the weights only the learned components count: the bulk is the same in any two networks.
    """
    layers = rows.layer.unique()
    for layer, what in ((layer, what) for layer in layers for what in ("activation", "weight")):
        values = rows[(rows.layer == layer) & (rows.quantity == f"{what}_eigenvalue")]
        spectra = values.pivot_table(index="replicate", columns="x", values="value").to_numpy()
        last = settings["learned"][layer - 1] if what == "weight" else spectra.shape[1]
        logs, name = _logs(spectra)[:, :last], f"{kind}_{layer}_{what}_spectra_log_ratio"
        ratios = [np.median(np.abs(logs[i] - logs[j])) for i, j in pairs(len(logs))]
        estimate_of_pairs(metrics, name, ratios, len(logs), "log")
        if initial:
            before = _logs(initial[layer, what].cpu().numpy())[:, :last]
            metrics.put(f"{name}_untrained", of_replicates(np.median(np.abs(logs - before), 1), "log"))


def _logs(spectra: np.ndarray) -> np.ndarray:
    return np.log(np.clip(spectra, 1e-300, None))
