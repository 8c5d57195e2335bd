"""One figure per lens, from the tidy table."""

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

TICKS = 30  # most layers whose names stand beside an axis
MARKED = {"marker": "o", "linestyle": "", "markersize": 4, "capsize": 2}


def draw(table: pd.DataFrame, name: str, facts: dict) -> Figure:
    """The figure of that name, in the look of the package, which is not left behind in matplotlib's settings."""
    with mpl.rc_context():
        style.use()
        figure = FIGURES[name](table)
        style.footer(figure, *facts.get("footer", []))
        plt.close(figure)
    return figure


def has(table: pd.DataFrame, name: str) -> bool:
    """Whether there are numbers for a figure."""
    return bool((table.lens == name).any())


def alignment(table: pd.DataFrame) -> Figure:
    """Every node's alignment by layer, with chance and what nodes drawn from the input's covariance have."""
    rows = table[table.lens == "alignment"]
    layers, figure, axes = _by_layer(rows)
    for i, layer in enumerate(layers):
        own = rows[rows.layer == layer]
        nodes = own[own.quantity == "alignment"].value
        axes.plot(np.full(len(nodes), i), nodes, ".", color=style.COLOURS[0], markersize=2, alpha=0.4)
    _marks(axes, rows, layers, "mean_alignment", style.COLOURS[0], "mean over nodes")
    _marks(axes, rows, layers, "drawn", style.COLOURS[1], "drawn from the input's covariance, 95 % of nodes", 0.2)
    _levels(axes, rows, layers, "chance", ":", "chance, 1/d")
    axes.set(ylabel="share of the input's variance", yscale="log")
    style.legend_below(axes)
    return figure


def spectra(table: pd.DataFrame) -> Figure:
    """Spectra of what leaves every layer and of its weights, and how many dimensions they fill."""
    rows = table[table.lens == "spectra"]
    figure, axes = style.page(1, 3, 3.0)
    for column, of in zip(axes[0, :2], ("activation", "weight"), strict=True):
        _lines(column, rows[rows.quantity == f"{of}_eigenvalue"])
        column.set(title=f"{of}s", xlabel="rank", ylabel="eigenvalue over the first", xscale="log", yscale="log")
    layers = list(dict.fromkeys(rows.layer))
    _marks(axes[0, 2], rows, layers, "activation_dimension", style.COLOURS[0], "activations")
    _marks(axes[0, 2], rows, layers, "activation_dimension_corrected", style.COLOURS[1], "corrected", 0.2)
    _marks(axes[0, 2], rows, layers, "weight_dimension", style.COLOURS[2], "weights", -0.2)
    axes[0, 2].set(title="dimension (participation ratio)", yscale="log")
    _names(axes[0, 2], layers)
    style.legend_below(axes[0, 2])
    return figure


def clipping(table: pd.DataFrame) -> Figure:
    """Accuracy by how many directions of a layer's weights are kept."""
    rows = table[table.lens == "clipping"]
    figure, axes = style.page()
    _lines(axes[0, 0], rows[rows.quantity == "clipped_accuracy"], over_first=False)
    axes[0, 0].set(xlabel="directions kept", ylabel="accuracy", xscale="log")
    style.legend_below(axes[0, 0], ncols=4)
    return figure


def pruning(table: pd.DataFrame) -> Figure:
    """Accuracy by the share of nodes that is silenced."""
    figure, axes = style.page()
    looks = {"high": "highest alignment first", "low": "lowest alignment first", "random": "random order"}
    for colour, (order, label) in zip(style.COLOURS, looks.items(), strict=False):
        rows = table[table.quantity == f"pruned_{order}_accuracy"]
        if len(rows):
            _curve(axes[0, 0], rows, label, colour)
    axes[0, 0].set(xlabel="share of nodes silenced", ylabel="accuracy")
    style.legend_below(axes[0, 0])
    return figure


def attack(table: pd.DataFrame) -> Figure:
    """Accuracy by strength of attack, and the strengths at which inputs fall."""
    figure, axes = style.page(1, 2)
    _curve(axes[0, 0], table[table.quantity == "attacked_accuracy"], "", style.COLOURS[0])
    axes[0, 0].set(xlabel="epsilon", ylabel="accuracy")
    critical = np.sort(table[table.quantity == "critical_epsilon"].value.to_numpy())
    axes[0, 1].step(critical, np.arange(1, len(critical) + 1) / len(critical), where="post", color=style.COLOURS[0])
    axes[0, 1].set(xlabel="critical epsilon", ylabel="share of inputs that have fallen", ylim=(0, 1))
    return figure


def similarity(table: pd.DataFrame) -> Figure:
    """Similarity of every two layers."""
    rows = table[table.lens == "similarity"]
    measures = ("cca", "svcca", "cka")
    figure, axes = style.page(1, len(measures), 3.0)
    for column, measure in zip(axes[0], measures, strict=True):
        _matrix(column, rows[(rows.quantity == measure) & (rows.layer != "maximum")], measure)
    return figure


def against(table: pd.DataFrame) -> Figure:
    """Similarity of every layer with the same layer of other networks."""
    rows = table[(table.lens == "against") & (table.layer != "maximum")]
    layers, figure, axes = _by_layer(rows)
    shown = {"cca": "mean CCA", "svcca": "SVCCA", "pwcca": "PWCCA", "cka": "CKA", "procrustes": "Procrustes"}
    for colour, (measure, label) in zip(style.COLOURS, shown.items(), strict=False):
        _marks(axes, rows, layers, measure, colour, label)
    _levels(axes, rows, layers, "cca_floor", "--", "mean CCA of noise")
    axes.set(ylabel="similarity", ylim=(0, 1.02))
    style.legend_below(axes, ncols=6)
    return figure


def rainbow(table: pd.DataFrame) -> Figure:
    """Accuracy of the network and of networks drawn from its covariances."""
    rows = table[table.lens == "rainbow"]
    figure, axes = style.page(1, 1, 2.0)
    looks = {"accuracy": "trained", "rainbow_accuracy": "drawn", "isotropic_accuracy": "drawn without directions"}
    for i, quantity in enumerate(looks):
        own = rows[rows.quantity == quantity]
        _errors(axes[0, 0], np.full(len(own), i), own, style.COLOURS[i])
    axes[0, 0].set_xticks(range(len(looks)), list(looks.values()))
    axes[0, 0].set(ylabel="accuracy")
    return figure


def active_subspace(table: pd.DataFrame) -> Figure:
    """Spectrum of the gradients of the loss."""
    figure, axes = style.page(1, 1, 2.0)
    rows = table[table.quantity == "loss_eigenvalue"]
    axes[0, 0].plot(rows.x, rows.value, ".-", color=style.COLOURS[0])
    axes[0, 0].set(xlabel="rank", ylabel="eigenvalue of E[grad grad']", yscale="log")
    return figure


FIGURES: dict[str, Callable[[pd.DataFrame], Figure]] = {
    "alignment": alignment,
    "spectra": spectra,
    "similarity": similarity,
    "against": against,
    "clipping": clipping,
    "pruning": pruning,
    "attack": attack,
    "rainbow": rainbow,
    "active_subspace": active_subspace,
}


def _by_layer(rows: pd.DataFrame) -> tuple[list[str], Figure, Axes]:
    layers = list(dict.fromkeys(rows.layer))
    figure, axes = style.page(1, 1, 3.0)
    _names(axes[0, 0], layers)
    return layers, figure, axes[0, 0]


def _names(axes: Axes, layers: list[str]) -> None:
    step = max(1, len(layers) // TICKS)
    axes.set_xticks(range(0, len(layers), step), layers[::step], rotation=90)


def _marks(
    axes: Axes, rows: pd.DataFrame, layers: list[str], quantity: str, colour: str, label: str, shift: float = 0.0
) -> None:
    own = rows[rows.quantity == quantity]
    places = np.array([layers.index(layer) for layer in own.layer]) + shift
    _errors(axes, places, own, colour, label)


def _errors(axes: Axes, x: np.ndarray, rows: pd.DataFrame, colour: str, label: str = "") -> None:
    low, high = (rows.value - rows.low).fillna(0).clip(lower=0), (rows.high - rows.value).fillna(0).clip(lower=0)
    axes.errorbar(x, rows.value, [low, high], color=colour, label=label, **MARKED)


def _levels(axes: Axes, rows: pd.DataFrame, layers: list[str], quantity: str, line: str, label: str) -> None:
    own = rows[rows.quantity == quantity].groupby("layer").value.mean().reindex(layers)
    axes.plot(range(len(layers)), own, line, color="grey", label=label)


def _lines(axes: Axes, rows: pd.DataFrame, over_first: bool = True) -> None:
    layers = list(dict.fromkeys(rows.layer))
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.9, max(len(layers), 1)))
    for colour, layer in zip(colours, layers, strict=True):
        own = rows[(rows.layer == layer) & (rows.value > 0)]
        axes.plot(own.x, own.value / (own.value.iloc[0] if over_first and len(own) else 1), color=colour, label=layer)


def _curve(axes: Axes, rows: pd.DataFrame, label: str, colour: str) -> None:
    axes.plot(rows.x, rows.value, ".-", color=colour, label=label)
    axes.fill_between(rows.x, rows.low, rows.high, color=colour, alpha=0.2, linewidth=0)


def _matrix(axes: Axes, rows: pd.DataFrame, title: str) -> None:
    layers = list(dict.fromkeys(rows.layer))
    size = int(rows.x.max()) + 1 if len(rows) else 1
    matrix = np.full((size, size), np.nan)
    for found in rows.itertuples():
        matrix[layers.index(found.layer), int(found.x)] = matrix[int(found.x), layers.index(found.layer)] = found.value
    np.fill_diagonal(matrix, 1.0)
    axes.imshow(matrix, vmin=0, vmax=1, cmap="viridis")
    axes.set(title=title, xlabel="layer", ylabel="layer")
    axes.grid(visible=False)
