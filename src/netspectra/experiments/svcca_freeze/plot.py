"""Test accuracy by the share of training that is done, whole and with layers that freeze."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

NAMES = {"conv": "convolutional", "resnet": "residual"}
VARIANTS = {
    "base": ("whole", style.COLOURS[0]),
    "linear": ("from below, linear", style.COLOURS[1]),
    "cubic": ("from below, cubic", style.COLOURS[2]),
    "from_top": ("from above", style.COLOURS[3]),
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The one figure, a panel for each kind of network."""
    kinds = list(table.network.unique())
    figure, axes = style.page(1, len(kinds), 3.0, sharey=True)
    for axis, kind in zip(axes[0], kinds, strict=True):
        panel(axis, table[table.network == kind], published[kind])
        style.chance(axis, settings["chance"])
        axis.set(title=f"{NAMES[kind]} network", xlabel="share of training", xlim=(0, 1.04))
    axes[0, 0].set(ylabel="test accuracy (%)", ylim=(0, 100))
    style.legend_below(axes[0, 0])
    return {"svcca_freeze": figure}


def panel(axis: Axes, rows: pd.DataFrame, published: dict) -> None:
    """One kind of network."""
    for at in sorted(set(rows[(rows.quantity == "frozen") & (rows.variant == "linear")].x)):
        axis.axvline(at, color="grey", linestyle="--", linewidth=0.5)
    tested = rows[rows.quantity == "test_accuracy"]
    for variant in tested.variant.unique():
        label, colour = VARIANTS[variant]
        style.band(axis, tested[tested.variant == variant], label=label, color=colour, marker=".")
    label = "published"
    for variant, value in published.items():
        axis.plot(1.0, 100 * value, "D", markerfacecolor="none", markeredgecolor="black", label=label)
        axis.plot(1.0, 100 * value, ".", color=VARIANTS[variant][1], markersize=3)
        label = None
