"""The CCA family on MNIST networks: spectra against noise, singular values, cut-offs and all methods side by side."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

GROUPS = {"mnist": "networks", "permuted": "permuted samples", "noise": "Gaussian noise"}
METHODS = {
    "mean": "mean CCA",
    "mass": "mass",
    "top": "top",
    "svcca_mean": "SVCCA",
    "pwcca": "PWCCA\n(paper)",
    "pwcca_tutorial": "PWCCA\n(tutorial)",
    "cka": "CKA",
    "cka_debiased": "CKA\ndebiased",
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The six figures."""
    top = settings["top"]
    return {
        "cca_mnist_spectrum": spectra(table, "cca", ["mnist"]),
        "cca_mnist_singular": singular(table, top),
        "cca_mnist_baseline": spectra(table, "cca", ["mnist", "permuted", "noise"]),
        "cca_mnist_svcca": spectra(table, "svcca", ["mnist", "permuted", "noise"]),
        "cca_mnist_cutoffs": cutoffs(table, settings),
        "cca_mnist_methods": methods(table, settings),
    }


def curves(axes: Axes, table: pd.DataFrame, quantity: str, groups: list[str]) -> None:
    """One quantity by index: mean over pairs of networks, and the range of the pairs as a band."""
    for i, group in enumerate(GROUPS):
        if group in groups:
            rows = table[(table.quantity == quantity) & (table.network == group)].groupby("x").value
            axes.plot(rows.mean().index, rows.mean(), color=style.COLOURS[i], label=GROUPS[group])
            axes.fill_between(
                rows.mean().index, rows.min(), rows.max(), alpha=0.25, color=style.COLOURS[i], linewidth=0
            )


def edge(axes: Axes, table: pd.DataFrame, quantity: str) -> None:
    """The largest correlation that noise of the same size reaches."""
    value = table[table.quantity == f"{quantity} edge"].value.item()
    axes.axhline(value, color="black", linestyle="--", linewidth=0.8, label="edge of noise (Wachter)")


def spectra(table: pd.DataFrame, quantity: str, groups: list[str]) -> Figure:
    """Correlations by index, with the edge of noise of as many neurons."""
    figure, ((axes,),) = style.page()
    curves(axes, table, quantity, groups)
    edge(axes, table, quantity)
    axes.set(xlabel="index of the correlation", ylabel="canonical correlation", ylim=(0, 1.02))
    axes.legend(title="mean and range over pairs")
    return figure


def singular(table: pd.DataFrame, top: int) -> Figure:
    """Singular values of every network, and the share of their sum and of the variance that the first hold."""
    figure, ((left, right),) = style.page(1, 2)
    wide = table[table.quantity == "singular"].pivot(index="x", columns="pair", values="value")
    left.plot(wide.index, wide, color=style.COLOURS[0], linewidth=0.7)
    left.set(xlabel="index", ylabel="singular value", ylim=(0, None))
    for power, label in ((1, "of the sum (as printed)"), (2, "of the variance (squares)")):
        share = (wide**power).cumsum() / (wide**power).sum()
        right.plot(wide.index + 1, share.mean(axis=1), label=label)
    right.set(xlabel="directions kept", ylabel="share", ylim=(0, 1.02), xscale="log")
    right.legend(loc="lower right")
    for axes, at in ((left, top - 1), (right, top)):
        axes.axvline(at, color="black", linestyle="--", linewidth=0.8)
    return figure


def cutoffs(table: pd.DataFrame, settings: dict) -> Figure:
    """Ways to cut the list off: a bend of the log correlations, and Bartlett's test."""
    figure, (axes,) = style.page(1, 2)
    for panel, quantity in zip(axes, ("cca", "bartlett"), strict=True):
        curves(panel, table, quantity, list(GROUPS))
        panel.set_xlabel("index of the correlation")
    edge(axes[0], table, "cca")
    axes[0].set(yscale="log", ylim=(1e-3, 1.2), ylabel="canonical correlation")
    axes[1].set(ylabel="p-value of Bartlett's test of the rest", ylim=(-0.02, 1.02))
    axes[1].axhline(settings["level"], color="black", linestyle="--", linewidth=0.8, label=f"level {settings['level']}")
    for panel in axes:
        panel.legend()
    return figure


def methods(table: pd.DataFrame, settings: dict) -> Figure:
    """Every method on networks, permuted samples and noise: mean over pairs and the range of the pairs."""
    figure, ((axes,),) = style.page(height=2.8)
    for i, group in enumerate(GROUPS):
        rows = table[table.network == group].groupby("quantity").value
        low, mean, high = (getattr(rows, name)()[list(METHODS)] for name in ("min", "mean", "max"))
        places = [k + 0.18 * (i - 1) for k in range(len(METHODS))]
        axes.errorbar(
            places, mean, [mean - low, high - mean], fmt="o", capsize=3, color=style.COLOURS[i], label=GROUPS[group]
        )
    for k, size in enumerate(("cca", None, "cca", "svcca", "cca")):  # CKA's noise depends on the spectrum
        for law, style_ in (("expected", "--"), ("edge", ":")) if size else ():
            value = table[table.quantity == f"{size} {law}"].value.item()
            label = {"expected": "mean of noise (Wachter)", "edge": "edge of noise (Wachter)"}[law] if k == 0 else None
            axes.hlines(value, k - 0.35, k + 0.35, color="black", linestyle=style_, linewidth=0.8, label=label)
    named = METHODS | {"top": f"first {settings['top']}", "mass": f"{100 * settings['mass']:g} % of\nthe mass"}
    axes.set_xticks(range(len(named)), list(named.values()))
    axes.set(ylabel="similarity", ylim=(-0.03, 1.02))
    axes.grid(axis="x", visible=False)
    axes.legend(title="mean and range over pairs")
    return figure
