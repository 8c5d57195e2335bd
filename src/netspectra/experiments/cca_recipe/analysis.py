"""How the printed similarities depend on how the networks were trained, which the CCA tutorial does not say."""

from collections.abc import Iterator

import pandas as pd

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.whole_layers import Layer, activations, singular_values
from netspectra.measures.canonical import correlate, mean_correlation, pwcca
from netspectra.networks.checkpoints import variant_settings
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.pairs import add_pairs, pairs


def analyse(given: Given) -> Findings:
    """Tabulate the printed quantities for every recipe and length of training, and how near the printed values come."""
    ((name, networks),) = given.networks.items()
    settings, split = given.settings, given.data(name).test
    rows, metrics = [], Metrics()
    for variant in networks.variants:
        block = variant_settings(networks.settings, variant)
        for fraction in block["snapshots"]:
            trained = activations(networks.stack(variant, fraction), split, settings)
            found = pd.DataFrame(compare(trained, settings["top"]))
            found = found.assign(variant=variant, epochs=round(fraction * block["epochs"]))
            rows.append(found)
    table = pd.concat(rows)
    for quantity, printed in given.published.items():
        add_nearest(metrics, quantity, printed, table[table.quantity == quantity], networks.settings["replicates"])
    return Findings(table, metrics)


def compare(trained: list[Layer], top: int) -> Iterator[dict]:
    """What the tutorial prints of its pair of networks, for every pair."""
    for i, j in pairs(len(trained)):
        a, b = trained[i], trained[j]
        weighted = pwcca(a.whitened, b.whitened)
        share = [float(s[:top].sum() / s.sum()) for s in map(singular_values, (a, b))]
        found = {
            "mean": float(weighted.correlations.mean()),
            "top": mean_correlation(weighted.correlations, top=top),
            "svcca": float(correlate(a.principal, b.principal).correlations.mean()),
            "pwcca": pwcca(a.whitened, b.whitened, form="tutorial").similarity,
            "share": sum(share) / 2,
        }
        yield from ({"quantity": quantity, "pair": f"{i}-{j}", "value": value} for quantity, value in found.items())


def add_nearest(metrics: Metrics, quantity: str, printed: float, rows: pd.DataFrame, networks: int) -> None:
    """Add the distance from the printed value of the recipe whose mean over pairs is nearest to it."""
    recipes = [group.value.to_numpy() - printed for _, group in rows.groupby(["variant", "epochs"], sort=False)]
    add_pairs(metrics, f"{quantity}_nearest", min(recipes, key=lambda found: abs(found.mean())), networks)
    means = [found.mean() + printed for found in recipes]
    metrics.number(f"{quantity}_least", min(means))
    metrics.number(f"{quantity}_greatest", max(means))
