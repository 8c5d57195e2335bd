"""Distance of the last convolution against width and against accuracy."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import comparisons, labels, style

LOOKS = {
    ("trained", "test"): ("trained, test images", style.COLOUR["trained"], "-"),
    ("trained", "train"): ("trained, training images", style.COLOUR["trained"], ":"),
    ("untrained", "test"): ("before training, test images", style.COLOUR["untrained"], "--"),
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Left: distance by width, trained and untrained, on both kinds of images. Right: every pair, by accuracy."""
    figure, ((left, right),) = style.page(1, 2, 3.4)
    rows = table[table.quantity == "width"].sort_values("x")
    for (state, split), (label, colour, dashes) in LOOKS.items():
        found = rows[(rows.state == state) & (rows.split == split)]
        comparisons.line(left, found.x, found, label=label, color=colour, linestyle=dashes, marker=".")
    style.published(left, published["filters"], published["distances"], label="published")
    left.set_xscale("log", base=2)
    ends = int(rows.x.min()), max(int(rows.x.max()), *published["filters"])
    ticks = [2**power for power in range(ends[0].bit_length() - 1, ends[1].bit_length() + 1)]
    left.set_xticks(ticks, [f"{tick:,}" for tick in ticks], rotation=60)
    left.minorticks_off()
    left.set(xlabel="filters of the last convolution", ylabel="PWCCA distance of two networks", ylim=(0, 1))
    against_accuracy(right, table, published["correlation"])
    style.legend_below(left)
    footer(figure, table, settings)
    return {"pwcca_width": figure}


def footer(figure: Figure, table: pd.DataFrame, settings: dict) -> None:
    """Images, networks, filters, the least accuracy that was reached, and the interval."""
    reached = table[(table.quantity == "accuracy") & (table.split == "train")]
    networks = f"{reached['first'].nunique()} networks a width"
    filters = f"{settings['filters']} filters of each"
    least = f"training accuracy {reached.value.min():.1f} % or more"
    parts = (comparisons.images(table), networks, filters, least, style.JACKKNIFE)
    style.footer(figure, *parts)


def against_accuracy(axis: Axes, table: pd.DataFrame, published: float) -> None:
    """A dot for every pair, in the colour of its width, and the regression line; test images."""
    tested = table[(table.quantity == "accuracy") & (table.split == "test")].set_index(["x", "first"]).value
    chosen = (table.quantity == "distance") & (table.measure == "pwcca") & (table.split == "test")
    pairs = table[chosen & (table.state == "trained")].sort_values("x")
    first, second = (pairs[side].astype(int) for side in ("first", "second"))
    means = np.array([(tested[x, i] + tested[x, j]) / 2 for x, i, j in zip(pairs.x, first, second, strict=True)])
    widths = list(pairs.x.unique())
    for n, width in enumerate(widths):
        colour = mpl.colormaps["viridis_r"](0.1 + 0.85 * n / max(len(widths) - 1, 1))
        here = (pairs.x == width).to_numpy()
        axis.plot(means[here], pairs.value[here], "o", color=colour, markersize=3.5)
        last = int(means[here].argmax())
        labels.named(axis, means[here][last], pairs.value[here].iloc[last], f"{width:,.0f}", colour, xytext=(5, 3))
    slope, start = np.polyfit(means, pairs.value, 1)
    ends = np.array([means.min(), means.max()])
    axis.plot(ends, start + slope * ends, color="0.35", linewidth=0.8)
    r = np.corrcoef(means, pairs.value)[0, 1]
    title = f"pairs by filters; r = {r:.2f}, published {published:.2f}"
    axis.set(xlabel="mean test accuracy of the pair (%)", ylabel="PWCCA distance of the pair", title=title)
