"""Accuracy and loss as nodes are dropped in the order of their alignment, at random or by magnitude."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import footers, style

LINES = {
    ("align_mlp", "train", "high"): ("high alignment first", {"color": "#0072B2"}),
    ("align_mlp", "train", "low"): ("low alignment first", {"color": "#D55E00"}),
    ("align_mlp", "train", "random"): ("random", {"color": "#009E73"}),
    ("align_mlp", "magnitude", "low"): ("small weights first", {"color": "#CC79A7"}),
    ("align_mlp", "test", "high"): ("high first, ranked on test images", {"color": "#0072B2", "linestyle": "--"}),
    ("align_mlp", "shuffled", "high"): ("high first, alignment shuffled", {"color": "grey"}),
    ("align_dropout", "train", "high"): ("high first, trained with dropout", {"color": "#56B4E9", "linestyle": ":"}),
    ("align_dropout", "train", "random"): ("random, trained with dropout", {"color": "#009E73", "linestyle": ":"}),
}
RESCALES = {
    "none": "the others as they are",
    "keep": "the others × (1 − f), as in the original code",
    "inverse": "the others ÷ (1 − f)",
}
LABELS = {"accuracy": "test accuracy (%)", "loss": "test loss (nats)"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """All layers at once by rescale, its loss twin, and every layer alone."""
    rows = table[table.accuracy.notna()]
    whole = {RESCALES[r]: own for r, own in rows[rows.layer == "all layers"].groupby("rescale", sort=False)}
    single = rows[rows.layer != "all layers"]
    single = single.assign(layer=single.layer.str.replace("relu", "layer fc", regex=False))
    alone = dict(iter(single.groupby("layer")))
    figures = {
        "align_node_dropout": panels(whole, "accuracy", settings, table),
        "align_node_dropout_loss": panels(whole, "loss", settings, table),
        "align_node_dropout_by_layer": panels(alone, "accuracy", settings, table),
    }
    printed = (
        figures["align_node_dropout"].axes[list(whole).index(RESCALES["keep"])]
        if "keep" in settings["rescale"]
        else None
    )
    if printed is not None:
        style.published(printed, published["share"], published["high"])
        printed.annotate(
            "document", (published["share"], published["high"]), (6, 4), textcoords="offset points", fontsize=6
        )
    return figures


def panels(groups: dict[str, pd.DataFrame], quantity: str, settings: dict, table: pd.DataFrame) -> Figure:
    """One panel per group, one line per order."""
    figure, axes = style.page(1, len(groups), 3.2, sharey=True)
    for axis, (title, rows) in zip(axes[0], groups.items(), strict=True):
        curves(axis, rows, quantity)
        if quantity == "accuracy":
            style.chance(axis, settings["chance"])
        axis.set(title=title, xlabel="fraction of nodes dropped per layer", xlim=(0, 1))
    axes[0, 0].set(ylabel=LABELS[quantity], ylim=(0, 100 if quantity == "accuracy" else None))
    style.legend_below(axes[0, 0], ncols=3)
    tested = footers.images(table), footers.images(table, "test")
    style.footer(figure, *tested, footers.networks(table), style.STUDENT)
    return figure


def curves(axis: Axes, rows: pd.DataFrame, quantity: str) -> None:
    """Every order with its interval."""
    for (network, ranking, order), (label, look) in LINES.items():
        own = rows[(rows.network == network) & (rows.ranking == ranking) & (rows.order == order)]
        if len(own):
            style.band(axis, own, value=quantity, label=label, marker=".", **look)
