"""Panels that the alignment experiments share: learning curves and alignment by layer."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import footers, labels, style

LABELS = {"loss": "loss (nats)", "accuracy": "accuracy (%)"}
TOGETHER = 20  # minibatches that one point of several curves is a mean over
Looks = dict[str, dict]  # colour and label by variant


def performance(table: pd.DataFrame, looks: Looks, printed: float | None = None) -> Figure:
    """Training loss, test loss, training accuracy and test accuracy; tests of several as differences from the first.

    Args:
        table: Rows of `lenses.learning`; rows of quantity "removal" mark minibatches.
        looks: What each variant looks like.
        printed: Test accuracy (%) that the document prints.
    """
    figure, axes = style.page(1, 4, 2.6, width_ratios=[3, 1.6, 3, 1.6])
    for (train, test), quantity in zip((axes[0, :2], axes[0, 2:]), LABELS, strict=True):
        while_training(train, table, looks, quantity)
        after_training(test, table, looks, quantity)
    bottom = 90 if (table[table.quantity == "test_accuracy"].groupby("x").value.min().iloc[-1]) > 90 else 0
    axes[0, 2].set_ylim(bottom, 100)
    axes[0, 0].set_ylim(bottom=0)
    if len(looks) == 1:
        axes[0, 1].set_ylim(axes[0, 0].get_ylim())
        axes[0, 3].set_ylim(bottom, 100)
    if printed is not None:
        style.published(axes[0, 3], 0.35, printed, label="published")
        labels.named(axes[0, 3], 0.35, printed, "published", "black", xytext=(0, 7), ha="center")
    if len(looks) > 1:
        style.legend_below(axes[0, 0])
    style.footer(figure, footers.images(table), footers.networks(table), style.STUDENT)
    return figure


def while_training(axes: Axes, table: pd.DataFrame, looks: Looks, quantity: str) -> None:
    """Loss or accuracy by minibatch, and where directions were removed."""
    for variant, look in looks.items():
        rows = table[(table.quantity == f"train_{quantity}") & (table.variant == variant)]
        style.band(axes, together(rows) if len(looks) > 1 else rows, linewidth=0.9, **look)
    for i, x in enumerate(table[table.quantity == "removal"].x):
        axes.axvline(x, color="0.6", linewidth=0.6, linestyle="--", zorder=0, label="" if i else "directions removed")
    axes.set(xlabel="minibatch", ylabel=f"training {LABELS[quantity]}")


def together(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over minibatches in a row, of every network."""
    bins = TOGETHER * (rows.x // TOGETHER + 0.5)
    return rows.assign(x=bins).groupby(["x", "replicate"], as_index=False).value.mean()


def after_training(axes: Axes, table: pd.DataFrame, looks: Looks, quantity: str) -> None:
    """The test after training: the value of one variant, or differences of several from the first."""
    rows = table[table.quantity == f"test_{quantity}"]
    wide = rows[rows.x == rows.x.max()].pivot_table(index="replicate", columns="variant", values="value")
    shown = {variant: wide[variant].to_numpy() for variant in looks}
    colours = [look["color"] for look in looks.values()]
    if len(looks) == 1:
        style.bars(axes, shown, colours)
        axes.set(xticks=[], xlabel="after training", ylabel=f"test {LABELS[quantity]}", xlim=(-0.6, 0.9))
        return
    (first, base), *others = shown.items()
    style.bars(axes, {variant: found - base for variant, found in others}, colours[1:])
    axes.axhline(0, color=colours[0], linewidth=1)
    labels.named(axes, len(others) - 0.4, 0, first, colours[0], xytext=(2, 0))
    axes.tick_params(axis="x", rotation=60)
    unit = LABELS[quantity].replace("%", "points")
    axes.set(xlabel="cutoff", ylabel=f"test {unit},\nless that of {first}")


def by_layer(table: pd.DataFrame, looks: Looks) -> Figure:
    """Alignment against minibatch, one panel per layer, with chance; below, several variants over the first."""
    rows = table[table.quantity == "alignment"]
    layers = list(rows.layer.unique())
    several = len(looks) > 1
    figure, axes = style.page(1 + several, len(layers), 4.4 if several else 2.8, sharex=True)
    for column, layer in zip(axes.T, layers, strict=True):
        own = rows[rows.layer == layer]
        for variant, look in looks.items():
            chosen = own[own.variant == variant]
            nodes_band(column[0], table, layer, variant, look)
            style.band(column[0], chosen, **look)
        _chance(column[0], table, layer)
        column[0].set(title=f"layer {layer}", ylim=(0, None))
        if several:
            ratios(column[1], own, looks)
        column[-1].set_xlabel("minibatch")
    axes[0, 0].set_ylabel("alignment (% of input variance)")
    if several:
        axes[1, 0].set_ylabel(f"alignment over that of {next(iter(looks))}")
    style.legend_below(axes[0, -1])
    style.footer(figure, footers.images(table), footers.networks(rows), style.STUDENT)
    return figure


def nodes_band(axes: Axes, table: pd.DataFrame, layer: str, variant: str, look: dict) -> None:
    """One standard error over a layer's nodes about the mean, where the table has it."""
    chosen = table[(table.layer == layer) & (table.variant == variant)]
    error = chosen[chosen.quantity == "alignment_node_error"].groupby("x").value.mean()
    if len(error):
        mean = chosen[chosen.quantity == "alignment"].groupby("x").value.mean()
        band = axes.fill_between(mean.index, mean - error, mean + error, color=look["color"], alpha=0.15, linewidth=0)
        band.set_label("one standard error over nodes")


def ratios(axes: Axes, rows: pd.DataFrame, looks: Looks) -> None:
    """Alignment of every variant over that of the first, network by network."""
    wide = rows.pivot_table(index="x", columns=["variant", "replicate"], values="value")
    first, *others = looks
    for variant in others:
        ratio = np.log(wide[variant] / wide[first])
        mean, half = ratio.mean(axis=1), style.half_interval(ratio)
        axes.plot(ratio.index, np.exp(mean), **looks[variant])
        limits = np.exp(mean - half), np.exp(mean + half)
        axes.fill_between(ratio.index, *limits, color=looks[variant]["color"], alpha=0.25, linewidth=0)
    axes.axhline(1, color=looks[first]["color"], linewidth=1)


def _chance(axes: Axes, table: pd.DataFrame, layer: str) -> None:
    level = table[(table.variant == "chance") & (table.layer == layer)].set_index("quantity").value
    if len(level):
        mean, spread = level["chance"], 2 * level["chance_sd_of_mean"]
        axes.axhline(mean, color=style.COLOUR["noise"], linestyle=":", linewidth=1, label="chance, 1/d")
        axes.axhspan(mean - spread, mean + spread, color=style.COLOUR["noise"], alpha=0.25, linewidth=0)
