"""CCA, SVCCA, PWCCA and CKA of one layer of MNIST networks, against noise and permuted samples (CCA tutorial).

What the tutorial prints of its networks is of one pair, so it is compared by the interval of a single pair; what it
prints of PWCCA and of the mean is compared in the form that its code computes.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.hidden import replicates
from netspectra.lenses.whole_layers import Layer, activations, singular_values
from netspectra.measures.canonical import correlate, mean_correlation
from netspectra.measures.cca_inference import bartlett_rank, bartlett_tests, null_edge, null_mean
from netspectra.measures.cka import cka
from netspectra.measures.pwcca import pwcca
from netspectra.measures.tutorial_pwcca import kept_neurons
from netspectra.statistics.estimates import of_pairs
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.pairs import pairs
from netspectra.statistics.predictions import of_single_draw, of_single_pair

METHODS = ("mean", "top", "svcca_mean", "pwcca", "pwcca_tutorial", "cka", "cka_debiased")
ACCENTUATING = {"top": "top_tutorial", "svcca": "svcca_mean", "pwcca": "pwcca_tutorial"}
CURVES = ("cca", "svcca", "bartlett")
COUNTS = ("rank", "significant")
EPSILON = 1e-10  # of the tutorial's calls


def analyse(given: Given) -> Findings:
    """Tabulate, for every pair of layers, the correlations and what each method makes of them; then singular values."""
    settings = given.settings
    ((name, networks),) = given.networks.items()
    generator = torch.Generator().manual_seed(settings["seed"])
    trained, untrained = (activations(replicates(networks, at), given.data(name).test, settings) for at in (None, 0))
    kept = round(float(np.mean([neurons_kept(layer) for layer in trained])))
    noise = [gaussian(layer, layer.x.shape[1], generator) for layer in trained]
    groups = {"mnist": trained, "noise": noise, "permuted": trained, "untrained": untrained}
    groups["noise_kept"] = [Layer(layer.x[:, :kept], settings["top"]) for layer in noise]
    rows, metrics, wide = [], Metrics(), {}
    for group, found in groups.items():
        shuffled = [layer.permuted(generator) for layer in found] if group == "permuted" else found
        of_group = pd.DataFrame(
            row | {"network": group, "pair": f"{i}-{j}"}
            for i, j in pairs(len(found))
            for row in compare(found[i], shuffled[j], settings)
        )
        rows.append(of_group)
        wide[group] = by_pair(of_group)
    summarise(metrics, wide)
    singular = {group: torch.stack([singular_values(a) for a in groups[group]]) for group in ("mnist", "noise")}
    singular["untrained"] = torch.stack([singular_values(layer) for layer in untrained])
    rows.append(singular_rows(singular["mnist"]))
    for group, values in singular.items():
        singular_metrics(metrics, group, values, settings["top"])
        draws(metrics, f"{group}_kept", [neurons_kept(layer) for layer in groups[group]])
    rows.append(theory(metrics, noise[0].x.shape, kept, settings["top"]))
    return Findings(pd.concat(rows), metrics)


def gaussian(like: Layer, neurons: int, generator: torch.Generator) -> Layer:
    """Independent Gaussian neurons over as many samples."""
    x = torch.randn(len(like.x), neurons, generator=generator, dtype=torch.float64)
    return Layer(x, like.keep)


def neurons_kept(layer: Layer) -> int:
    """Neurons that the tutorial's code does not drop."""
    return int(kept_neurons(layer.whitened.scatter, EPSILON).sum())


def compare(a: Layer, b: Layer, settings: dict) -> Iterator[dict]:
    """Rows of one pair: correlations by index (all, SVCCA), p-values of Bartlett's test, and one value a method."""
    weighted, kept = pwcca(a.whitened, b.whitened), correlate(a.principal, b.principal).correlations
    rho, ranks = weighted.correlations, (a.whitened.rank, b.whitened.rank)
    for quantity, values in zip(CURVES, (rho, kept, bartlett_tests(rho, len(a.x), *ranks)), strict=True):
        yield from ({"quantity": quantity, "x": i, "value": v} for i, v in enumerate(values.tolist(), 1))
    tutorial, top = pwcca(a.whitened, b.whitened, form="tutorial", epsilon=EPSILON), settings["top"]
    found = {
        "mean": float(rho.mean()),
        "mean_tutorial": float(tutorial.correlations.mean()),
        "top": mean_correlation(rho, top=min(top, len(rho))),
        "top_tutorial": mean_correlation(tutorial.correlations, top=min(top, len(tutorial.correlations))),
        "mass": mean_correlation(rho, mass=settings["mass"]),
        "svcca_mean": float(kept.mean()),
        "pwcca": weighted.similarity,
        "pwcca_tutorial": tutorial.similarity,
        "cka": cka(a.whitened, b.whitened),
        "cka_debiased": cka(a.whitened, b.whitened, debiased=True),
        "rank": len(rho),
        "largest": float(rho[0]),
        "significant": bartlett_rank(rho, len(a.x), *ranks, level=settings["level"]),
    }
    yield from ({"quantity": quantity, "x": 0, "value": value} for quantity, value in found.items())


def singular_rows(values: torch.Tensor) -> pd.DataFrame:
    """Singular values (networks, neurons) of the centred activations of every network."""
    return pd.DataFrame(
        {"quantity": "singular", "network": "mnist", "pair": str(i), "x": k, "value": value}
        for i, of_one in enumerate(values.tolist())
        for k, value in enumerate(of_one, 1)
    )


def by_pair(rows: pd.DataFrame) -> pd.DataFrame:
    """What a pair has one value of: pairs in rows, quantities in columns."""
    single = rows[~rows.quantity.isin(CURVES)]
    return single.pivot(index="pair", columns="quantity", values="value").reindex(single.pair.unique())


def summarise(metrics: Metrics, wide: dict[str, pd.DataFrame]) -> None:
    """Add every quantity of every group: the mean over pairs, and what another pair would give; then the contrasts."""
    for group, found in wide.items():
        for quantity, values in found.items():
            scale = "identity" if quantity in COUNTS else "fisher_z" if quantity == "cka_debiased" else "logit"
            put(metrics, f"{group}_{quantity}", values, scale)
    for name, values in contrasts(wide).items():
        put(metrics, name, values, "fisher_z")


def put(metrics: Metrics, name: str, values: pd.Series, scale: str) -> None:
    """Add the mean over pairs, and the prediction for a single one as `{name}_of_a_pair`."""
    of = [tuple(map(int, pair.split("-"))) for pair in values.index]
    metrics.put(name, of_pairs(values, of, scale=scale))
    metrics.put(f"{name}_of_a_pair", of_single_pair(values, of, scale))


def contrasts(wide: dict[str, pd.DataFrame]) -> dict[str, pd.Series]:
    """By pair: networks less noise under every method, how far each method is ahead of the mean, SVCCA of the next.

    The same of permuted samples, whose names end so, has nothing to set apart.
    """
    found = {f"{method}_over_permuted": (wide["mnist"] - wide["permuted"])[method] for method in METHODS}
    for group, suffix in (("mnist", ""), ("permuted", "_permuted")):
        gain = wide[group] - wide["noise"]
        found |= {f"{method}_over_noise{suffix}": gain[method] for method in METHODS}
        found[f"mean_tutorial_over_noise{suffix}"] = gain.mean_tutorial
        ahead = {name: gain[method] - gain.mean_tutorial for name, method in ACCENTUATING.items()}
        found |= {f"{name}_accentuates{suffix}": values for name, values in ahead.items()}
        found[f"svcca_ahead{suffix}"] = ahead["svcca"] - np.maximum(ahead["top"], ahead["pwcca"])
        found[f"mass_over_mean{suffix}"] = wide[group].mass - wide[group]["mean"]
    return found


def draws(metrics: Metrics, name: str, values: list[float], scale: str = "identity") -> None:
    """Add what another network would give: a prediction interval."""
    metrics.put(name, of_single_draw([[value] for value in values], scale))


def singular_metrics(metrics: Metrics, group: str, values: torch.Tensor, top: int) -> None:
    """Add the share of the first singular values, of their sum (as printed) and of the variance, the first and last."""
    shares = {"sum": values, "variance": values.square()}
    for of, powers in shares.items():
        draws(metrics, f"{group}_share_of_{of}", (powers[:, :top].sum(1) / powers.sum(1)).tolist(), "logit")
    for index in (1, top):
        draws(metrics, f"{group}_singular_{index}", values[:, index - 1].tolist(), "log")


def theory(metrics: Metrics, shape: torch.Size, kept: int, top: int) -> pd.DataFrame:
    """Add Wachter's mean and edge for all neurons, for as many as are kept and for SVCCA; rows of two."""
    samples, neurons = shape
    rows = []
    for name, width, quantity in (("all", neurons, "cca"), ("kept", kept, "kept"), ("top", top, "svcca")):
        mean, edge = null_mean(samples - 1, width, width), null_edge(samples - 1, width, width)
        metrics.number(f"expected_mean_{name}", mean)
        metrics.number(f"expected_edge_{name}", edge)
        rows += [{"quantity": f"{quantity} edge", "value": edge}, {"quantity": f"{quantity} expected", "value": mean}]
    return pd.DataFrame(rows).assign(network="theory", pair="none", x=0)
