"""Correlations of Gaussian layers: independent, mapped linearly, and by number of samples."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import style

DRAWS = "mean and 95 % interval over draws"


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The three toy figures."""
    by = dict(iter(table.groupby("quantity")))
    return {
        "cca_toy_spectrum": spectrum(by, settings),
        "cca_toy_invariance": invariance(by),
        "cca_datapoints": datapoints(by, settings),
    }


def spectrum(by: dict[str, pd.DataFrame], settings: dict) -> Figure:
    """Correlations of two independent layers between Wachter's edges."""
    figure, ((axes,),) = style.page()
    style.band(axes, by["independent"], label=DRAWS)
    rows = by["independent"].groupby("x").value
    axes.fill_between(rows.min().index, rows.min(), rows.max(), alpha=0.12, linewidth=0, label="range of draws")
    for end in ("lower", "upper"):
        label = "edges of noise (Wachter)" if end == "upper" else None
        axes.axhline(by[f"{end} edge"].value.item(), color="black", linestyle="--", linewidth=0.8, label=label)
    dx, dy = settings["neurons"]
    axes.set(xlabel="index of the correlation", ylabel="canonical correlation", ylim=(0, None))
    axes.set_title(f"independent layers of {dx} and {dy} neurons, {settings['samples']} samples")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.2))
    return figure


def invariance(by: dict[str, pd.DataFrame]) -> Figure:
    """Correlations of a layer with an invertible map of itself; all are one."""
    figure, ((axes,),) = style.page()
    style.band(axes, by["mapped"], label=f"a layer and an invertible map of it; {DRAWS}")
    style.band(axes, by["independent"], label=f"independent layers; {DRAWS}")
    axes.set(xlabel="index of the correlation", ylabel="canonical correlation", ylim=(0, 1.1))
    axes.legend(loc="center right")
    return figure


def datapoints(by: dict[str, pd.DataFrame], settings: dict) -> Figure:
    """Mean correlation of independent layers by number of samples, with its limit law."""
    figure, ((axes,),) = style.page()
    style.band(axes, by["mean"], marker="o", label=DRAWS)
    theory = by["expected mean"].sort_values("x")
    axes.plot(theory.x, theory.value, "k--", linewidth=0.8, label="expected of noise (Wachter)")
    width = settings["neurons"][0]
    advised = settings["advised"]
    axes.axvline(advised * width, color="grey", linestyle=":", linewidth=0.8, label=f"{advised} samples per neuron")
    axes.set(xscale="log", ylim=(0, 1.05), xlabel="samples", ylabel="mean canonical correlation")
    axes.set_title(f"independent layers of {width} neurons")
    axes.legend()
    return figure
