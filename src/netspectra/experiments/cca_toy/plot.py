"""Correlations of Gaussian layers: independent, mapped linearly, and by number of samples."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import style


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The three toy figures."""
    by = dict(iter(table.groupby("quantity")))
    figures = {
        "cca_toy_spectrum": spectrum(by, settings, published["spectrum"]),
        "cca_toy_invariance": invariance(by),
        "cca_datapoints": datapoints(by, settings, published["datapoints"]),
    }
    for figure in figures.values():
        style.footer(figure, f"{settings['draws']} draws of Gaussian noise", "95 % Student intervals over draws")
    return figures


def spectrum(by: dict[str, pd.DataFrame], settings: dict, published: dict) -> Figure:
    """Correlations of two independent layers between Wachter's edges."""
    figure, ((axes,),) = style.page()
    rows = by["independent"].groupby("x").value
    axes.fill_between(
        rows.min().index,
        rows.min(),
        rows.max(),
        color=style.COLOURS[0],
        alpha=0.12,
        linewidth=0,
        label="range of draws",
    )
    style.band(axes, by["independent"], label="mean over draws")
    for end in ("lower", "upper"):
        label = "edges of the limit law (Wachter)" if end == "upper" else None
        axes.axhline(by[f"{end} edge"].value.item(), color="grey", linestyle="--", linewidth=0.8, label=label)
    style.published(axes, published["index"], published["value"], label="published (one draw)")
    dx, dy = settings["neurons"]
    axes.set(xlabel="index of the correlation", ylabel="canonical correlation", ylim=(0, None))
    axes.set_title(f"independent layers of {dx} and {dy} neurons, {settings['samples']} samples")
    style.legend_below(axes)
    return figure


def invariance(by: dict[str, pd.DataFrame]) -> Figure:
    """Correlations of a layer with an invertible map of itself; all are one."""
    figure, ((axes,),) = style.page()
    for quantity, label, colour in (
        ("mapped", "a layer and an invertible map of it", style.COLOURS[0]),
        ("sharing", "layers that share half of their variance", style.COLOURS[1]),
        ("independent", "independent layers", "grey"),
    ):
        style.band(axes, by[quantity], label=label, color=colour)
    style.published(axes, [1, 100], [1.0, 1.0], label="published")
    axes.set(xlabel="index of the correlation", ylabel="canonical correlation", ylim=(0, 1.1))
    style.legend_below(axes)
    return figure


def datapoints(by: dict[str, pd.DataFrame], settings: dict, published: dict) -> Figure:
    """Mean correlation of independent layers by number of samples, with its limit law."""
    figure, ((axes,),) = style.page()
    theory = by["expected mean"].sort_values("x")
    axes.plot(theory.x, theory.value, "--", color="grey", linewidth=0.8, label="expected of noise (Wachter)")
    style.band(axes, by["mean"], marker="o", linestyle="", label="independent layers")
    style.band(axes, by["sharing mean"], marker="o", label="layers that share half of their variance")
    style.published(axes, published["samples"], published["mean"], label="published (one draw)")
    width, advised = settings["neurons"][0], settings["advised"]
    axes.axvline(advised * width, color="grey", linestyle=":", linewidth=0.8, label=f"{advised} samples per neuron")
    ticks = settings["datapoints"]
    axes.set(xscale="log", ylim=(0, 1.05), xlabel="samples", ylabel="mean canonical correlation")
    axes.set_xticks(ticks, [f"{n:,}" for n in ticks])
    axes.minorticks_off()
    axes.set_title(f"independent layers of {width} neurons")
    style.legend_below(axes, ncols=2)
    return figure
