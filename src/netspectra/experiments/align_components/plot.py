"""Weights on the principal components of their input, and what minibatches of growing size get wrong."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import footers, labels, style
from netspectra.figures.bins import neighbours

WIDER = 1.25  # from one mean over neighbouring components to the next


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Loadings by component, and errors by batch size."""
    return {"align_components": components(table, settings), "align_batch_size": batch_size(table, settings)}


def components(table: pd.DataFrame, settings: dict) -> Figure:
    """Squared loading over that of random weights, by component; one panel per layer, one line per time."""
    rows = table[table.quantity == "loading"]
    times = {
        "0": ("before training", style.COLOUR["noise"]),
        f"{settings['early']:g}": (f"after {settings['early']:.0%} of training", style.COLOUR["fourth"]),
    }
    times["1"] = ("after training", style.COLOUR["trained"])
    layers = list(rows.layer.unique())
    figure, axes = style.page(1, len(layers), 2.8, sharey=True)
    for axis, layer in zip(axes[0], layers, strict=True):
        for time, (label, colour) in times.items():
            own = rows[(rows.layer == layer) & (rows.variant == time)]
            style.log_band(axis, neighbours(own, WIDER), label=label, color=colour)
        axis.axhline(1, color="grey", linestyle=":", linewidth=1)
        axis.axvspan(0.9, settings["first"] + 0.5, color="0.92", zorder=0)
        axis.set(title=f"input of {layer}", xscale="log", yscale="log", xlabel="principal component")
        labels.plain(axis.xaxis)
    axes[0, 0].set_ylabel("squared loading, times d (1 = random)")
    labels.plain(axes[0, 0].yaxis)
    style.legend_below(axes[0, 0])
    style.footer(figure, footers.images(table), footers.networks(rows), style.STUDENT)
    return figure


def batch_size(table: pd.DataFrame, settings: dict) -> Figure:
    """Relative error of alignment, and distance of the eigenspectrum, against batch size; one line per layer."""
    rows = table[table.quantity.isin(["alignment_error", "spectrum_distance"])]
    titles = {"alignment_error": "relative error of alignment", "spectrum_distance": "distance of the eigenspectrum"}
    figure, axes = style.page(1, 2, 2.8, sharex=True)
    layers = list(rows.layer.unique())
    shades = style.shades(len(layers))
    for axis, (quantity, label) in zip(axes[0], titles.items(), strict=True):
        own = rows[rows.quantity == quantity]
        for i, layer in enumerate(layers):
            look = {"color": shades[i], "label": f"layer {layer}"}
            of_layer(axis, own[own.layer == layer], look)
        axis.set(xscale="log", yscale="log", xlabel="images in the minibatch", ylabel=label)
        axis.set_xticks(settings["batches"], [f"{size:,}" for size in settings["batches"]])
        axis.xaxis.set_minor_formatter("")
        labels.plain(axis.yaxis)
    axes[0, 0].axhline(settings["near"], color="black", linewidth=0.8)
    labels.named(axes[0, 0], settings["batches"][0], settings["near"], "near enough", "black", xytext=(0, -5))
    axes[0, 0].plot([], [], "o", color="0.3", markerfacecolor="none", label="every input shuffled")
    style.legend_below(axes[0, 0])
    style.footer(figure, footers.images(table), footers.networks(rows), style.STUDENT)
    return figure


def of_layer(axes: Axes, rows: pd.DataFrame, look: dict) -> None:
    """A line over sizes, and an open circle where every input was shuffled by itself."""
    style.log_band(axes, rows[rows.variant == "minibatch"], marker=".", **look)
    control = rows[rows.variant == "shuffled"]
    axes.plot(control.x.mean(), control.value.mean(), "o", color=look["color"], markerfacecolor="none")
