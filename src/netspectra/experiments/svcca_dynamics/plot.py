"""Heat maps of layers during training against layers in the end, and every layer against itself."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from netspectra.figures import style

NAMES = {"convnet": "convolutional", "resnet": "residual"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The one figure."""
    grids, kinds = table[table.quantity == "grid"], list(table.network.unique())
    times = sorted(grids.x.unique())
    figure, axes = style.page(len(kinds) + 1, len(times), 2.2 * len(kinds) + 2.4)
    for row, kind in zip(axes, kinds, strict=False):
        for axis, time in zip(row, times, strict=True):
            found = grids[(grids.network == kind) & (grids.x == time) & (grids.replicate == 0)]
            image = heat(axis, found, first=time == times[0])
            axis.set_title(f"{100 * time:g} % of training")
        row[0].set_ylabel(f"{NAMES[kind]}\nlayer, during training")
    figure.colorbar(image, ax=axes[:-1], shrink=0.6, aspect=40, pad=0.01, label="SVCCA similarity")
    below = axes[-1, 0].get_gridspec()
    for axis in axes[-1]:
        axis.remove()
    itself(figure.add_subplot(below[-1, :]), table, settings, published["diagonal"])
    networks = table.groupby("network", sort=False).replicate.nunique()
    shown = f"heat maps one network, curves {networks['convnet']} networks"
    style.footer(figure, f"{settings['images']:,} test images", shown, style.STUDENT)
    return {"svcca_dynamics": figure}


def heat(axis: Axes, rows: pd.DataFrame, first: bool) -> AxesImage:
    """One grid, lowest layer at the lower left."""
    names = list(rows.row.unique())
    wide = rows.pivot(index="row", columns="column", values="value").loc[names, names]
    image = axis.imshow(wide, origin="lower", vmin=0, vmax=1, cmap="viridis", interpolation="nearest")
    shown = range(0, len(names), 1 + len(names) // 12)
    labels = [names[i].replace("bncv", "c") for i in shown]
    axis.set_xticks(shown, labels, rotation=90, fontsize=6)
    axis.set_yticks(shown, labels if first else [], fontsize=6)
    axis.grid(visible=False)
    return image


def itself(axis: Axes, table: pd.DataFrame, settings: dict, published: dict[str, float]) -> None:
    """Every layer of the convolutional network with itself in the end."""
    rows = table[(table.network == "convnet") & (table.quantity == "diagonal")]
    places = {name: i for i, name in enumerate(rows.row.unique())}
    at = settings["judged"]
    for kind, time, label, colour in (
        ("trained", at, f"at {100 * at:g} % of training", style.COLOUR["trained"]),
        ("trained", 0.0, "before training", style.COLOUR["untrained"]),
        ("drift", at, "random drift as long", style.COLOUR["changed"]),
        ("permuted", at, "permuted images", style.COLOUR["noise"]),
    ):
        found = rows[(rows.kind == kind) & (rows.x == time)]
        style.band(axis, found.assign(x=found.row.map(places)), label=label, color=colour, marker=".")
    known = {places[name]: value for name, value in published.items() if name in places}
    style.published(axis, *zip(*known.items(), strict=True), label=f"published, {100 * at:g} %")
    axis.set_xticks(range(len(places)), list(places))
    axis.set(ylabel="similarity with its end", ylim=(0, 1.03), title="every layer with itself, convolutional network")
    style.legend_below(axis)
