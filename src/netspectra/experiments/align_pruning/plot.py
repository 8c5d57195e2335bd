"""Accuracy and loss as nodes are dropped in the order of their alignment, at random or by magnitude."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

ORDERS = {
    "high": "high alignment first",
    "low": "low alignment first",
    "random": "random",
    "magnitude": "small weights first",
}
RESCALES = {
    "none": "the others as they are",
    "keep": "the others × (1 − f), as in the original code",
    "inverse": "the others ÷ (1 − f)",
}
LABELS = {"accuracy": "test accuracy (%)", "loss": "test loss (nats)"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """All layers at once by rescale, its loss twin, and every layer alone."""
    whole = {RESCALES[r]: rows for r, rows in table[table.layer == "all layers"].groupby("rescale", sort=False)}
    single = table[table.layer != "all layers"]
    single = single.assign(layer=single.layer.str.replace("relu", "layer fc", regex=False))
    return {
        "align_node_dropout": panels(whole, "accuracy", settings),
        "align_node_dropout_loss": panels(whole, "loss", settings),
        "align_node_dropout_by_layer": panels(dict(iter(single.groupby("layer"))), "accuracy", settings),
    }


def panels(groups: dict[str, pd.DataFrame], quantity: str, settings: dict) -> Figure:
    """One panel per group, one line per order."""
    figure, axes = style.page(1, len(groups), 2.6, sharey=True)
    for axis, (title, rows) in zip(axes[0], groups.items(), strict=True):
        curves(axis, rows, quantity)
        if quantity == "accuracy":
            style.chance(axis, settings["chance"])
        axis.set(title=title, xlabel="fraction of nodes dropped per layer", xlim=(0, 1))
    axes[0, 0].set(ylabel=LABELS[quantity], ylim=(0, 100 if quantity == "accuracy" else None))
    style.legend_below(axes[0, -1], style.INTERVAL, title_fontsize=6)
    return figure


def curves(axis: Axes, rows: pd.DataFrame, quantity: str) -> None:
    """Every order with its interval."""
    for order, label in ORDERS.items():
        style.band(axis, rows[rows.order == order], value=quantity, label=label, marker=".")
