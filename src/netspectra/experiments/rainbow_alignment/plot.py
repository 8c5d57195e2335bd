"""Spectra and eigenvectors of two networks after alignment, and the best cosines over all pairs."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import FixedLocator

from netspectra.figures import style
from netspectra.statistics.spread import pair_band

CORRELATIONS = {
    "r": ("r, training images", {"color": style.COLOURS[0]}),
    "r_test": ("r, test images", {"color": style.COLOURS[0], "markerfacecolor": "none"}),
    "explained": ("r², training images", {"color": style.COLOURS[2]}),
    "explained_test": ("r², test images", {"color": style.COLOURS[2], "markerfacecolor": "none"}),
}
ENDINGS = {"mlp": "", "cnn": "_cnn"}
LOOKS = {
    "activation": [{"color": style.COLOURS[2]}, {"color": style.COLOURS[3], "linestyle": "--"}],
    "weight": [{"color": style.COLOURS[0]}, {"color": style.COLOURS[4], "linestyle": "--"}],
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Activations and weights of each kind of network."""
    figures = {
        f"rainbow_{what}_alignment{ENDINGS[network]}": panels(rows, what, settings["dead"])
        for network, rows in table.groupby("network", sort=False)
        for what in LOOKS
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
            axis.plot(*zip(*marks, strict=True), "D", color="black", markerfacecolor="none", label="printed")
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
    numbers = [tuple(map(int, name.split("-"))) for name in found.replicate]
    mean, low, high = (float(v) for v in pair_band(found.value.to_numpy(), numbers, scale="logit"))
    axis.plot([x], [mean], "o", label=label, **look)
    if low < high:
        axis.plot([x, x], [low, high], "-", color=look["color"])
    axis.plot([x + 0.05] * len(found), found.value, ".", color=look["color"], markersize=2, alpha=0.6)


def panels(rows: pd.DataFrame, what: str, dead: float) -> Figure:
    """One column per hidden layer: spectra of the networks, cosines of one pair, best cosines of all pairs."""
    layers = list(rows.groupby("layer"))
    figure, axes = style.page(3, len(layers), 7.6, height_ratios=[2, 3, 2])
    for column, (layer, found) in zip(axes.T, layers, strict=True):
        spectra(column[0], found[found.quantity == f"{what}_eigenvalue"], what, dead)
        column[0].set_title(f"layer {layer}")
        image = cosines(column[1], found[found.quantity == f"{what}_cosine"])
        best_cosines(column[2], found[found.quantity == f"{what}_best_cosine"])
    figure.colorbar(image, ax=axes[1], shrink=0.8, label=f"|cosine| of {what} eigenvectors")
    axes[0, 0].set_ylabel("eigenvalue")
    axes[1, 0].set_ylabel("rank (network 2)")
    axes[2, 0].set_ylabel("largest |cosine|")
    axes[0, 0].legend(loc="best")
    style.footer(figure, f"{rows[rows.quantity == f'{what}_eigenvalue'].replicate.nunique()} networks", style.JACKKNIFE)
    return figure


def spectra(axis: Axes, rows: pd.DataFrame, what: str, dead: float) -> None:
    """Networks 1 and 2 drawn, the others faint behind them."""
    rows = rows[rows.value > dead * rows.value.max()]
    for i, (_, found) in enumerate(rows.groupby("replicate")):
        if i < 2:
            axis.plot(found.x, found.value, label=f"network {i + 1}", zorder=3, **LOOKS[what][i])
        else:
            label = "the other networks" if i == 2 else None
            axis.plot(found.x, found.value, color="black", alpha=0.25, linewidth=0.7, label=label)
    axis.set(yscale="log", xscale="log" if what == "activation" else "linear", xlabel="rank")


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
    looks = {
        "aligned": ("aligned", {"color": style.COLOURS[0]}),
        "shared": ("in the input space they share", {"color": style.COLOURS[0]}),
        "unaligned": ("not aligned (A = I)", {"color": "black", "linestyle": ":"}),
        "random": ("with random directions", {"color": "black", "linestyle": ":"}),
    }
    for mode, (label, look) in looks.items():
        if len(found := rows[rows["mode"] == mode]):
            _pair_band(axis, found, label, look)
    style.legend_above(axis, title="mean over all pairs, 95 % interval", title_fontsize=6)
    axis.set(xlabel="rank", ylim=(0, 1))


def _pair_band(axis: Axes, rows: pd.DataFrame, label: str, look: dict) -> None:
    """Mean over pairs against the rank, with the jackknife's interval over networks."""
    wide = rows.pivot_table(index="replicate", columns="x", values="value")
    numbers = [tuple(map(int, name.split("-"))) for name in wide.index]
    mean, low, high = pair_band(wide.to_numpy().clip(0, 1), numbers, scale="logit")
    (drawn,) = axis.plot(wide.columns, mean, label=label, **look)
    axis.fill_between(wide.columns, low, high, color=drawn.get_color(), alpha=0.25, linewidth=0)
