"""Accuracy of networks drawn from covariances: layer by layer, and against their width."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style
from netspectra.figures.style import NAMES

CONDITIONS = {
    "trained": "trained",
    "layer 1 alone": "layer 1\ndrawn",
    "layer 2 alone": "layer 2\ndrawn",
    "all layers flat": "both,\naligned as\nin the code",
    "all layers": "both,\naligned by\nchannel",
    "spatial filters kept": "spatial\nfilters\nkept",
    "average covariance": "average\ncovariance",
    "isotropic flat": "isotropic,\nas in\nthe code",
    "isotropic": "isotropic",
    "not aligned": "not\naligned",
}
ONE_FORM = CONDITIONS | {"all layers": "both\ndrawn"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Conditions side by side, and drawn networks of other widths at the right."""
    chance, printed = settings["chance"], published.get("accuracy", {})
    figure, axes = style.page(table.network.nunique(), 2, 5.8, width_ratios=[3.4, 1], sharey=True)
    for row, (network, rows) in zip(axes, table.groupby("network", sort=False), strict=True):
        conditions(row[0], rows, printed.get(network, {}))
        row[0].set_title(f"{NAMES[network]} ({rows.replicate.nunique()} networks)")
        widths(row[1], rows)
        for axis in row:
            style.chance(axis, chance)
    for axis in axes[:, 0]:
        axis.set(ylabel="test accuracy (%)", ylim=(0, 1.08 * table.value.max()))
    style.legend_of([axes[0, 0], axes[0, 1]], ncols=4)
    drawn = table[table.condition.str.startswith("all layers")].groupby(["network", "condition"]).size()
    counts = f"{drawn.min()} to {drawn.max()} drawn as in the document" if drawn.nunique() > 1 else ""
    dots = "dots: drawn networks; filled: mean, 95 % Student interval over trained networks"
    style.footer(figure, f"{table.replicate.nunique()} networks", counts, dots)
    return {"rainbow_generation": figure}


def conditions(axis: Axes, rows: pd.DataFrame, printed: dict[str, float]) -> None:
    """Every drawn network as a dot; mean and interval over the trained networks they were drawn from."""
    names = CONDITIONS if "all layers flat" in set(rows.condition) else ONE_FORM
    found = {c: chosen for c in names if len(chosen := rows[rows.condition == c])}
    _dots(axis, found)
    means = {names[c]: chosen.groupby("replicate").value.mean().to_numpy() for c, chosen in found.items()}
    style.bars(axis, means, [_colour(c) for c in found], singles=False)
    _printed(axis, list(found), printed)
    axis.tick_params(axis="x", labelsize=6)


def _dots(axis: Axes, found: dict[str, pd.DataFrame]) -> None:
    for i, chosen in enumerate(found.values()):
        spread = np.linspace(-0.2, 0.2, len(chosen)) if len(chosen) > 1 else [0]
        axis.plot(i + spread, chosen.value, ".", color="black", alpha=0.3, markersize=3, linewidth=0)


def _printed(axis: Axes, conditions: list[str], values: dict[str, float]) -> None:
    """The two printed numbers: of the trained network, and of one draw aligned as the document's code does."""
    drawn = "all layers flat" if "all layers flat" in conditions else "all layers"
    places = {"trained": "trained", "drawn": drawn}
    shown = [(conditions.index(place) + 0.3, values[name]) for name, place in places.items() if name in values]
    if shown:
        style.published(axis, *zip(*shown, strict=True), label="printed in the document")


def _colour(condition: str) -> str:
    if condition == "trained":
        return style.COLOUR["trained"]
    return style.COLOUR["noise" if condition.startswith(("isotropic", "not")) else "changed"]


def widths(axis: Axes, rows: pd.DataFrame) -> None:
    """Accuracy of drawn networks against their width, under that of the trained ones."""
    drawn = rows[rows.condition == "width"].groupby(["x", "replicate"], as_index=False).value.mean()
    style.band(axis, drawn, marker=".", color=style.COLOUR["changed"], label="drawn, by width")
    trained = rows[rows.condition == "trained"].value.mean()
    axis.axhline(trained, color=style.COLOUR["trained"], linewidth=0.8, label="trained, at width 1")
    axis.set_xscale("log", base=2)
    axis.set_xticks(sorted(drawn.x.unique()), [f"{x:g}" for x in sorted(drawn.x.unique())])
    axis.set(xlabel="width / that of the\ntrained network", title="both drawn, by width")
