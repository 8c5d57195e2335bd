"""The four findings under five measures: a ratio of two mean distances each, beside its control."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter

from netspectra.figures import comparisons, style

# What is held against what.
FINDINGS = {
    "generalize": "memorising / generalising\nnetworks",
    "width": "narrowest / widest\nnetworks",
    "clusters": "other rate / same rate\nof learning",
    "rnn": "nearest other / first\nrecurrent layer, to its end",
}
LOOKS = {"trained": (style.COLOUR["trained"], style.COLOUR["trained"], -0.13), "control": ("grey", "white", 0.13)}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The one figure: a panel for every finding, above 1 where it holds."""
    figure, (axes,) = style.page(1, len(FINDINGS), 3.0)
    for axis, (finding, title) in zip(axes, FINDINGS.items(), strict=True):
        rows = table[table.finding == finding]
        panel(axis, rows)
        if finding in published:
            style.published(axis, [0.38], [published[finding]], label="published")
        axis.set_title(title)
    axes[0].set_ylabel("ratio of mean distances")
    style.legend_below(axes[0])
    style.footer(figure, style.JACKKNIFE, "above 1 where the finding holds")
    return {"pwcca_findings": figure}


def panel(axes: Axes, rows: pd.DataFrame) -> None:
    """A ratio with its interval under every measure, filled for trained networks, open for their control."""
    for state, (colour, face, shift) in LOOKS.items():
        found = rows[rows.state == state].set_index("measure").loc[list(comparisons.MEASURES)]
        errors = [(found.value - found.low).fillna(0), (found.high - found.value).fillna(0)]
        x = np.arange(len(found)) + shift
        look = {"fmt": "o", "capsize": 2, "color": colour, "markerfacecolor": face, "label": state}
        axes.errorbar(x, found.value, errors, **look)
    axes.axhline(1, color="grey", linewidth=1, linestyle=":", zorder=0)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(ScalarFormatter())
    low, high = axes.get_ylim()
    ticks = [0.25, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 2, 3, 4, 6, 8, 12, 16, 32]
    axes.set_yticks([tick for tick in ticks if low <= tick <= high])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xticks(range(len(comparisons.MEASURES)), comparisons.MEASURES.values(), rotation=45, ha="right")
    axes.grid(axis="x", visible=False)
