"""The network learns, and the alignment of its layers rises above chance and falls again."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure

from netspectra.figures import footers, labels, learning, style

TIMES = ListedColormap(style.shades(256, "Blues", 0.3, 1.0))
TICKS = (0, 50, 80, 90, 95, 98, 99)  # accuracies (%), on an axis of the logarithm of the error
LEAST = 0.2  # error (%) that the axis shows


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Learning curves, alignment by layer with its chance level, and alignment against accuracy."""
    (name,) = table[table.quantity == "alignment"].variant.unique()
    looks = {name: {"color": style.COLOUR["trained"], "label": "mean over networks, and its interval"}}
    return {
        "align_train_performance": learning.performance(table, looks, published["test_accuracy"]),
        "align_by_layer": learning.by_layer(table, looks),
        "align_against_accuracy": against_accuracy(table, settings["pace"]),
    }


def against_accuracy(table: pd.DataFrame, pace: int) -> Figure:
    """Alignment of every layer against training accuracy, both as means over minibatches; darker is later."""
    layers = list(table[table.quantity == "alignment"].layer.unique())
    accuracy = windows(table[table.quantity == "train_accuracy"], pace)
    figure, axes = style.page(1, len(layers), 2.6, sharex=True)
    for axis, layer in zip(axes[0], layers, strict=True):
        rows = table[(table.quantity == "alignment") & (table.layer == layer)]
        path(axis, accuracy, windows(rows, pace))
        axis.set(title=f"layer {layer}", xlabel="training accuracy (%)", ylim=(0, None))
    axes[0, 0].set_ylabel("alignment (% of input variance)")
    times = ScalarMappable(Normalize(0, accuracy.index.max()), TIMES)
    figure.colorbar(times, ax=axes[0], label="minibatch", pad=0.01, aspect=30)
    style.footer(figure, footers.images(table), footers.networks(rows), f"every network, means over {pace} minibatches")
    return figure


def windows(rows: pd.DataFrame, pace: int) -> pd.DataFrame:
    """Means over minibatches in a row, one column a network; the index is the middle of the minibatches."""
    means = rows.assign(x=pace * (rows.x // pace + 0.5))
    return means.pivot_table(index="x", columns="replicate", values="value")


def path(axes: Axes, accuracy: pd.DataFrame, alignment: pd.DataFrame) -> None:
    """One thin line a network; their mean as dots that darken with time, named at its start and its end."""
    times = accuracy.index.intersection(alignment.index)
    error, up = (100 - accuracy.loc[times]).clip(lower=LEAST), alignment.loc[times]
    axes.plot(error.to_numpy(), up.to_numpy(), color=style.COLOUR["trained"], linewidth=0.4, alpha=0.5)
    mean = error.mean(axis=1), up.mean(axis=1)
    axes.scatter(*mean, c=times, cmap=TIMES, vmin=0, s=8, zorder=3)
    for at, name in ((0, "start"), (-1, "end")):
        labels.named(axes, mean[0].iloc[at], mean[1].iloc[at], name, "black", xytext=(0, -9), ha="center")
    axes.set_xscale("log")
    axes.set_xticks([100 - tick for tick in TICKS], [f"{tick:g}" for tick in TICKS])
    axes.set_xlim(1.2 * error.max().max(), 0.7 * error.min().min())
    axes.minorticks_off()
