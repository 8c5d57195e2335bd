"""Distances under several measures: lines with bands, and findings beside their controls."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from netspectra.figures import style

MEASURES = {"pwcca": "PWCCA", "mean_cca": "mean CCA", "svcca": "SVCCA", "cka": "CKA", "procrustes": "Procrustes"}


def line(axes: Axes, x: Sequence[float], rows: pd.DataFrame, **look: object) -> None:
    """Values of rows in their order, with a band from `low` to `high`."""
    (drawn,) = axes.plot(x, rows.value, **look)
    axes.fill_between(x, rows.low, rows.high, color=drawn.get_color(), alpha=0.2, linewidth=0)


def by_measure(axes: Axes, rows: pd.DataFrame, control: str = "before training") -> None:
    """A value with its interval for every measure, filled where `state` is trained, open for the control."""
    for trained, label, shift in ((True, "trained", -0.12), (False, control, 0.12)):
        found = rows[(rows.state == "trained") == trained].set_index("measure").loc[list(MEASURES)]
        colour = style.COLOURS[0] if trained else "grey"
        errors = [(found.value - found.low).clip(0), (found.high - found.value).clip(0)]
        places = [i + shift for i in range(len(found))]
        axes.errorbar(
            places, found.value, errors, fmt="o", capsize=2, color=colour, label=label,
            markerfacecolor=colour if trained else "white",
        )  # fmt: skip
    axes.axhline(0, color="black", linewidth=0.6, linestyle=":")
    axes.set_xticks(range(len(MEASURES)), list(MEASURES.values()), rotation=40, ha="right")
    axes.grid(axis="x", visible=False)
