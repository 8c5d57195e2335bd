"""Accuracy and loss as nodes are dropped in the order of their alignment, at random or by magnitude."""

from collections.abc import Iterable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import footers, style

LINES = {
    ("align_mlp", "train", "high"): ("high alignment first", {"color": style.COLOUR["trained"]}),
    ("align_mlp", "train", "low"): ("low alignment first", {"color": style.COLOUR["changed"]}),
    ("align_mlp", "train", "random"): ("random", {"color": style.COLOUR["noise"]}),
    ("align_mlp", "magnitude", "low"): ("small weights first", {"color": style.COLOUR["third"]}),
    ("align_mlp", "test", "high"): (
        "high first, ranked on test images",
        {"color": style.COLOUR["trained"], "linestyle": "--"},
    ),
    ("align_mlp", "shuffled", "high"): (
        "high first, alignment shuffled",
        {"color": style.COLOUR["noise"], "linestyle": "--"},
    ),
}
DROPOUT = {
    ("align_mlp", "train", "high"): LINES["align_mlp", "train", "high"],
    ("align_mlp", "train", "random"): LINES["align_mlp", "train", "random"],
    ("align_dropout", "train", "high"): (
        "high first, trained with dropout",
        {"color": style.COLOUR["trained"], "linestyle": ":"},
    ),
    ("align_dropout", "train", "random"): (
        "random, trained with dropout",
        {"color": style.COLOUR["noise"], "linestyle": ":"},
    ),
}
RESCALES = {
    "none": "the others as they are",
    "keep": "the others × (1 − f) (original)",
    "inverse": "the others ÷ (1 − f)",
}
LABELS = {"accuracy": "test accuracy (%)", "loss": "test loss (nats)"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Accuracy and loss with all layers pruned at once, and accuracy with every layer alone."""
    rows = table[table.accuracy.notna()]
    single = rows[rows.layer != "all layers"]
    single = single.assign(layer=single.layer.str.replace("relu", "layer fc", regex=False))
    return {
        "align_node_dropout": together(rows[rows.layer == "all layers"], settings, table, published),
        "align_node_dropout_by_layer": alone(dict(iter(single.groupby("layer"))), settings, table),
    }


def together(rows: pd.DataFrame, settings: dict, table: pd.DataFrame, published: dict) -> Figure:
    """Accuracy above, loss below; a column for each rescale, and one for networks trained with dropout."""
    groups = {RESCALES[r]: (own, LINES) for r, own in rows.groupby("rescale", sort=False)}
    if "align_dropout" in set(rows.network):
        plain = rows[rows.rescale == settings["rescale"][0]]
        groups[f"trained with dropout,\n{RESCALES[settings['rescale'][0]]}"] = plain, DROPOUT
    figure, axes = style.page(2, len(groups), 5.0, sharex=True, sharey="row")
    for column, (title, (own, lines)) in zip(axes.T, groups.items(), strict=True):
        for axis, quantity in zip(column, LABELS, strict=True):
            curves(axis, own, quantity, lines)
        style.chance(column[0], settings["chance"])
        column[0].set(title=title, xlim=(0, 1), ylim=(0, 100))
        column[1].set(xlabel="fraction of nodes dropped", ylim=(0, None))
    for axis, label in zip(axes[:, 0], LABELS.values(), strict=True):
        axis.set_ylabel(label)
    if RESCALES["keep"] in groups:
        style.published(
            axes[0, list(groups).index(RESCALES["keep"])], published["share"], published["high"], label="published"
        )
    below(figure, axes[0], table)
    return figure


def below(figure: Figure, axes: Iterable[Axes], table: pd.DataFrame) -> None:
    """The legend of all axes together, and the footer."""
    style.legend_of(axes, ncols=3)
    tested = footers.images(table), footers.images(table, "test")
    style.footer(figure, *tested, footers.networks(table), style.STUDENT)


def alone(groups: dict[str, pd.DataFrame], settings: dict, table: pd.DataFrame) -> Figure:
    """Accuracy with one layer at a time pruned."""
    figure, axes = style.page(1, len(groups), 3.0, sharey=True)
    for axis, (title, rows) in zip(axes[0], groups.items(), strict=True):
        curves(axis, rows, "accuracy", LINES)
        style.chance(axis, settings["chance"])
        axis.set(title=title, xlabel="fraction of its nodes dropped", xlim=(0, 1))
    axes[0, 0].set(ylabel=LABELS["accuracy"], ylim=(0, 100))
    below(figure, axes[0], table)
    return figure


def curves(axis: Axes, rows: pd.DataFrame, quantity: str, lines: dict) -> None:
    """Every order with its interval."""
    for (network, ranking, order), (label, look) in lines.items():
        own = rows[(rows.network == network) & (rows.ranking == ranking) & (rows.order == order)]
        if len(own):
            style.band(axis, own, value=quantity, label=label, marker=".", **look)
