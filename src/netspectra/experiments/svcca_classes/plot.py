"""Similarity of every layer with the logits of single classes."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import style

TITLES = {"trained": "trained", "untrained": "before training"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The one figure."""
    figure, (axes,) = style.page(1, 2, 3.0, sharey=True)
    layers = table.drop_duplicates("layer")
    for axis, (kind, title) in zip(axes, TITLES.items(), strict=True):
        for i, label in enumerate(settings["shown"]):
            rows = table[(table.kind == kind) & (table["class"] == label)]
            style.band(axis, rows, label=label, color=style.COLOURS[i], marker=".")
        axis.set_xticks(layers.x, layers.layer, rotation=90, fontsize=6)
        axis.set(title=title, xlabel="layer")
    for name in ("fire truck", "husky"):
        points = [
            (1 + (at - 1) * (len(layers) - 1) / (published["layers"] - 1), value) for at, value in published[name]
        ]
        style.published(axes[0], *zip(*points, strict=True), label="published")
        axes[0].annotate(name, points[0], (5, -2), textcoords="offset points", fontsize=6.5)
    axes[0].set(ylabel="multiple correlation with the logit", ylim=(0, 1.03))
    style.legend_below(axes[0])
    networks = f"{table.replicate.nunique()} residual networks"
    style.footer(figure, settings["scale"], f"{settings['images']:,} test images", networks, style.STUDENT)
    return {"svcca_classes": figure}
