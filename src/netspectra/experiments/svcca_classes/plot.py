"""Similarity of every layer with the logits of single classes."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import labels, style

CLASSES = ["#084594", "#6baed6", "#4a2a73", "#a98bcb", style.COLOUR["changed"]]  # pairs of related classes, and another
TITLES = {"trained": "trained", "untrained": "before training"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The one figure."""
    figure, (axes,) = style.page(1, 2, 3.0, sharey=True)
    layers = table.drop_duplicates("layer")
    for axis, (kind, title) in zip(axes, TITLES.items(), strict=True):
        for i, label in enumerate(settings["shown"]):
            rows = table[(table.kind == kind) & (table["class"] == label)]
            colour = CLASSES[i % len(CLASSES)]
            for _, one in rows.groupby("replicate"):
                axis.plot(one.x, one.value, color=colour, linewidth=0.5, alpha=0.5)
            mean = rows.groupby("x").value.mean()
            axis.plot(mean.index, mean, label=label, color=colour, marker=".")
        axis.set_xticks(layers.x, layers.layer, rotation=90, fontsize=6)
        axis.set(title=title, xlabel="layer")
    for name, side in (("fire truck", "upper"), ("husky", "lower")):
        points = [
            (1 + (at - 1) * (len(layers) - 1) / (published["layers"] - 1), value) for at, value in published[name]
        ]
        style.published(axes[0], *zip(*points, strict=True), label="published")
        labels.named(axes[0], *points[0], name, "black", xytext=(6, 2) if side == "upper" else (6, -3))
    axes[0].set(ylabel="multiple correlation with the logit", ylim=(0, 1.03))
    style.legend_below(axes[0])
    networks = f"{table.replicate.nunique()} residual networks, thin lines; their mean, thick"
    style.footer(figure, f"{settings['images']:,} test images", networks)
    return {"svcca_classes": figure}
