"""Panels that the alignment experiments share: learning curves and alignment by layer."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import style


def performance(table: pd.DataFrame, names: dict[str, str]) -> Figure:
    """Training loss, test loss, training accuracy and test accuracy, one colour per variant of `names`."""
    figure, axes = style.page(1, 4, 2.3, width_ratios=[3, 1.5, 3, 1.5])
    tests = table[table.quantity.isin(["test_loss", "test_accuracy"])]
    final = tests[tests.x == tests.x.max()]
    for (train, test), (quantity, label) in zip(
        (axes[0, :2], axes[0, 2:]), (("loss", "loss (nats)"), ("accuracy", "accuracy (%)")), strict=True
    ):
        for i, (variant, name) in enumerate(names.items()):
            rows = table[(table.quantity == f"train_{quantity}") & (table.variant == variant)]
            style.band(train, rows, label=name, color=style.COLOURS[i])
        found = final[final.quantity == f"test_{quantity}"]
        style.bars(test, {name: found[found.variant == v].value.to_numpy() for v, name in names.items()})
        train.set(xlabel="minibatch", ylabel=f"training {label}")
        test.set(ylabel=f"test {label}")
        if len(names) > 1:
            test.tick_params(axis="x", rotation=60)
            test.set_xlabel("cutoff")
        else:
            test.set_xticks([])
            test.set_xlabel(f"after training\n({final.replicate.nunique()} networks)")
    for axis in axes[0, :2]:
        axis.set_ylim(bottom=0)
    axes[0, 2].set_ylim(0, 100)
    if len(names) > 1:
        axes[0, 0].legend(title="cutoff")
    return figure


def by_layer(table: pd.DataFrame, names: dict[str, str], title: str) -> Figure:
    """Alignment against minibatch, one panel per layer; the chance level and its spread where the table has them."""
    rows = table[table.quantity == "alignment"]
    layers = list(rows.layer.unique())
    figure, axes = style.page(1, len(layers), 2.6)
    for axis, layer in zip(axes[0], layers, strict=True):
        for i, (variant, name) in enumerate(names.items()):
            chosen = rows[(rows.layer == layer) & (rows.variant == variant)]
            style.band(axis, chosen, label=name, color=style.COLOURS[i])
        _chance(axis, table, layer)
        axis.set(title=f"layer {layer}", xlabel="minibatch", ylim=(0, None))
    axes[0, 0].set_ylabel("alignment (% of input variance)")
    style.legend_below(axes[0, -1], title or None)
    return figure


def _chance(axis: object, table: pd.DataFrame, layer: str) -> None:
    level = table[(table.variant == "chance") & (table.layer == layer)].set_index("quantity").value
    if len(level):
        mean, spread = level["chance"], 2 * level["chance_sd_of_mean"]
        axis.axhline(mean, color="black", linestyle=":", linewidth=1, label="chance, 1/d")
        axis.axhspan(mean - spread, mean + spread, color="black", alpha=0.15, linewidth=0)
