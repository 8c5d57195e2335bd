"""The CCA family on MNIST networks: spectra against noise, singular values, cut-offs and all methods side by side."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

GROUPS = {
    "mnist": ("trained networks", style.COLOURS[0]),
    "untrained": ("untrained networks", style.COLOURS[5]),
    "permuted": ("trained, samples of one permuted", style.COLOURS[1]),
    "noise": ("Gaussian noise", "grey"),
}
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
PRINTED = {"mean": "mean_tutorial"}  # under which of METHODS a printed value stands, where that has another name


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The six figures."""
    figures = {
        "cca_mnist_spectrum": spectra(table, "cca", ["mnist"], [published["spectrum"]]),
        "cca_mnist_singular": singular(table, settings["top"], published),
        "cca_mnist_baseline": spectra(table, "cca", [*GROUPS], [published["spectrum"], published["baseline"]]),
        "cca_mnist_svcca": spectra(table, "svcca", [*GROUPS], [published["svcca"]]),
        "cca_mnist_cutoffs": cutoffs(table, settings),
        "cca_mnist_methods": methods(table, settings, published),
    }
    count = table[(table.network == "mnist") & (table.quantity == "mean")].pair.nunique()
    networks = table[table.quantity == "singular"].pair.nunique()
    for figure in figures.values():
        style.footer(
            figure, f"{networks} networks, {count} pairs; 10,000 test images of MNIST; bands: range over pairs"
        )
    return figures


def curves(axes: Axes, table: pd.DataFrame, quantity: str, groups: list[str]) -> None:
    """One quantity by index: mean over pairs of networks, and the range of the pairs as a band."""
    for group in groups:
        label, colour = GROUPS[group]
        rows = table[(table.quantity == quantity) & (table.network == group)].groupby("x").value
        axes.plot(rows.mean().index, rows.mean(), color=colour, label=label)
        axes.fill_between(rows.mean().index, rows.min(), rows.max(), alpha=0.25, color=colour, linewidth=0)


def edge(axes: Axes, table: pd.DataFrame, quantity: str) -> None:
    """The largest correlation that noise of the same size reaches."""
    value = table[table.quantity == f"{quantity} edge"].value.item()
    axes.axhline(value, color="grey", linestyle="--", linewidth=0.8, label="edge of noise (Wachter)")


def spectra(table: pd.DataFrame, quantity: str, groups: list[str], published: list[dict]) -> Figure:
    """Correlations by index, with the edge of noise of as many neurons and the ends of the published curves."""
    figure, ((axes,),) = style.page()
    curves(axes, table, quantity, groups)
    edge(axes, table, quantity)
    for read in published:
        style.published(axes, read["index"], read["value"], label="published")
    axes.set(xlabel="index of the correlation", ylabel="canonical correlation", ylim=(0, 1.02))
    style.legend_below(axes, ncols=4)
    return figure


def singular(table: pd.DataFrame, top: int, published: dict) -> Figure:
    """Singular values of every network, and the share of their sum and of the variance that the first hold."""
    figure, ((left, right),) = style.page(1, 2)
    wide = table[table.quantity == "singular"].pivot(index="x", columns="pair", values="value")
    left.plot(wide.index, wide, color=style.COLOURS[0], linewidth=0.7)
    style.published(left, published["singular"]["index"], published["singular"]["value"], label="published")
    left.set(xlabel="index", ylabel="singular value", ylim=(0, None))
    for power, label in ((1, "of the sum (as printed)"), (2, "of the variance (squares)")):
        share = (wide**power).cumsum() / (wide**power).sum()
        (line,) = right.plot(share.index, share.mean(axis=1), label=label)
        right.fill_between(share.index, share.min(axis=1), share.max(axis=1), color=line.get_color(), alpha=0.25)
    style.published(right, top, published["share"], label="published")
    right.set(xlabel="directions kept", ylabel="share", ylim=(0, 1.02), xscale="log")
    ticks = [1, 5, top, 100, 500]
    right.set_xticks(ticks, map(str, ticks))
    right.minorticks_off()
    for axes in (left, right):
        axes.axvline(top, color="grey", linestyle="--", linewidth=0.8)
    style.legend_below(right)
    return figure


def cutoffs(table: pd.DataFrame, settings: dict) -> Figure:
    """Ways to cut the list off: a bend of the log correlations, and Bartlett's test."""
    figure, (axes,) = style.page(1, 2)
    for panel, quantity in zip(axes, ("cca", "bartlett"), strict=True):
        curves(panel, table, quantity, list(GROUPS))
        panel.set_xlabel("index of the correlation")
    edge(axes[0], table, "cca")
    axes[0].set(yscale="log", ylim=(1e-3, 1.2), ylabel="canonical correlation")
    axes[1].set(ylabel="p-value of Bartlett's\ntest of the rest", ylim=(-0.02, 1.02))
    axes[1].axhline(settings["level"], color="grey", linestyle=":", linewidth=0.8)
    axes[1].annotate(f"level {settings['level']}", (0, settings["level"]), fontsize=6, va="bottom")
    style.legend_below(axes[0], ncols=3)
    return figure


def methods(table: pd.DataFrame, settings: dict, published: dict) -> Figure:
    """Every method on all groups: mean over pairs and the range of the pairs, with what is printed."""
    figure, ((axes,),) = style.page(height=3)
    for i, (group, (label, colour)) in enumerate(GROUPS.items()):
        rows = table[table.network == group].groupby("quantity").value
        low, mean, high = (getattr(rows, name)()[list(METHODS)] for name in ("min", "mean", "max"))
        places = [k + 0.18 * (i - 1.5) for k in range(len(METHODS))]
        axes.errorbar(places, mean, [mean - low, high - mean], fmt="o", capsize=2, color=colour, label=label)
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
        axes.hlines(value, k - 0.4, k + 0.4, color="grey", linestyle="--", linewidth=0.8, label=label)
