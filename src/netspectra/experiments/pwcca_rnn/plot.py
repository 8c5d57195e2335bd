"""Layers of recurrent networks through training and along a sequence, and who is first under five measures."""

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import comparisons, style

NAMES = {"three": "3 layers", "five": "5 layers"}
PANELS = (("three", "pwcca"), ("five", "pwcca"), ("five", "mean_cca"))


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The three figures."""
    return {
        "pwcca_rnn": through_training(table[table.quantity == "training"], published),
        "pwcca_rnn_sequence": sequences(table[(table.quantity == "sequence") & (table.measure == "pwcca")]),
        "pwcca_rnn_measures": by_measure(table[table.quantity == "gap"]),
    }


def through_training(rows: pd.DataFrame, published: dict) -> Figure:
    """Solid: trained; dashed: the final network moved as far at random."""
    figure, (axes,) = style.page(1, len(PANELS), 2.8, sharey=True)
    for axis, (network, measure) in zip(axes, PANELS, strict=True):
        found = rows[(rows.network == network) & (rows.measure == measure)]
        layers(axis, found[found.state == "trained"], "-")
        layers(axis, found[found.state == "drift"], "--")
        axis.set(title=f"{NAMES[network]}, {comparisons.MEASURES[measure]}", xlabel="share of training", ylim=(0, 1))
    look = {"marker": "D", "markerfacecolor": "none", "color": "black", "linewidth": 0}
    axes[0].plot(published["training"], published["first_layer"], **look)
    axes[1].plot([], [], label="published, layer 1 on Penn Treebank", **look)
    axes[0].set_ylabel("distance from the final representation")
    style.legend_below(axes[1], "bands: 95 % interval over networks; dashed: equal drift", title_fontsize=6)
    return figure


def layers(axis: Axes, rows: pd.DataFrame, line: str) -> None:
    """A line for every layer, darker upwards, numbered in the legend."""
    for layer in sorted(rows.layer.unique()):
        colour = mpl.colormaps["viridis_r"](0.15 + 0.2 * (layer - 1))
        label = f"layer {layer:g}" if line == "-" else None
        found = rows[rows.layer == layer]
        style.band(axis, found, color=colour, linestyle=line, label=label, linewidth=1.2 if line == "-" else 0.8)


def sequences(rows: pd.DataFrame) -> Figure:
    """Solid: trained; dashed: before training."""
    figure, (axes,) = style.page(1, rows.network.nunique(), 2.8, sharey=True)
    for axis, (network, found) in zip(axes, rows.groupby("network", sort=False), strict=True):
        layers(axis, found[found.state == "trained"], "-")
        layers(axis, found[found.state == "untrained"], "--")
        axis.set(title=NAMES[network], xlabel="step of the sequence", ylim=(0, 1))
    axes[0].set_ylabel("PWCCA distance from the last step")
    style.legend_below(axes[-1], "bands: 95 % interval over networks; dashed: before training", title_fontsize=6)
    return figure


def by_measure(rows: pd.DataFrame) -> Figure:
    """How much nearer its end the first layer is than all others, mean over training."""
    figure, (axes,) = style.page(1, rows.network.nunique(), 2.6, sharey=True)
    for axis, (network, found) in zip(axes, rows.groupby("network", sort=False), strict=True):
        comparisons.by_measure(axis, found, "equal drift")
        axis.set_title(NAMES[network])
    axes[0].set_ylabel("least distance of the other layers\nless that of the first")
    style.legend_below(axes[0], "bars: 95 % interval over networks", title_fontsize=6)
    return figure
