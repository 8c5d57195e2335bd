"""Spectra and eigenvectors of two networks after alignment, and the best cosines over all pairs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import FixedLocator

from netspectra.figures import labels, pairs, style

CORRELATIONS = {
    "r": ("r, training images", {"color": style.COLOUR["trained"]}),
    "r_test": ("r, test images", {"color": style.COLOUR["trained"], "markerfacecolor": "none"}),
    "explained": ("r², training images", {"color": style.COLOUR["second"]}),
    "explained_test": ("r², test images", {"color": style.COLOUR["second"], "markerfacecolor": "none"}),
}
ENDINGS = {"mlp": "", "cnn": "_cnn"}
SHOWN = 0.995  # of all ratios, that the axis reaches
WHAT = ("activation", "weight")
MODES = {
    "aligned": ("aligned", {"color": style.COLOUR["trained"]}),
    "shared": ("in the input space they share", {"color": style.COLOUR["trained"]}),
    "unaligned": ("not aligned (A = I)", {"color": style.COLOUR["noise"]}),
    "random": ("with random directions", {"color": style.COLOUR["noise"], "linestyle": ":"}),
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Activations and weights of each kind of network."""
    figures = {
        f"rainbow_{what}_alignment{ENDINGS[network]}": panels(rows, what, settings["dead"])
        for network, rows in table.groupby("network", sort=False)
        for what in WHAT
    }
    return figures | {"rainbow_r": correlations(table, published.get("r", {}))}


def correlations(table: pd.DataFrame, published: dict) -> Figure:
    """r, which the document prints, and its square, which is the share of variance explained; every pair a dot."""
    figure, axes = style.page(1, table.network.nunique(), 2.8, sharey=True)
    for axis, (network, rows) in zip(axes[0], table.groupby("network", sort=False), strict=True):
        layers = sorted(rows[rows.quantity == "r"].layer.unique())
        for i, layer in enumerate(layers):
            for k, (quantity, (label, look)) in enumerate(CORRELATIONS.items()):
                found, x = rows[(rows.quantity == quantity) & (rows.layer == layer)], i + 0.15 * (k - 1.5)
                _with_interval(axis, x, found, None if i else label, look)
        if network == "mlp" and published:
            marks = [(i - 0.3, published[str(layer)]) for i, layer in enumerate(layers) if str(layer) in published]
            style.published(axis, *zip(*marks, strict=True), label="printed")
        axis.set_xticks(range(len(layers)), [f"layer {layer}" for layer in layers])
        axis.set(title=style.NAMES[network], xlim=(-0.5, len(layers) - 0.5))
    axes[0, 0].set(ylabel="r and its square", ylim=(None, 1))
    style.legend_below(axes[0, 0])
    style.footer(
        figure,
        f"{table[table.quantity == 'activation_eigenvalue'].replicate.nunique()} networks",
        "dots: pairs",
        style.JACKKNIFE,
    )
    return figure


def _with_interval(axis: Axes, x: float, found: pd.DataFrame, label: str | None, look: dict) -> None:
    """The mean over pairs with the jackknife's interval over networks, and every pair as a dot beside it."""
    mean, low, high = (float(v[0]) for v in pairs.between(found.assign(x=0)))
    axis.plot([x], [mean], "o", label=label, **look)
    if low < high:
        axis.plot([x, x], [low, high], "-", color=look["color"])
    axis.plot([x + 0.05] * len(found), found.value, ".", color=look["color"], markersize=2, alpha=0.6)


def panels(rows: pd.DataFrame, what: str, dead: float) -> Figure:
    """One column per hidden layer: ratios of spectra, cosines of one pair, best cosines of all pairs."""
    layers = list(rows.groupby("layer"))
    figure, axes = style.page(3, len(layers), 7.6, height_ratios=[2, 3, 2])
    for column, (layer, found) in zip(axes.T, layers, strict=True):
        ratios(column[0], found[found.quantity == f"{what}_eigenvalue"], what, dead)
        column[0].set_title(f"layer {layer}")
        image = cosines(column[1], found[found.quantity == f"{what}_cosine"])
        best_cosines(column[2], found[found.quantity == f"{what}_best_cosine"])
    figure.colorbar(image, ax=axes[1], shrink=0.8, label=f"|cosine| of {what} eigenvectors")
    axes[0, 0].set_ylabel("eigenvalue over the mean\nof all networks")
    axes[1, 0].set_ylabel("rank (network 2)")
    axes[2, 0].set_ylabel("largest |cosine|")
    style.legend_of([*axes[0], *axes[2]], ncols=3)
    networks = f"{rows[rows.quantity == f'{what}_eigenvalue'].replicate.nunique()} networks"
    style.footer(figure, networks, f"below: mean over all pairs, {style.JACKKNIFE}")
    return figure


def ratios(axis: Axes, rows: pd.DataFrame, what: str, dead: float) -> None:
    """Eigenvalues of every network over their geometric mean; networks 1 and 2 drawn, the others faint behind them."""
    rows = rows[rows.value > dead * rows.value.max()]
    wide = np.log(rows.pivot_table(index="x", columns="replicate", values="value").dropna())
    apart = wide.sub(wide.mean(axis=1), axis=0).to_numpy()
    for i, values in enumerate(np.exp(apart).T):
        colour = style.COLOUR[("trained", "second")[i]] if i < 2 else "0.7"
        label = f"network {i + 1}" if i < 2 else "the other networks" if i == 2 else None
        axis.plot(wide.index, values, color=colour, linewidth=1 if i < 2 else 0.6, zorder=3 - (i > 1), label=label)
    axis.axhline(1, color="black", linewidth=0.6)
    most = 1.1 * np.quantile(np.abs(apart), SHOWN)
    axis.set(yscale="log", xlabel="rank", ylim=(np.exp(-most), np.exp(most)))
    labels.plain(axis.yaxis)
    if what == "activation":
        axis.set_xscale("log")
        labels.plain(axis.xaxis)
    else:
        labels.ranks(axis, wide.index.max())


def cosines(axis: Axes, rows: pd.DataFrame) -> AxesImage:
    """Cosines between the eigenvectors of networks 1 and 2 after alignment."""
    grid = rows.pivot_table(index="y", columns="x", values="value")
    image = axis.imshow(
        grid, cmap="cividis", vmin=0, vmax=1, interpolation="nearest", extent=_extent(*grid.shape[::-1])
    )
    for ticks in (axis.xaxis, axis.yaxis):
        ticks.set_major_locator(FixedLocator([rank for rank in (1, 10, 20, 30, 40, 50) if rank <= len(grid)]))
    axis.set_xlabel("rank (network 1)")
    axis.grid(visible=False)
    return image


def _extent(columns: int, rows: int) -> tuple[float, float, float, float]:
    return 0.5, columns + 0.5, rows + 0.5, 0.5


def best_cosines(axis: Axes, rows: pd.DataFrame) -> None:
    """Largest cosine of every direction, and what is found without alignment or with random directions."""
    for mode, (label, look) in MODES.items():
        if len(found := rows[rows["mode"] == mode]):
            pairs.band(axis, found, label=label, **look)
    labels.ranks(axis, rows.x.max())
    axis.set(xlabel="rank", ylim=(0, 1))
