"""Differences of dense and frequency-wise CCA, and their memory and work."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import labels, style

CHANNELS = ["#6baed6", "#084594", "#000000"]  # few to many


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The one figure."""
    figure, ((left, middle, right),) = style.page(1, 3, 2.8)
    differences(left, table[table.quantity == "difference"])
    counted = table[table.quantity != "difference"]
    wide = counted.pivot(index=["channels", "x"], columns="quantity", values="value").reset_index()
    for i, (channels, rows) in enumerate(wide.groupby("channels")):
        look = {"color": CHANNELS[i % len(CHANNELS)]}
        middle.plot(rows.x, rows.dense_bytes / 1e9, label=f"{channels:g} channels, whole maps", **look)
        middle.plot(rows.x, rows.dft_bytes / 1e9, linestyle="--", label=f"{channels:g} channels, by frequency", **look)
        right.plot(rows.x, rows.dense_work / rows.dft_work, **look)
    middle.axhline(settings["memory_gb"], color="black", linewidth=0.6)
    labels.named(middle, settings["sides"][0], settings["memory_gb"], "memory allowed", "black", xytext=(0, 5))
    middle.set(ylabel="memory of the covariances (GB)")
    right.set(ylabel="multiply-adds, dense over DFT")
    for axis in (middle, right):
        axis.set(xscale="log", yscale="log", xlabel="side of the maps (pixels)")
        axis.set_xticks(settings["sides"], [str(side) for side in settings["sides"]])
        axis.minorticks_off()
    style.legend_below(middle, ncols=4)
    draws = f"{table.replicate.nunique()} draws of random maps"
    style.footer(figure, draws, f"memory and work counted, for {settings['images']:,} images")
    return {"svcca_dft": figure}


def differences(axis: Axes, rows: pd.DataFrame) -> None:
    """One point for each draw, same and different channels side by side."""
    places = {key: i for i, key in enumerate(rows.groupby(["layers", "x"], sort=False).groups)}
    for kind, colour in (("all shifts", style.COLOUR["trained"]), ("as drawn", style.COLOUR["noise"])):
        found = rows[rows.kind == kind]
        x = [places[key] for key in zip(found.layers, found.x, strict=True)]
        axis.plot(x, found.value.clip(lower=1e-17), "o", color=colour, markersize=3)
        axis.annotate(kind, (x[0], found.value.iloc[0]), (6, 6), textcoords="offset points", color=colour, fontsize=7)
    axis.set_xticks(range(len(places)), [f"{layers}\n{side:g} px" for layers, side in places], fontsize=6)
    axis.set(yscale="log", ylim=(1e-18, 1), xlim=(-0.4, len(places) - 0.4), ylabel="difference of mean correlations")
