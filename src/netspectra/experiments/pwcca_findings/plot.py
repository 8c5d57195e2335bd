"""The four findings under five measures: a ratio of two mean distances each, beside its control."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import comparisons, labels, style

# What is held against what.
FINDINGS = {
    "generalize": "memorising / generalising\nnetworks",
    "width": "narrowest / widest\nnetworks",
    "clusters": "other rate / same rate\nof learning",
    "rnn": "nearest other / first\nrecurrent layer",
}
LOOKS = {
    "trained": (style.COLOUR["trained"], style.COLOUR["trained"], -0.14),
    "control": (style.COLOUR["noise"], "white", 0.14),
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The one figure: a panel for every finding, right of 1 where it holds."""
    figure, (axes,) = style.page(1, len(FINDINGS), 3.0, sharey=True)
    for axis, (finding, title) in zip(axes, FINDINGS.items(), strict=True):
        panel(axis, table[table.finding == finding])
        if finding in published:
            style.published(axis, [published[finding]], [0.38], label="published")
        labels.plain(axis.xaxis)
        axis.set(title=title, xlabel="ratio of mean distances")
    names = list(comparisons.MEASURES.values())
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    style.legend_below(axes[0])
    style.footer(figure, style.JACKKNIFE, "the finding holds right of 1")
    return {"pwcca_findings": figure}


def panel(axes: Axes, rows: pd.DataFrame) -> None:
    """A ratio with its interval under every measure, filled for trained networks, open for their control."""
    for state, (colour, face, shift) in LOOKS.items():
        found = rows[rows.state == state].set_index("measure").loc[list(comparisons.MEASURES)]
        errors = [(found.value - found.low).fillna(0), (found.high - found.value).fillna(0)]
        look = {"fmt": "o", "capsize": 2, "color": colour, "markerfacecolor": face, "label": state}
        axes.errorbar(found.value, np.arange(len(found)) + shift, xerr=errors, **look)
    axes.axvline(1, color="black", linewidth=0.6, zorder=0)
    axes.set_xscale("log")
    axes.grid(axis="y", visible=False)
