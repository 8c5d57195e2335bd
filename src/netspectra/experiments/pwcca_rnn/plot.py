"""Layers of recurrent networks through training and along a sequence, and who is first under five measures."""

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import comparisons, style

NAMES = {"three": "3 layers", "five": "5 layers"}
PANELS = (("three", "pwcca"), ("five", "pwcca"), ("five", "mean_cca"))


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Through training, and along a sequence."""
    return {
        "pwcca_rnn": through_training(table[table.quantity == "training"], settings, published),
        "pwcca_rnn_sequence": sequences(table[(table.quantity == "sequence") & (table.measure == "pwcca")], settings),
    }


def through_training(rows: pd.DataFrame, settings: dict, published: dict) -> Figure:
    """Solid: trained; dashed: the final network moved as far at random."""
    figure, (axes,) = style.page(1, len(PANELS), 3.0, sharey=True)
    for axis, (network, measure) in zip(axes, PANELS, strict=True):
        found = rows[(rows.network == network) & (rows.measure == measure)]
        layers(axis, found[found.state == "trained"], "-")
        layers(axis, found[found.state == "drift"], "--", "equal drift")
        axis.set(title=f"{NAMES[network]}, {comparisons.MEASURES[measure]}", xlabel="share of training", ylim=(0, 1))
    for axis in axes[:2]:
        shown = published if axis is axes[0] else {"training": [], "first_layer": []}
        style.published(axis, shown["training"], shown["first_layer"], label="published, layer 1, Penn Treebank")
    axes[0].set_ylabel("distance from the final representation")
    style.legend_below(axes[1])
    windows = f"every step of {settings['windows']} test windows"
    style.footer(figure, windows, networks(rows), "thin: single networks; thick: their means")
    return figure


def networks(rows: pd.DataFrame) -> str:
    """How many networks of each size."""
    return f"{rows.replicate.nunique()} networks of each size"


def layers(axis: Axes, rows: pd.DataFrame, dashes: str, label: str | None = None) -> None:
    """A line for every layer, darker upwards: numbered in the legend, or all under one label."""
    for layer in sorted(rows.layer.unique()):
        colour = mpl.colormaps["viridis_r"](0.15 + 0.2 * (layer - 1))
        found = rows[rows.layer == layer]
        mean = found.groupby("x").value.mean()
        if label is None:
            single = found.pivot_table(index="x", columns="replicate", values="value")
            axis.plot(single.index, single, color=colour, linewidth=0.5, alpha=0.6)
            axis.plot(mean.index, mean, color=colour, linestyle=dashes, linewidth=1.6, label=f"layer {layer:g}")
        else:
            shown = label if layer == rows.layer.max() else None
            axis.plot(mean.index, mean, color=colour, linestyle=dashes, linewidth=0.8, label=shown)


def sequences(rows: pd.DataFrame, settings: dict) -> Figure:
    """Solid: trained; dashed: before training."""
    figure, (axes,) = style.page(1, rows.network.nunique(), 3.0, sharey=True)
    for axis, (network, found) in zip(axes, rows.groupby("network", sort=False), strict=True):
        layers(axis, found[found.state == "trained"], "-")
        layers(axis, found[found.state == "untrained"], "--", "before training")
        axis.set(title=NAMES[network], xlabel="step of the sequence", ylim=(0, 1.02), xlim=(1, found.x.max()))
    axes[0].set_ylabel("PWCCA distance from the last step")
    style.legend_below(axes[-1])
    style.footer(figure, "samples: all test windows", networks(rows), "thin: single networks; thick: their means")
    return figure
