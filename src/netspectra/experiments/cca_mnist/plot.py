"""The CCA family on MNIST networks: spectra against noise, singular values, cut-offs and all methods side by side."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import labels, pairs, style

GROUPS = {
    "mnist": ("trained networks", {"color": style.COLOUR["trained"]}),
    "untrained": ("untrained networks", {"color": style.COLOUR["untrained"]}),
    "permuted": ("trained, samples of one permuted", {"color": "0.35", "linestyle": (0, (1, 1))}),
    "noise": ("Gaussian noise", {"color": style.COLOUR["noise"]}),
}
KEPT = {"noise_kept": ("noise of as many neurons as are kept", {"color": "0.7"})}
METHODS = {
    "mean_tutorial": "mean CCA\n(tutorial)",
    "mean": "mean CCA",
    "mass": "mass",
    "top": "top",
    "svcca_mean": "SVCCA",
    "pwcca_tutorial": "PWCCA\n(tutorial)",
    "pwcca": "PWCCA\n(paper)",
    "cka": "CKA",
    "cka_debiased": "CKA\ndebiased",
}
LEAST = 1e-4  # of the largest singular value, that is shown
PRINTED = {"mean": "mean_tutorial"}  # under which of METHODS a printed value stands, where that has another name


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The five figures."""
    figures = {
        "cca_mnist_spectrum": spectra(table, "cca", {"mnist": GROUPS["mnist"]}, [published["spectrum"]]),
        "cca_mnist_singular": singular(table, settings["top"], published),
        "cca_mnist_baseline": baseline(table, settings["level"], published),
        "cca_mnist_svcca": spectra(table, "svcca", GROUPS, [published["svcca"]]),
        "cca_mnist_methods": methods(table, settings, published),
    }
    count = table[(table.network == "mnist") & (table.quantity == "mean")].pair.nunique()
    networks = table[table.quantity == "singular"].pair.nunique()
    for name, figure in figures.items():
        interval = style.STUDENT if name == "cca_mnist_singular" else style.JACKKNIFE
        style.footer(figure, f"{networks} networks, {count} pairs; 10,000 test images of MNIST", interval)
    return figures


def curves(axes: Axes, table: pd.DataFrame, quantity: str, groups: dict) -> None:
    """One quantity by rank, of the ranks that all pairs keep: mean over pairs of networks, and its interval."""
    for group, (label, look) in groups.items():
        rows = table[(table.quantity == quantity) & (table.network == group)]
        pairs.band(axes, rows, "pair", label=label, **look)
    labels.ranks(axes, table[table.quantity == quantity].x.max())
    axes.set_xlabel("rank of the correlation")


def edge(axes: Axes, table: pd.DataFrame, quantity: str) -> None:
    """The largest correlation that noise of the same size reaches."""
    value = table[table.quantity == f"{quantity} edge"].value.item()
    axes.axhline(value, color=style.COLOUR["theory"], linestyle="--", linewidth=0.8, label="edge of noise (Wachter)")


def correlations(axes: Axes, table: pd.DataFrame, quantity: str, groups: dict, published: list[dict]) -> None:
    """Correlations by rank, with the edge of noise of as many neurons and the ends of the published curves."""
    curves(axes, table, quantity, groups)
    edge(axes, table, quantity)
    for read in published:
        style.published(axes, read["index"], read["value"], label="published ends")
    axes.set(ylabel="canonical correlation", ylim=(0, 1.02))


def spectra(table: pd.DataFrame, quantity: str, groups: dict, published: list[dict]) -> Figure:
    """Correlations alone."""
    figure, ((axes,),) = style.page(height=2.7)
    correlations(axes, table, quantity, groups, published)
    style.legend_below(axes, ncols=4)
    return figure


def baseline(table: pd.DataFrame, level: float, published: dict) -> Figure:
    """Networks against noise, and two ways to cut the list off: a bend of the logarithms, and Bartlett's test."""
    figure, ((left, middle, right),) = style.page(1, 3, 3.0, width_ratios=[1.5, 1.2, 1])
    correlations(left, table, "cca", GROUPS | KEPT, [published["spectrum"], published["baseline"]])
    curves(middle, table, "cca", GROUPS | KEPT)
    edge(middle, table, "cca")
    middle.set(yscale="log", ylim=(1e-3, 1.2), title="on a logarithmic axis: a bend?")
    labels.plain(middle.yaxis)
    tests(right, table[table.quantity == "bartlett"])
    right.axhline(level, color="black", linewidth=0.6)
    labels.named(right, 1, level, f"level {level:g}", "black", xytext=(8, 5))
    right.set(ylabel="p-value", ylim=(-0.02, 1.02), title="Bartlett's test of the rest")
    style.legend_below(left, ncols=3)
    return figure


def tests(axes: Axes, rows: pd.DataFrame) -> None:
    """The p-values of every pair."""
    for group, (_, look) in GROUPS.items():
        wide = rows[rows.network == group].pivot(index="x", columns="pair", values="value")
        axes.plot(wide.index, wide, linewidth=0.5, **look)
    labels.ranks(axes, rows.x.max())
    axes.set_xlabel("rank of the correlation")


def singular(table: pd.DataFrame, top: int, published: dict) -> Figure:
    """Singular values of every network, and the share of their sum and of the variance that the first hold."""
    figure, ((left, right),) = style.page(1, 2, 2.7)
    rows = table[table.quantity == "singular"]
    wide = rows.pivot(index="x", columns="pair", values="value")
    left.plot(wide.index, wide.where(wide > LEAST * wide.max()), color=style.COLOUR["trained"], linewidth=0.7)
    style.published(left, published["singular"]["index"], published["singular"]["value"])
    left.set(xlabel="rank", ylabel="singular value", xscale="log", yscale="log")
    for power, label, colour in ((1, "of the sum (as printed)", "trained"), (2, "of the variance (squares)", "second")):
        share = (wide**power).cumsum() / (wide**power).sum()
        of_each = share.stack().rename("value").reset_index()
        style.band(right, of_each, over="pair", color=style.COLOUR[colour], label=label)
    style.published(right, top, published["share"], label="published")
    right.set(xlabel="directions kept", ylabel="share", ylim=(0, 1.02), xscale="log")
    for axes in (left, right):
        axes.axvline(top, color="0.6", linewidth=0.6)
        labels.plain(axes.xaxis, [1, 5, top, 100, 500])
        axes.minorticks_off()
    labels.plain(left.yaxis)
    style.legend_below(right)
    return figure


def methods(table: pd.DataFrame, settings: dict, published: dict) -> Figure:
    """Every method on all groups: mean over pairs and its interval, with what is printed."""
    figure, ((axes,),) = style.page(height=3.2)
    for i, (group, (label, look)) in enumerate(GROUPS.items()):
        rows = table[(table.network == group) & table.quantity.isin(METHODS)]
        found = rows.assign(x=rows.quantity.map(list(METHODS).index))
        mean, low, high = pairs.between(found, "pair")
        places = [k + 0.18 * (i - 1.5) for k in range(len(METHODS))]
        errors = np.nan_to_num([mean - low, high - mean])
        axes.errorbar(
            places, mean, errors, fmt="s" if group == "permuted" else "o", capsize=2, color=look["color"], label=label
        )
        if group in published:
            of = {PRINTED.get(name, name): value for name, value in published[group].items()}
            at = [places[list(METHODS).index(name)] + 0.09 for name in of]
            style.published(axes, at, list(of.values()), label="published")
    law(axes, table)
    named = METHODS | {"top": f"first {settings['top']}", "mass": f"{100 * settings['mass']:g} % of\nthe mass"}
    axes.set_xticks(range(len(named)), list(named.values()))
    axes.set(ylabel="similarity", ylim=(-0.03, 1.02))
    axes.grid(axis="x", visible=False)
    style.legend_below(axes, ncols=4)
    return figure


def law(axes: Axes, table: pd.DataFrame) -> None:
    """What noise of as many neurons gives in the limit, under the methods that are means of all its correlations."""
    for method, size in (("mean_tutorial", "cca"), ("mean", "cca"), ("svcca_mean", "svcca"), ("pwcca", "cca")):
        value, k = table[table.quantity == f"{size} expected"].value.item(), list(METHODS).index(method)
        label = "mean of noise (Wachter)" if method == "mean" else None
        look = {"color": style.COLOUR["theory"], "linestyle": "--", "linewidth": 0.8}
        axes.hlines(value, k - 0.4, k + 0.4, label=label, **look)
