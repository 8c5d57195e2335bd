"""Which findings about the active subspace survive another activation, prior or grid than the document's."""

import numpy as np
import pandas as pd
import torch

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses import prior
from netspectra.lenses.prior import importance, layer_means, layer_places, rows
from netspectra.measures.subspaces import leading_subspace
from netspectra.statistics.intervals import Metrics


def analyse(given: Given) -> Findings:
    """Leading spectrum and importance of the layers, for every choice and several independent sets of gradients."""
    settings = given.settings
    table = pd.concat(
        one_set({**settings["setting"], **change}, settings, replicate, given.device).assign(
            choice=choice, replicate=replicate
        )
        for choice, change in settings["choices"].items()
        for replicate in range(settings["replicates"])
    )
    metrics = Metrics()
    for (choice, finding), found in table[table.quantity == "finding"].groupby(["choice", "layer"]):
        metrics.add(f"{finding}_{choice}", found.value.tolist())
    return Findings(table, metrics)


def one_set(setting: dict, settings: dict, replicate: int, device: torch.device) -> pd.DataFrame:
    """Leading eigenvalues, what their eigenvectors hold of every layer, and the findings in numbers, from one set."""
    g = prior.draw(setting, settings["samples"], settings["seed"] + replicate, device)
    generator = torch.Generator().manual_seed(settings["seed"])
    found = leading_subspace(g, settings["directions"], generator=generator, **settings["randomised"])
    places = layer_places(prior.network(setting["widths"], setting["activation"]))
    means = layer_means(found.vectors.square().mean(1), places)
    values, gap = found.values.cpu(), settings["gap"]
    findings = {
        "share_before_gap": float(values[:gap].sum() / g.square().sum(1).mean()),
        "after_gap_over_before": float(values[gap] / values[gap - 1]),
        **importance(means),
    }
    return pd.concat(
        [
            rows("eigenvalue", np.arange(1, len(values) + 1), values / values[gap - 1]),
            rows("leading", 0, list(means.values()), layer=list(means)),
            rows("finding", 0, list(findings.values()), layer=list(findings)),
        ]
    )
