"""The printed similarities against the length of training, per recipe."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import style

TITLES = {
    "mean": "mean CCA",
    "top": "first {top}",
    "svcca": "SVCCA",
    "pwcca": "PWCCA (tutorial)",
    "share": "share of {top}",
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """One panel per printed quantity, with the printed value."""
    figure, axes = style.page(1, len(published), 2.3)
    for axis, (quantity, value) in zip(axes[0], published.items(), strict=True):
        for i, (variant, rows) in enumerate(table[table.quantity == quantity].groupby("variant", sort=False)):
            of_epoch = rows.groupby("epochs").value
            mean, low, high = of_epoch.mean(), of_epoch.min(), of_epoch.max()
            axis.plot(mean.index, mean, marker=".", color=style.COLOURS[i], label=variant)
            axis.fill_between(mean.index, low, high, color=style.COLOURS[i], alpha=0.25, linewidth=0)
        axis.axhline(value, color="black", linestyle="--", linewidth=0.8, label="printed")
        axis.set(title=TITLES[quantity].format(top=settings["top"]), xlabel="epochs", xscale="log")
    axes[0, 0].set_ylabel("similarity, or share")
    style.legend_below(axes[0, 0], "bands: range over pairs", title_fontsize=6)
    return {"cca_mnist_recipe": figure}
