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
    """Conditions side by side, and the widths."""
    return {
        "rainbow_generation": conditions(table, settings["chance"], published.get("accuracy", {})),
        "rainbow_generation_width": widths(table, settings["chance"]),
    }


def conditions(table: pd.DataFrame, chance: float, published: dict) -> Figure:
    """Every drawn network as a dot; mean and interval over the trained networks they were drawn from."""
    figure, axes = style.page(table.network.nunique(), 1, 5.6)
    for axis, (network, rows) in zip(axes[:, 0], table.groupby("network", sort=False), strict=True):
        names = CONDITIONS if "all layers flat" in set(rows.condition) else ONE_FORM
        found = {c: chosen for c in names if len(chosen := rows[rows.condition == c])}
        _dots(axis, found)
        means = {names[c]: chosen.groupby("replicate").value.mean().to_numpy() for c, chosen in found.items()}
        style.bars(axis, means, [_colour(c) for c in found])
        style.chance(axis, chance)
        _printed(axis, list(found), published.get(network, {}))
        axis.tick_params(axis="x", labelsize=7)
        axis.set_title(f"{NAMES[network]} ({rows.replicate.nunique()} networks)")
        axis.set(ylabel="test accuracy (%)", ylim=(0, 1.08 * table.value.max()))
    style.legend_below(axes[0, 0])
    drawn = table[table.condition.str.startswith("all layers")].groupby(["network", "condition"]).size()
    counts = f"{drawn.min()} to {drawn.max()} networks drawn as in the document" if drawn.nunique() > 1 else ""
    style.footer(
        figure,
        f"{table.replicate.nunique()} networks",
        counts,
        "dots: drawn networks; filled: mean, 95 % interval over trained networks",
    )
    return figure


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
        axis.plot(
            *zip(*shown, strict=True), "D", color="black", markerfacecolor="none", label="printed in the document"
        )


def _colour(condition: str) -> str:
    if condition == "trained":
        return style.COLOURS[0]
    return "0.5" if condition.startswith(("isotropic", "not")) else style.COLOURS[1]


def widths(table: pd.DataFrame, chance: float) -> Figure:
    """Accuracy of drawn networks against their width, under that of the trained ones."""
    figure, axes = style.page(1, table.network.nunique(), 2.5, sharey=True)
    for axis, (network, rows) in zip(axes[0], table.groupby("network", sort=False), strict=True):
        drawn = rows[rows.condition == "width"]
        style.band(axis, drawn.groupby(["x", "replicate"], as_index=False).value.mean(), marker=".", label="drawn")
        trained = rows[rows.condition == "trained"].value.mean()
        axis.axhline(trained, color="black", linewidth=0.8, label="trained, at width 1")
        axis.set_xscale("log", base=2)
        axis.set_xticks(sorted(drawn.x.unique()), [f"{x:g}" for x in sorted(drawn.x.unique())])
        axis.set(title=NAMES[network], xlabel="nodes per hidden layer / those of the trained network")
        style.chance(axis, chance)
    axes[0, 0].set(ylabel="test accuracy (%)", ylim=(0, 1.08 * table.value.max()))
    style.legend_below(axes[0, 0])
    style.footer(figure, f"{table.replicate.nunique()} networks", style.STUDENT)
    return figure
