"""Which way of training gives what the published logits say of the CCA tutorial's networks; no similarity decides.

The tutorial does not say how its networks were trained. Its repository holds their logits, and these give facts: how
well the networks tell digits, how large and how alike their logits are. The recipe nearest to all of them, in
tolerances, is the one on which the printed similarities are then judged, on other networks (cca_mnist).
"""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from netspectra.data.images import Split
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.whole_layers import Layer, activations
from netspectra.measures.canonical import cca
from netspectra.measures.tutorial_pwcca import kept_neurons
from netspectra.networks.checkpoints import Networks, variant_settings
from netspectra.networks.looking import looking
from netspectra.statistics.estimates import Estimate, of_pairs, of_replicates
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.pairs import pairs
from netspectra.statistics.selection import Printed, of_selection

SIMILARITY = "logit_cca"
SCALES = {"accuracy": "percent", "cross_entropy": "log", "logit_sd": "log"}


class Recipe(NamedTuple):
    """A variant after so many epochs."""

    variant: str
    epochs: int

    def __str__(self) -> str:
        return f"{self.variant}, {self.epochs} epochs"


def analyse(given: Given) -> Findings:
    """Tabulate the facts for every recipe, and tell which of the candidates is the nearest, and how far it is."""
    ((name, networks),) = given.networks.items()
    settings, split, rows = given.settings, given.data(name).test, []
    found: dict[Recipe, dict[str, Estimate]] = {}
    for recipe, at in recipes(networks):
        measured = pd.DataFrame(facts(networks.stack(recipe.variant, at), split, settings))
        rows.append(measured.assign(recipe=str(recipe), variant=recipe.variant, epochs=recipe.epochs))
        found[recipe] = {fact: estimate(fact, group) for fact, group in measured.groupby("fact", sort=False)}
    printed = tolerances(given.published["facts"], settings)
    return Findings(pd.concat(rows), summarise(found, printed, settings))


def recipes(networks: Networks) -> Iterator[tuple[Recipe, float | None]]:
    """Every recipe, and where its networks stand: a share of training, or None for the end of it."""
    for variant in networks.variants:
        block = variant_settings(networks.settings, variant)
        for share in [*block["snapshots"], None]:
            yield Recipe(variant, round((1 if share is None else share) * block["epochs"])), share


def facts(trained: list[nn.Module], split: Split, settings: dict) -> Iterator[dict]:
    """Rows of what the published logits tell, of every network or pair of networks."""
    layers = activations(trained, split, settings | {"top": 1})
    seen = [logits(network, split, settings["batch"]) for network in trained]
    for i, (layer, of_one) in enumerate(zip(layers, seen, strict=True)):
        for fact, value in of_network(layer, of_one, split.labels.cpu(), settings["epsilon"]).items():
            yield {"fact": fact, "first": i, "second": i, "value": value}
    for i, j in pairs(len(seen)):
        value = float(cca(seen[i], seen[j]).correlations.mean())
        yield {"fact": SIMILARITY, "first": i, "second": j, "value": value}


def logits(network: nn.Module, split: Split, batch: int) -> torch.Tensor:
    """What a network says of every image, (images, classes), float64."""
    with looking(network), torch.no_grad():
        return torch.cat([network(x) for x, _ in split.batches(batch)]).cpu().double()


def of_network(layer: Layer, said: torch.Tensor, labels: torch.Tensor, epsilon: float) -> dict[str, float]:
    """The facts of one network: accuracy in %, cross-entropy in nats, its logits, and the neurons that are kept."""
    return {
        "accuracy": 100 * float((said.argmax(1) == labels).double().mean()),
        "cross_entropy": float(F.cross_entropy(said, labels)),
        "logit_mean": float(said.mean()),
        "logit_sd": float(said.std()),
        "logit_right": float(said.gather(1, labels[:, None]).mean()),
        "logit_largest": float(said.max()),
        "kept": float(kept_neurons(layer.whitened.scatter, epsilon).sum()),
    }


def estimate(fact: str, rows: pd.DataFrame) -> Estimate:
    """The mean over networks, or over pairs of networks, with its interval."""
    if fact == SIMILARITY:
        return of_pairs(rows.value, rows[["first", "second"]].to_numpy(), scale="logit")
    return of_replicates(rows.value, SCALES.get(fact, "identity"))


def tolerances(published: dict[str, float], settings: dict) -> Printed:
    """Every fact with its tolerance: a share of it, for the accuracy of the error rate."""
    sizes = {fact: 100 - value if fact == "accuracy" else abs(value) for fact, value in published.items()}
    found = {fact: (value, settings["tolerance"] * sizes[fact]) for fact, value in published.items()}
    return found | {SIMILARITY: (published[SIMILARITY], settings["similarity"])}


def summarise(found: dict[Recipe, dict[str, Estimate]], printed: Printed, settings: dict) -> Metrics:
    """How far the nearest candidate is, how far the control, and whether the nearest is the recipe in use."""
    metrics = Metrics()
    chosen, distance = of_selection({r: f for r, f in found.items() if r.variant in settings["candidates"]}, printed)
    metrics.put("distance", distance)
    control = {r: f for r, f in found.items() if r.variant == settings["control"]}
    metrics.put("distance_control", of_selection(control, printed).distance)
    metrics.number("recipe_in_use", float(str(chosen) == settings["recipe"]))
    for recipe, of_recipe in found.items():
        alone = of_selection({recipe: of_recipe}, printed).distance
        metrics.number(f"distance of {recipe}", alone.value)
    for fact, value in found[chosen].items():
        metrics.put(f"chosen_{fact}", value)
    return metrics
