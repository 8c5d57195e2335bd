"""Readings of what the active-subspace document leaves open, chosen among by one distance to its published curve.

The distance is over all ranks that can be read off, in shape alone; eigenvectors, scale and sample size have no part in
it. The sets of gradients are others than those of active_spectrum, which judges the chosen reading.
"""

import numpy as np
import pandas as pd
import torch

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses import prior
from netspectra.lenses.prior import importance, layer_means, layer_places, rows
from netspectra.measures import decay, subspaces
from netspectra.measures.gradient_covariance import GradientCovariance
from netspectra.statistics.estimates import of_replicates
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.selection import of_selection

CURVE = 250  # ranks of equal logarithmic distance at which a spectrum is kept


def analyse(given: Given) -> Findings:
    """Spectrum and importance of the layers for every reading and set, and which reading is the nearest."""
    settings = given.settings
    table = pd.concat(
        one_set({**settings["setting"], **change}, given, replicate).assign(choice=choice, replicate=replicate)
        for choice, change in settings["choices"].items()
        if change is not None
        for replicate in range(settings["replicates"])
    )
    return Findings(table, summarise(table, given))


def one_set(setting: dict, given: Given, replicate: int) -> pd.DataFrame:
    """Eigenvalues, what the leading eigenvectors hold of every layer, and the findings in numbers, from one set."""
    settings = given.settings
    g = prior.draw(setting, settings["samples"], settings["seed"] + replicate, given.device)
    c = GradientCovariance(g.shape[1], given.device).update(g).covariance()
    del g
    values = subspaces.covariance_spectrum(
        c, settings["samples"], vectors=False, resolution=settings["resolution"]
    ).values.cpu().numpy()  # fmt: skip
    generator = torch.Generator().manual_seed(settings["seed"])
    leading = subspaces.leading_subspace(
        c, settings["directions"], of="covariance", generator=generator, **settings["randomised"]
    ).vectors
    means = layer_means(leading.square().mean(1), layer_places(prior.network(setting)))
    index, read = given.published["index"], given.published["eigenvalue"]
    shape = decay.shape(values, gap=settings["gap"], middle=settings["middle"], held=settings["held"])
    found = {**shape, **importance(means), "distance": decay.distance(values, index, read)}
    found["before_gap"] = values[settings["gap"] - 1]
    kept = np.unique(np.geomspace(1, len(values), CURVE).round().astype(int))
    return pd.concat(
        [
            rows("eigenvalue", kept, values[kept - 1] / values[settings["gap"] - 1]),
            rows("leading", 0, list(means.values()), layer=list(means)),
            rows("finding", 0, list(found.values()), layer=list(found)),
        ]
    )


def summarise(table: pd.DataFrame, given: Given) -> Metrics:
    """Every number of every reading; the nearest reading, in tolerances, with the choice inside its interval."""
    metrics, settings, distances = Metrics(), given.settings, {}
    for (choice, finding), found in table[table.quantity == "finding"].groupby(["choice", "layer"]):
        estimate = of_replicates(found.value.to_numpy(), "log")
        metrics.put(f"{finding}_{choice}", estimate)
        if finding == "distance":
            distances[choice] = {finding: estimate}
    printed = {"distance": (0.0, settings["tolerance"])}
    chosen, nearest = of_selection(
        {name: d for name, d in distances.items() if name in settings["candidates"]}, printed
    )
    metrics.put("nearest", nearest)
    metrics.number("default_is_nearest", float(chosen == settings["default"]))
    generator = torch.Generator().manual_seed(settings["seed"])
    noise = [decay.of_noise(parameters(given), settings["samples"], generator) for _ in range(3)]
    index, read = given.published["index"], given.published["eigenvalue"]
    far = of_replicates([decay.distance(values, index, read) for values in noise], "log")
    metrics.put("nearest_noise", of_selection({"noise": {"distance": far}}, printed).distance)
    return metrics


def parameters(given: Given) -> int:
    """Parameters of the network."""
    return prior.parameters(prior.network(given.settings["setting"]))
