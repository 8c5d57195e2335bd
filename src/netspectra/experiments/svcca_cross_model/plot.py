"""Heat maps of the layers of one network against those of another, and all layers against the image."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from netspectra.figures import style

TITLES = {
    "trained": ("trained", "residual network"),
    "untrained": ("before training", "residual network"),
    "convolutional": ("trained", "another convolutional network"),
}
CURVES = {
    "trained": ("trained", style.COLOUR["trained"]),
    "untrained": ("before training", style.COLOUR["untrained"]),
    "permuted": ("permuted images", style.COLOUR["noise"]),
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The one figure."""
    figure, axes = style.page(2, 3, 4.8, height_ratios=[3, 2])
    for axis, (kind, (title, other)) in zip(axes[0], TITLES.items(), strict=True):
        image = heat(axis, table[(table.kind == kind) & (table.replicate == 0)])
        axis.set(title=title, xlabel=other)
    axes[0, 0].set_ylabel("convolutional network")
    figure.colorbar(image, ax=axes[0], shrink=0.8, label="DFT-CCA similarity")
    below = axes[1, 0].get_gridspec()
    for axis in axes[1]:
        axis.remove()
    with_image(figure.add_subplot(below[1, :]), table[table.column == "in"], published["image"])
    networks = f"heat maps one pair, curves {table.replicate.nunique()} networks"
    style.footer(figure, f"{settings['images']:,} test images", networks, style.STUDENT)
    return {"svcca_cross_model": figure}


def heat(axis: Axes, rows: pd.DataFrame) -> AxesImage:
    """One grid, lowest layers at the lower left."""
    wide = rows.pivot(index="y", columns="x", values="value")
    image = axis.imshow(wide, origin="lower", vmin=0, vmax=1, cmap="viridis", interpolation="nearest", aspect="auto")
    rows_, columns = (rows.drop_duplicates(key)[key] for key in ("row", "column"))
    axis.set_xticks(range(len(columns)), [name.replace("bncv", "c") for name in columns], rotation=90, fontsize=6)
    axis.set_yticks(range(len(rows_)), rows_, fontsize=6)
    axis.grid(visible=False)
    return image


def with_image(axis: Axes, rows: pd.DataFrame, published: dict[str, float]) -> None:
    """Every layer of the convolutional network with the image."""
    names = list(rows.row.unique())
    for kind, (label, colour) in CURVES.items():
        style.band(axis, rows[rows.kind == kind], x="y", label=label, color=colour, marker=".")
    known = [(names.index(name), value) for name, value in published.items() if name in names]
    style.published(axis, *zip(*known, strict=True), label="published")
    axis.set_xticks(range(len(names)), names)
    axis.set(ylabel="similarity with the image", ylim=(0, 1.03))
    style.legend_below(axis)
