"""Correlations of Gaussian layers: independent, mapped linearly, and by number of samples."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import labels, style

SIDES = {"mapped": {"xytext": (-4, -8), "ha": "right"}}  # where a name does not stand right of its line


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
    figure, ((axes,),) = style.page(height=2.8)
    rows, look = by["independent"].groupby("x").value, {"color": style.COLOUR["noise"]}
    axes.fill_between(rows.min().index, rows.min(), rows.max(), alpha=0.3, linewidth=0, label="range of draws", **look)
    style.band(axes, by["independent"], label="mean over draws", **look)
    for end in ("lower", "upper"):
        value, label = by[f"{end} edge"].value.item(), "edges of the limit law (Wachter)"
        axes.axhline(value, linestyle="--", linewidth=0.8, label=label if end == "upper" else None, **look)
    style.published(axes, published["index"], published["value"], label="published (one draw)")
    dx, dy = settings["neurons"]
    labels.ranks(axes, min(dx, dy))
    axes.set(xlabel="rank of the correlation", ylabel="canonical correlation", ylim=(0, None))
    axes.set_title(f"independent layers of {dx} and {dy} neurons, {settings['samples']:,} samples")
    style.legend_below(axes)
    return figure


def invariance(by: dict[str, pd.DataFrame]) -> Figure:
    """Correlations of a layer with an invertible map of itself; all are one."""
    figure, ((axes,),) = style.page(height=2.6)
    for quantity, label, colour in (
        ("mapped", "a layer and an invertible map of it", style.COLOUR["trained"]),
        ("sharing", "layers that share half of their variance", style.COLOUR["changed"]),
        ("independent", "independent layers", style.COLOUR["noise"]),
    ):
        style.band(axes, by[quantity], color=colour)
        first = by[quantity].groupby("x").value.mean()
        labels.named(axes, first.index[-1], first.iloc[-1], label, colour, **SIDES.get(quantity, {}))
    style.published(axes, [1, 100], [1.0, 1.0])
    labels.named(axes, 1, 1.0, "published ends", "black", xytext=(6, 6))
    labels.ranks(axes, by["mapped"].x.max())
    axes.set(xlabel="rank of the correlation", ylabel="canonical correlation", ylim=(0, 1.12))
    return figure


def datapoints(by: dict[str, pd.DataFrame], settings: dict, published: dict) -> Figure:
    """Mean correlation of independent layers by number of samples, with its limit law."""
    figure, ((axes,),) = style.page(height=2.8)
    theory = by["expected mean"].sort_values("x")
    axes.plot(theory.x, theory.value, "--", color=style.COLOUR["theory"], label="expected of noise (Wachter)")
    style.band(axes, by["mean"], marker="o", linestyle="", color=style.COLOUR["noise"], label="independent layers")
    shared = {"color": style.COLOUR["changed"], "label": "layers that share half of their variance"}
    style.band(axes, by["sharing mean"], marker="o", **shared)
    style.published(axes, published["samples"], published["mean"], label="published (one draw)")
    width, advised, ticks = settings["neurons"][0], settings["advised"], settings["datapoints"]
    axes.axvline(advised * width, color="black", linewidth=0.6)
    labels.named(axes, advised * width, 1.0, f"{advised} samples per neuron", "black")
    axes.set(xscale="log", ylim=(0, 1.08), xlabel="samples", ylabel="mean canonical correlation")
    axes.set_xticks(ticks, [f"{n:,}" for n in ticks])
    axes.minorticks_off()
    axes.set_title(f"layers of {width} neurons")
    style.legend_below(axes)
    return figure
