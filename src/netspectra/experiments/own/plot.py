"""Figures of own: one per lens, or why there is none."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import style
from netspectra.own import drawing


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Every figure that the block names."""
    return {name: of_lens(table, name.removeprefix("own_")) for name in settings["figures"]}


def of_lens(table: pd.DataFrame, lens: str) -> Figure:
    """The figure of a lens; a page with the reasons where it saw nothing."""
    seen = table[table.value.notna()].assign(layer=table.layer.fillna(""))
    footer = list(table[table.quantity == "footer"].why)
    if drawing.has(seen, lens):
        return drawing.draw(seen, lens, {"footer": footer})
    return reasons(table[(table.quantity == "skipped") & table.lens.isin([lens, "all"])], lens)


def reasons(skipped: pd.DataFrame, lens: str) -> Figure:
    """A figure that says why there is none."""
    figure, axes = style.page()
    lines = [f"{layer}: {why}" for layer, why in zip(skipped.layer.fillna("all layers"), skipped.why, strict=True)]
    text = "\n".join([f"{lens} was skipped", *(lines[:8] or ["nothing to look at"])])
    axes[0, 0].text(0, 1, text, va="top", wrap=True, transform=axes[0, 0].transAxes)
    axes[0, 0].set_axis_off()
    return figure
