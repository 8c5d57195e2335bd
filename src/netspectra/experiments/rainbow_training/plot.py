"""Accuracy by epoch of both networks."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import style
from netspectra.figures.style import NAMES


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Test and training accuracy against epochs, one panel per network."""
    figure, axes = style.page(1, table.network.nunique(), 2.5, sharey=True)
    for axis, (network, rows) in zip(axes[0], table.groupby("network", sort=False), strict=True):
        for quantity, label, look in (
            ("train_accuracy", "training images, before each step", {"color": style.COLOURS[5]}),
            ("test_accuracy", "test images", {"color": style.COLOURS[0], "marker": "."}),
        ):
            style.band(axis, rows[rows.quantity == quantity], label=label, **look)
        style.chance(axis, settings["chance"])
        axis.set(title=f"{NAMES[network]} ({rows.replicate.nunique()} networks)", xlabel="epoch")
    axes[0, 0].set(ylabel="accuracy (%)", ylim=(0, None))
    axes[0, 0].legend(loc="lower right", bbox_to_anchor=(1, 0.18), title=style.INTERVAL, title_fontsize=6)
    return {"rainbow_training": figure}
