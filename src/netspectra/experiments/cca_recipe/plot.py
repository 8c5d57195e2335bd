"""The facts of the published logits beside those of every recipe of the grid, and how far each recipe is from them."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

TITLES = {
    "accuracy": "test accuracy (%)",
    "cross_entropy": "cross-entropy (nats)",
    "logit_mean": "mean logit",
    "logit_sd": "spread of the logits",
    "logit_right": "mean logit of the class",
    "logit_largest": "largest logit",
    "kept": "neurons kept of the layer",
    "logit_cca": "mean CCA of the logits",
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """One panel per fact: every network or pair against the epochs, one colour a learning rate."""
    figure, axes = style.page(2, 4, 3.6)
    for axis, (fact, title) in zip(axes.flat, TITLES.items(), strict=True):
        value, share = published["facts"][fact], settings["tolerance"]
        size = 100 - value if fact == "accuracy" else abs(value)
        half = settings["similarity"] if fact == "logit_cca" else share * size
        panel(axis, table[table.fact == fact], settings)
        axis.axhspan(value - half, value + half, color="grey", alpha=0.15, linewidth=0, label="tolerance")
        axis.axhline(value, color="black", linewidth=0.8, label="published logits")
        axis.set_title(title)
        axis.set_xticks(sorted(table.epochs.unique()))
    for axis in axes[1]:
        axis.set_xlabel("epochs")
    style.legend_below(axes[0, 0])
    networks = 1 + table["first"].max()
    style.footer(figure, f"{networks} networks per recipe, each shown; lines: means; in use: {settings['recipe']}")
    return {"cca_mnist_recipe": figure}


def panel(axis: Axes, rows: pd.DataFrame, settings: dict) -> None:
    """One fact of all recipes; the control in grey."""
    variants = [*settings["candidates"], settings["control"]]
    shades = style.shades(len(variants), "Blues", 0.6, 1.0)
    for i, variant in enumerate(variants):
        of_one = rows[rows.variant == variant]
        if of_one.empty:  # left out at this scale
            continue
        control = variant == settings["control"]
        colour = style.COLOUR["noise"] if control else shades[i]
        mean = of_one.groupby("epochs").value.mean()
        axis.plot(of_one.epochs, of_one.value, ".", color=colour, markersize=3, alpha=0.6)
        axis.plot(mean.index, mean, color=colour, label=f"{variant} (control)" if control else variant)
