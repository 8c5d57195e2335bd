"""Recurrent language models: every layer's distance from its end through training, and the state along a sequence."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from torch import nn

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.controls import displaced
from netspectra.lenses.representations import along_sequence, distances_to, representations
from netspectra.lenses.scoring import accuracy
from netspectra.measures.compared import MEASURES
from netspectra.networks.checkpoints import Networks, variant_settings
from netspectra.statistics.contrasts import ratio
from netspectra.statistics.intervals import Metrics

QUANTITIES = (*MEASURES, "pwcca_first", "pwcca_second")
ENDINGS = {"trained": "", "drift": "_control"}
LATE = 0.9  # checkpoints before this share of training are judged


def analyse(given: Given) -> Findings:
    """Tabulate distances of layers to their ends, of the same networks moved as far at random, and along sequences."""
    (name,) = given.settings["networks"]
    networks, frames, metrics = given.networks[name], [], Metrics()
    for variant in networks.variants:
        test = given.data(name, variant).test
        metrics.add(
            f"{variant}_accuracy", [100 * accuracy(n, test.batches(test.at_once)) for n in networks.stack(variant)]
        )
        windows = [x for x, _ in test.batches(given.settings["batch"])]
        few = list(torch.cat(windows)[: given.settings["windows"]].split(given.settings["batch"]))
        rows = pd.DataFrame(_through_training(networks, variant, few, given.settings["seed"])).assign(network=variant)
        add_curves(metrics, variant, rows, given.settings["share"])
        frames += [rows, pd.DataFrame(ratios(metrics, variant, rows))]
        frames.append(pd.DataFrame(_along(networks, variant, windows)).assign(network=variant, quantity="sequence"))
    return Findings(pd.concat(frames), metrics)


def places_of(network: nn.Module) -> list[str]:
    """The recurrent layers in order."""
    return [name for name, layer in network.named_children() if isinstance(layer, nn.LSTM)]


def _through_training(networks: Networks, variant: str, batches: list, seed: int) -> Iterator[dict]:
    """At every time that was kept, and at the end."""
    times = variant_settings(networks.settings, variant)["snapshots"]
    generator, kept = torch.Generator().manual_seed(seed), [list(networks.stack(variant, at)) for at in times]
    for i, last in enumerate(networks.stack(variant)):
        places = places_of(last)
        final = representations(last, places, batches)
        drifted = [displaced(last, stack[i], generator) for stack in kept]
        for state, earlier in (("trained", [stack[i] for stack in kept]), ("drift", drifted)):
            found = distances_to(final, [*(representations(n, places, batches) for n in earlier), final])
            for at, layers in zip([*times, 1.0], found, strict=True):
                for layer, place in enumerate(places, 1):
                    key = {"quantity": "training", "state": state, "replicate": i, "layer": layer, "x": at}
                    yield from ({**key, "measure": m, "value": getattr(layers[place], m)} for m in QUANTITIES)


def add_curves(metrics: Metrics, variant: str, rows: pd.DataFrame, share: float) -> None:
    """What the notes claim of the curves, per replicate, for the networks and for equal drift as `_control`."""
    gaps = {}
    for state, ending in ENDINGS.items():
        found = rows[rows.state == state]
        weighted, plain = curves(found, "pwcca"), curves(found, "mean_cca")
        judged, late = [x for x in weighted[0].index if x < LATE], [x for x in weighted[0].index if 0.5 <= x < LATE]
        gaps[state] = [reached(first_gap(c).loc[judged], share) for c in weighted]
        metrics.add(f"{variant}_gap{ending}", gaps[state])
        metrics.add(f"{variant}_least_step{ending}", [least_step(c.loc[judged].mean()) for c in weighted])
        orders = [[spearmanr(c.columns, c.loc[late].mean())[0] for c in both] for both in (weighted, plain)]
        metrics.add(f"{variant}_order_weighted{ending}", orders[0])
        metrics.add(f"{variant}_order_unweighted{ending}", orders[1])
        metrics.add(f"{variant}_weighted_over_unweighted{ending}", np.subtract(*orders))
        metrics.add(f"{variant}_worst_rise{ending}", [float(c.diff().max().max()) for c in weighted])
        metrics.number(f"{variant}_final{ending}", max(float(c.loc[1.0].abs().max()) for c in weighted))
    metrics.add(f"{variant}_gap_beyond_drift", np.subtract(gaps["trained"], gaps["drift"]))


def reached(gaps: pd.Series, share: float) -> float:
    """The gap that this share of the checkpoints has at least."""
    return float(np.sort(gaps)[int(round((1 - share) * len(gaps), 9))])


def curves(rows: pd.DataFrame, measure: str) -> list[pd.DataFrame]:
    """Distances of every replicate, times as rows and layers as columns."""
    chosen = rows[rows.measure == measure]
    return [found.pivot(index="x", columns="layer", values="value") for _, found in chosen.groupby("replicate")]


def first_gap(curve: pd.DataFrame) -> pd.Series:
    """How much farther the nearest of the other layers is from its end than the first layer, at every time."""
    return nearest_other(curve) - curve.iloc[:, 0]


def nearest_other(curve: pd.DataFrame) -> pd.Series:
    """Distance of the layer that is nearest to its end, the first left out, at every time."""
    return curve.iloc[:, 1:].min(axis=1)


def least_step(distances: pd.Series) -> float:
    """The least rise from one layer to the next."""
    return min(b - a for a, b in pairwise(distances))


def ratios(metrics: Metrics, variant: str, rows: pd.DataFrame) -> Iterator[dict]:
    """Mean distance of the nearest other layer over that of the first, before `LATE`, under every measure."""
    for state, ending in ENDINGS.items():
        for measure in MEASURES:
            found = [c[c.index < LATE] for c in curves(rows[rows.state == state], measure)]
            others, first = ([f(c).mean() for c in found] for f in (nearest_other, lambda c: c.iloc[:, 0]))
            one = ratio(others, first, paired=True)
            metrics.put(f"{variant}_{measure}_ratio{ending}", one)
            ends = {"value": one.value, "low": one.low, "high": one.high}
            yield {"network": variant, "quantity": "ratio", "state": state, "measure": measure, **ends}


def _along(networks: Networks, variant: str, batches: list) -> Iterator[dict]:
    """Distances of the state at every step from that at the last, sequences as samples, trained and untrained."""
    for state, at in (("trained", None), ("untrained", 0)):
        for i, network in enumerate(networks.stack(variant, at)):
            places = places_of(network)
            for layer, x in enumerate(representations(network, places, batches).values(), 1):
                for step, found in enumerate(along_sequence(x), 1):
                    key = {"state": state, "replicate": i, "layer": layer, "x": step}
                    yield from ({**key, "measure": m, "value": getattr(found, m)} for m in QUANTITIES)
