"""Five training images in grey."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import style


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The images side by side under the names of their classes."""
    images = list(table.groupby("image"))
    figure, axes = style.page(1, len(images), 1.7)
    for axis, (_, pixels) in zip(axes[0], images, strict=True):
        axis.imshow(pixels.pivot_table(index="y", columns="x", values="value"), cmap="gray", interpolation="nearest")
        axis.set_title(pixels["class"].iloc[0])
        axis.axis("off")
    pixels = " x ".join(f"{1 + table[side].max():g}" for side in ("y", "x"))
    style.footer(figure, f"{len(images)} training images of {pixels} pixels")
    return {"rainbow_samples": figure}
