"""Eigenvalues of activations and of weights over the accuracy that is left when only the first directions are kept."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

GREEN, BLUE, RED = style.COLOURS[2], style.COLOURS[0], style.COLOURS[1]
ENDINGS = {"mlp": "", "cnn": "_cnn"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Activation and weight spectra of each network."""
    figures = {}
    for network, rows in table.groupby("network", sort=False):
        figures[f"rainbow_activation_spectra{ENDINGS[network]}"] = panels(rows, _activations, "activation", settings)
        figures[f"rainbow_weight_spectra{ENDINGS[network]}"] = panels(rows, _weights, "weight", settings)
    return figures


def panels(rows: pd.DataFrame, spectrum: object, what: str, settings: dict) -> Figure:
    """One column per hidden layer: its spectrum over its clipping curve."""
    layers = list(rows.groupby("layer"))
    figure, axes = style.page(2, len(layers), 5.0, sharey="row")
    for column, (layer, found) in zip(axes.T, layers, strict=True):
        quantities = dict(iter(found.groupby("quantity")))
        column[0].set_title(f"layer {layer}")
        spectrum(column[0], quantities, settings)
        _clipped(column[1], quantities[f"{what}_accuracy"], what, settings["chance"])
    axes[0, 0].set_ylabel("eigenvalue")
    axes[1, 0].set_ylabel("test accuracy after clipping (%)")
    axes[0, 0].legend(loc="lower left" if what == "activation" else "upper right")
    style.legend_below(axes[1, 0], style.INTERVAL, title_fontsize=6)
    return figure


def _activations(axis: Axes, quantities: dict[str, pd.DataFrame], settings: dict) -> None:
    rows = quantities["activation_eigenvalue"]
    style.band(axis, _positive(rows, settings["dead"]), color=GREEN, label="E[φφ′], as in the document")
    centred = _positive(quantities["activation_eigenvalue_centred"], settings["dead"])
    style.band(axis, centred, color=GREEN, linestyle="--", linewidth=0.8, label="covariance (centred)")
    mean = rows.groupby("x").value.mean().loc[settings["power_law"]["first"] : settings["power_law"]["last"]]
    slope, height = np.polyfit(np.log(mean.index), np.log(mean), 1)
    line = np.exp(height) * mean.index**slope
    axis.plot(
        mean.index, line, color="black", linestyle=":", label=f"power law, ranks {mean.index[0]} to {mean.index[-1]}"
    )
    axis.annotate(f"rank$^{{{slope:.2f}}}$", (mean.index[0], line[0]), (2, 4), textcoords="offset points")
    axis.set(xscale="log", yscale="log", xlabel="rank")


def _weights(axis: Axes, quantities: dict[str, pd.DataFrame], settings: dict) -> None:
    rows = quantities["weight_eigenvalue"]
    style.band(axis, rows, color=BLUE, label="trained")
    style.band(axis, quantities["weight_eigenvalue_initial"], color=BLUE, linestyle="--", label="before training")
    null = quantities["null_eigenvalue"]
    axis.plot(null.x, null.value, color="black", linestyle=":", label="Marchenko–Pastur")
    upper = quantities["null_upper"].value.iloc[0]
    axis.axhline(upper, color="black", linewidth=0.6, label="its upper edge")
    above = (rows.value > upper).groupby(rows.replicate).sum()
    axis.set_title(f"{axis.get_title()}: {above.mean():.1f} eigenvalues above the edge")
    axis.set(yscale="log", xlabel="rank")


def _clipped(axis: Axes, rows: pd.DataFrame, what: str, chance: float) -> None:
    directions = "activation" if what == "activation" else "weight"
    style.band(axis, rows, color=RED, label=f"first {directions} eigenvectors kept")
    full = rows[rows.x == rows.x.max()].value.mean()
    axis.axhline(full, color="black", linewidth=0.6, label="all kept")
    style.chance(axis, chance)
    axis.set(xlabel="directions kept", xscale="log" if what == "activation" else "linear", ylim=(0, None))


def _positive(rows: pd.DataFrame, dead: float) -> pd.DataFrame:
    """Rows that a logarithmic axis can show: dead directions have eigenvalues of zero up to round-off."""
    return rows[rows.value > dead * rows.value.max()]
