"""Distances within and between networks that generalise and that memorise, and the same under five measures."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import comparisons, style

LOOKS = {"true": ("true labels", 0), "permuted": ("permuted labels", 1), "inter": ("between the two", 2)}
SPLITS = {"train": "training images", "test": "test images"}
NAMES = {"in": "input", "out": "softmax"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """By layer, and by measure."""
    return {"pwcca_generalize": by_layer(table, published), "pwcca_generalize_measures": by_measure(table)}


def by_layer(table: pd.DataFrame, published: dict) -> Figure:
    """One panel for training images and one for test images; the published line has as many layers as it has."""
    figure, (axes,) = style.page(1, 2, 3.0, sharey=True)
    rows = table[(table.quantity == "mean") & (table.measure == "pwcca")]
    accuracy = table[(table.quantity == "accuracy") & (table.split == "train")].groupby("group").value.min()
    for axis, (split, title) in zip(axes, SPLITS.items(), strict=True):
        panel(axis, rows[rows.split == split])
        axis.set(title=title, ylim=(-0.02, 1))
    places = np.linspace(0, rows.layer.nunique() - 1, len(published["generalizing"]))
    look = {"marker": "D", "markerfacecolor": "none", "color": "black", "linewidth": 0}
    axes[0].plot(places, published["generalizing"], label="published, true labels", **look)
    axes[0].set_ylabel("PWCCA distance")
    least = ", ".join(f"{accuracy[group]:.1f} % on {LOOKS[group][0]}" for group in ("true", "permuted"))
    title = f"bands: 95 % interval over networks; least training accuracy {least}"
    style.legend_below(axes[0], title, title_fontsize=6)
    return figure


def panel(axis: Axes, rows: pd.DataFrame) -> None:
    """Lines with bands for the three groups, and dashed for the same networks before training."""
    for state, line in (("trained", "-"), ("untrained", "--")):
        for group, (label, colour) in LOOKS.items():
            found = rows[(rows.state == state) & (rows.group == group)]
            look = {"color": style.COLOURS[colour], "linestyle": line, "alpha": 1 if state == "trained" else 0.6}
            shown = label if state == "trained" else "before training" if group == "true" else None
            comparisons.line(axis, range(len(found)), found, label=shown, **look)
    layers = rows.layer.drop_duplicates()
    axis.set_xticks(range(len(layers)), [NAMES.get(layer, layer) for layer in layers], rotation=60)


def by_measure(table: pd.DataFrame) -> Figure:
    """Memorising less generalising at the last convolutions, on training images, under every measure."""
    rows = table[(table.quantity == "contrast") & (table.split == "train")]
    figure, (axes,) = style.page(1, rows.layer.nunique(), 2.6, sharey=True)
    names = {1: "last convolution", 2: "the one before", 3: "third from the top"}
    for axis, (layer, found) in zip(axes, rows.groupby(rows.layer.astype(int)), strict=True):
        comparisons.by_measure(axis, found)
        axis.set_title(names[layer])
    axes[0].set_ylabel("distance among memorising\nless among generalising")
    style.legend_below(axes[0], "bars: 95 % interval over networks", title_fontsize=6)
    return figure
