"""CCA, SVCCA, PWCCA and CKA of one layer of MNIST networks, against noise and permuted samples (CCA tutorial)."""

from collections.abc import Iterator

import pandas as pd
import torch

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.hidden import replicates
from netspectra.lenses.whole_layers import Layer, activations, singular_values
from netspectra.measures.canonical import correlate, mean_correlation, pwcca
from netspectra.measures.cca_inference import bartlett_rank, bartlett_tests, null_edge, null_mean
from netspectra.measures.cka import cka
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.pairs import add_pairs, pairs

METHODS = ("mean", "top", "svcca_mean", "pwcca", "pwcca_tutorial", "cka", "cka_debiased")


def analyse(given: Given) -> Findings:
    """Tabulate, for every pair of layers, the correlations and what each method makes of them; then singular values."""
    settings = given.settings
    ((name, networks),) = given.networks.items()
    generator = torch.Generator().manual_seed(settings["seed"])
    trained = activations(replicates(networks), given.data(name).test, settings)
    shape = trained[0].x.shape
    noise = [Layer(torch.randn(shape, generator=generator, dtype=torch.float64), settings["top"]) for _ in trained]
    groups = {"mnist": trained, "noise": noise, "permuted": trained}
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
        for quantity, values in wide[group].items():
            add_pairs(metrics, f"{group}_{quantity}", values, len(trained))
    rows.append(singular_rows(trained))
    contrast(metrics, wide, len(trained))
    singular_metrics(metrics, trained, settings["top"])
    rows.append(theory(metrics, shape, round(metrics["mnist_rank"]), settings["top"]))
    return Findings(pd.concat(rows), metrics)


def compare(a: Layer, b: Layer, settings: dict) -> Iterator[dict]:
    """Rows of one pair: correlations by index (all, SVCCA), p-values of Bartlett's test, and one value a method."""
    weighted = pwcca(a.whitened, b.whitened)
    rho, kept = weighted.correlations, correlate(a.principal, b.principal).correlations
    for quantity, values in (
        ("cca", rho),
        ("svcca", kept),
        ("bartlett", bartlett_tests(rho, len(a.x), a.whitened.rank, b.whitened.rank)),
    ):
        yield from ({"quantity": quantity, "x": i, "value": v} for i, v in enumerate(values.tolist()))
    found = {
        "mean": float(rho.mean()),
        "top": mean_correlation(rho, top=min(settings["top"], len(rho))),
        "mass": mean_correlation(rho, mass=settings["mass"]),
        "svcca_mean": float(kept.mean()),
        "pwcca": weighted.similarity,
        "pwcca_tutorial": pwcca(a.whitened, b.whitened, form="tutorial").similarity,
        "cka": cka(a.whitened, b.whitened),
        "cka_debiased": cka(a.whitened, b.whitened, debiased=True),
        "rank": len(rho),
        "largest": float(rho[0]),
        "significant": bartlett_rank(rho, len(a.x), a.whitened.rank, b.whitened.rank, level=settings["level"]),
    }
    yield from ({"quantity": quantity, "x": 0, "value": value} for quantity, value in found.items())


def singular_rows(trained: list[Layer]) -> pd.DataFrame:
    """Singular values of the centred activations of every network."""
    return pd.DataFrame(
        {"quantity": "singular", "network": "mnist", "pair": str(i), "x": k, "value": value}
        for i, layer in enumerate(trained)
        for k, value in enumerate(singular_values(layer).tolist())
    )


def by_pair(rows: pd.DataFrame) -> pd.DataFrame:
    """What a pair has one value of: pairs in rows, quantities in columns."""
    single = rows[~rows.quantity.isin(["cca", "svcca", "bartlett"])]
    return single.pivot(index="pair", columns="quantity", values="value").reindex(single.pair.unique())


def contrast(metrics: Metrics, wide: dict[str, pd.DataFrame], networks: int) -> None:
    """Add, per method, networks less noise, the differences between methods' contrasts, and ratios claimed."""
    found = {}
    for baseline in ("noise", "permuted"):
        gain = wide["mnist"] - wide[baseline]
        found |= {f"{method}_over_{baseline}": gain[method] for method in METHODS}
    for better, worse in (("svcca_mean", "pwcca"), ("pwcca", "mean"), ("top", "mean")):
        found[f"{better}_contrast_over_{worse}"] = found[f"{better}_over_noise"] - found[f"{worse}_over_noise"]
    found["svcca_ratio"] = wide["mnist"].svcca_mean / wide["noise"].svcca_mean
    found["pwcca_over_mean"] = wide["mnist"].pwcca - wide["mnist"]["mean"]
    found["noise_pwcca_minus_mean"] = wide["noise"].pwcca - wide["noise"]["mean"]
    for name, values in found.items():
        add_pairs(metrics, name, values, networks)


def singular_metrics(metrics: Metrics, trained: list[Layer], top: int) -> None:
    """Add the share of the first singular values, of their sum (as printed) and of the variance."""
    values = torch.stack([singular_values(layer) for layer in trained])
    metrics.add("singular_share_of_sum", values[:, :top].sum(1) / values.sum(1))
    metrics.add("singular_share_of_variance", values[:, :top].square().sum(1) / values.square().sum(1))
    metrics.add("singular_largest", values[:, 0])


def theory(metrics: Metrics, shape: torch.Size, rank: int, top: int) -> pd.DataFrame:
    """Add Wachter's mean and edge for all neurons, for the rank that the networks keep and for SVCCA; rows of two."""
    samples, neurons = shape
    rows = []
    for name, width, quantity in (("all", neurons, "cca"), ("kept", rank, None), ("top", top, "svcca")):
        mean, edge = null_mean(samples - 1, width, width), null_edge(samples - 1, width, width)
        metrics.number(f"expected_mean_{name}", mean)
        metrics.number(f"expected_edge_{name}", edge)
        if quantity:
            rows += [
                {"quantity": f"{quantity} edge", "value": edge},
                {"quantity": f"{quantity} expected", "value": mean},
            ]
    return pd.DataFrame(rows).assign(network="theory", pair="none", x=0)
