"""Distance of the last convolution against width and accuracy, and its fall under five measures."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import comparisons, style

NAMES = {"test": "test", "train": "training"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Width and accuracy, and measures."""
    return {"pwcca_width": width(table, published), "pwcca_width_measures": by_measure(table)}


def width(table: pd.DataFrame, published: dict) -> Figure:
    """Left: distance by width, trained and untrained, on both kinds of images. Right: every pair, by accuracy."""
    figure, ((left, right),) = style.page(1, 2, 3.0)
    rows = table[(table.quantity == "width") & (table.measure == "pwcca")].sort_values("x")
    for state, line in (("trained", "-"), ("untrained", "--")):
        for i, split in enumerate(("test", "train")):
            found = rows[(rows.state == state) & (rows.split == split)]
            label = f"{'' if state == 'trained' else 'un'}trained, {NAMES[split]} images"
            comparisons.line(left, found.x, found, label=label, color=style.COLOURS[i], linestyle=line, marker=".")
    look = {"marker": "D", "markerfacecolor": "none", "color": "black", "linewidth": 0}
    left.plot(published["filters"], published["distances"], label="published", **look)
    widths = sorted({*rows.x.astype(int)})
    left.set_xscale("log", base=2)
    left.set_xticks(widths, [str(w) for w in widths], rotation=60)
    left.minorticks_off()
    left.set(xlabel="filters of the last convolution", ylabel="PWCCA distance", ylim=(0, 1))
    against_accuracy(right, table)
    least = table[(table.quantity == "accuracy") & (table.split == "train")].value.min()
    title = f"bands: 95 % interval over networks; least training accuracy {least:.1f} %"
    style.legend_below(left, title, title_fontsize=6, ncols=3)
    return figure


def against_accuracy(axis: Axes, table: pd.DataFrame) -> None:
    """A dot for every pair, wider networks darker, and the regression line; test images."""
    tested = table[(table.quantity == "accuracy") & (table.split == "test")].set_index(["network", "first"]).value
    chosen = (table.quantity == "distance") & (table.measure == "pwcca") & (table.split == "test")
    pairs = table[chosen & (table.state == "trained")]
    means = [
        (tested[n, i] + tested[n, j]) / 2 for n, i, j in zip(pairs.network, pairs["first"], pairs.second, strict=True)
    ]
    axis.scatter(means, pairs.value, c=np.log2(pairs.x), cmap="viridis_r", s=12)
    slope, start = np.polyfit(means, pairs.value, 1)
    ends = np.array([min(means), max(means)])
    axis.plot(ends, start + slope * ends, color="black", linewidth=0.8)
    r = np.corrcoef(means, pairs.value)[0, 1]
    axis.set(xlabel="mean test accuracy of the pair (%)", ylabel="PWCCA distance", title=f"r = {r:.3f}, darker: wider")


def by_measure(table: pd.DataFrame) -> Figure:
    """Distance of the narrowest networks less that of the widest, under every measure."""
    figure, (axes,) = style.page(1, 2, 2.6, sharey=True)
    for axis, split in zip(axes, ("train", "test"), strict=True):
        comparisons.by_measure(axis, table[(table.quantity == "drop") & (table.split == split)])
        axis.set_title(f"{split} images")
    axes[0].set_ylabel("distance of the narrowest\nless that of the widest")
    style.legend_below(axes[0], "bars: 95 % interval over networks", title_fontsize=6)
    return figure
