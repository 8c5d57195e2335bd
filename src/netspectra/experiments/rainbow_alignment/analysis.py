"""Do networks from other initialisations find the same directions? All pairs, aligned (rainbow document)."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import nn

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.hidden import hidden_layers, joint_moments, replicates
from netspectra.measures import procrustes
from netspectra.measures.eigenspectra import eigenspectrum, weight_spectrum
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.pairs import add_pairs, pairs

CONTROLS = ("unaligned", "random")


def analyse(given: Given) -> Findings:
    """Tabulate spectra, cosines between eigenvectors of all pairs, and how much of the variance alignment explains."""
    frames, metrics = [], Metrics()
    for name, networks in given.networks.items():
        data, kind, batch = given.data(name), networks.variants[0], given.settings["batch"][name]
        trained = replicates(networks)
        train, test = (joint_moments(trained, split.batches(batch)) for split in (data.train, data.test))
        aligned, r = {}, []
        for number, moments in train.items():
            uncentred, centred, held_out = moments.blocks(False), moments.blocks(True), test[number].blocks(False)
            aligned[number] = {pair: procrustes.align(uncentred[pair]) for pair in pairs(len(trained))}
            r.append(add_correlations(metrics, f"{kind}_{number}", aligned[number], uncentred, centred, held_out))
        add_pairs(metrics, f"{kind}_r_fall", r[0] - r[-1], len(trained))
        covariances = {number: moments.blocks(False) for number, moments in train.items()}
        rows = pd.DataFrame(_rows(trained, covariances, aligned, given.settings))
        frames.append(rows.assign(network=kind))
        add_agreement(metrics, kind, rows, given.settings)
    return Findings(pd.concat(frames), metrics)


def add_correlations(
    metrics: Metrics,
    prefix: str,
    aligned: dict[tuple[int, int], torch.Tensor],
    uncentred: torch.Tensor,
    centred: torch.Tensor,
    held_out: torch.Tensor,
) -> np.ndarray:
    """Add r and the shares of variance explained, centred or not, in training or held out; return r of every pair."""
    found: dict[str, list[float]] = {}
    for (i, j), a in aligned.items():
        # The inner product of A with the cross-covariance that it comes from is tr S: no further decomposition.
        own = procrustes.align(centred[i, j])
        for ending, blocks, given in (("", uncentred, a), ("centred", centred, own), ("test", held_out, a)):
            moments = blocks[i, j], blocks[i, i], blocks[j, j]
            _put(found, "r", ending, procrustes.correlation(*moments, alignment=given))
            _put(found, "explained", ending, procrustes.explained_variance(*moments, alignment=given))
            unscaled = procrustes.explained_variance(*moments, alignment=given, rescale=False)
            _put(found, "explained_unscaled", ending, unscaled)
        _put(found, "r", "overfit", found["r"][-1] - found["r_test"][-1])
    for name, values in found.items():
        add_pairs(metrics, f"{prefix}_{name}", values, len(held_out))
    metrics.number(f"{prefix}_r_of_drawn_pair", found["r"][0])
    return np.array(found["r"])


def _put(found: dict[str, list[float]], name: str, ending: str, value: float) -> None:
    found.setdefault(f"{name}_{ending}".rstrip("_"), []).append(value)


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
            for mode, found in (("aligned", turned(one, aligned[n][i, j])), ("unaligned", one)):
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
    """Best cosines of the first and of late ranks, their ratio, and how far the spectra differ, over all pairs."""
    networks = rows[rows.quantity == "activation_eigenvalue"].replicate.nunique()
    for (layer, what), found in rows[rows.quantity.str.endswith("_best_cosine")].groupby(
        ["layer", rows.quantity.str.split("_").str[0]]
    ):
        for mode, chosen in found.groupby("mode"):
            prefix = f"{kind}_{layer}_{what}" + (f"_{mode}" if mode in CONTROLS else "")
            wide = chosen.pivot_table(index="replicate", columns="x", values="value").loc[chosen.replicate.unique()]
            head = wide.loc[:, : settings["head"]].mean(axis=1)
            add_pairs(metrics, f"{prefix}_cosine_head", head, networks)
            late = wide.loc[:, settings["late"][0] : settings["late"][1]]
            if late.shape[1]:
                add_pairs(metrics, f"{prefix}_cosine_late", late.mean(axis=1), networks)
                add_pairs(metrics, f"{prefix}_cosine_head_over_late", head / late.mean(axis=1), networks)
        values = rows[(rows.layer == layer) & (rows.quantity == f"{what}_eigenvalue")]
        logs = np.log(values.pivot_table(index="replicate", columns="x", values="value").to_numpy().clip(1e-300))
        ratios = [np.median(np.abs(logs[i] - logs[j])) for i, j in pairs(networks)]
        add_pairs(metrics, f"{kind}_{layer}_{what}_spectra_log_ratio", ratios, networks)
