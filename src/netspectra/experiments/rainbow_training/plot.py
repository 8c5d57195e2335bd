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
            (
                "train_accuracy",
                "training images, before each step",
                {"color": style.COLOUR["trained"], "linestyle": ":"},
            ),
            ("test_accuracy", "test images", {"color": style.COLOUR["trained"], "marker": "."}),
        ):
            style.band(axis, rows[rows.quantity == quantity], label=label, **look)
        style.chance(axis, settings["chance"])
        axis.set(title=f"{NAMES[network]} ({rows.replicate.nunique()} networks)", xlabel="epoch")
        if network in published.get("accuracy", {}):
            end, value = rows.x.max(), published["accuracy"][network]
            style.published(axis, end, value, label="printed, 50,000 images")
    axes[0, 0].set(ylabel="accuracy (%)", ylim=(0, None))
    style.legend_below(axes[0, 0])
    style.footer(figure, f"{table.replicate.nunique()} networks", style.STUDENT)
    return {"rainbow_training": figure}
