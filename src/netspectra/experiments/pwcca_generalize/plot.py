"""Distances within and between networks that generalise and that memorise, by layer."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import comparisons, style

LOOKS = {
    "true": ("true labels", style.COLOUR["trained"]),
    "permuted": ("permuted labels", "0.35"),
    "inter": ("one of each", style.COLOUR["changed"]),
}
SPLITS = {"train": "training images", "test": "test images"}
NAMES = {"in": "input", "out": "softmax"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """One panel for training images and one for test images; the published line has as many layers as it has."""
    figure, (axes,) = style.page(1, 2, 3.2, sharey=True)
    rows = table[(table.quantity == "mean") & (table.measure == "pwcca")]
    for axis, (split, title) in zip(axes, SPLITS.items(), strict=True):
        panel(axis, rows[rows.split == split])
        axis.set(title=f"representations of {title}", ylim=(-0.03, 1))
    places = np.linspace(0, rows.layer.nunique() - 1, len(published["generalizing"]))
    style.published(axes[0], places, published["generalizing"], label="published, true labels")
    axes[0].set_ylabel("PWCCA distance of two networks")
    style.legend_below(axes[0])
    footer(figure, table)
    return {"pwcca_generalize": figure}


def footer(figure: Figure, table: pd.DataFrame) -> None:
    """Images, networks, the least accuracy that they reached, and the interval."""
    reached = table[(table.quantity == "accuracy") & (table.split == "train")].groupby("group")
    networks = " + ".join(str(count) for count in reached["first"].nunique())
    least = f"training accuracy {reached.value.min().min():.1f} % or more"
    style.footer(figure, comparisons.images(table), f"{networks} networks", least, style.JACKKNIFE)


def panel(axis: Axes, rows: pd.DataFrame) -> None:
    """Lines with bands for the three groups, and thin dashed ones for the same networks before training."""
    for group, (_, colour) in LOOKS.items():
        found = rows[(rows.state == "untrained") & (rows.group == group)]
        shown = "before training" if group == "true" else None
        axis.plot(range(len(found)), found.value, "--", color=colour, linewidth=0.7, alpha=0.7, label=shown)
    for group, (label, colour) in LOOKS.items():
        found = rows[(rows.state == "trained") & (rows.group == group)]
        comparisons.line(axis, range(len(found)), found, label=label, color=colour, marker=".")
    layers = rows.layer.drop_duplicates()
    axis.set_xticks(range(len(layers)), [NAMES.get(layer, layer) for layer in layers], rotation=60)
