"""Eigenvalues of activations and of weights over the accuracy that is left when only the first directions are kept."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

GREEN, BLUE, RED = style.COLOURS[2], style.COLOURS[0], style.COLOURS[1]
FIRST = 60  # ranks shown alone
STRAIGHT = 0.97  # share of the variance of the logarithms below which a line is said not to fit
ENDINGS = {"mlp": "", "cnn": "_cnn"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Activation and weight spectra of each network."""
    figures = {}
    for network, rows in table.groupby("network", sort=False):
        for what in ("activation", "weight"):
            figures[f"rainbow_{what}_spectra{ENDINGS[network]}"] = panels(rows, network, what, settings, published)
    return figures


def panels(rows: pd.DataFrame, network: str, what: str, settings: dict, published: dict) -> Figure:
    """One column per hidden layer: its spectrum, of weights also the first ranks alone, over its clipping curve."""
    layers, spectrum = list(rows.groupby("layer")), {"activation": _activations, "weight": _weights}[what]
    figure, axes = style.page(3 if what == "weight" else 2, len(layers), 7.0 if what == "weight" else 5.0)
    for column, (layer, found) in zip(axes.T, layers, strict=True):
        quantities, key = dict(iter(found.groupby("quantity"))), f"{network}_{layer}"
        column[0].set_title(f"layer {layer}")
        for axis in column[:-1]:
            spectrum(axis, quantities, settings)
            _published(axis, published.get(f"{what}_eigenvalue", {}).get(key))
            _published(axis, published.get(f"{what}_eigenvalue_initial", {}).get(key))
        if what == "weight":
            column[0].set_title(f"layer {layer}: {_above(quantities):.1f} eigenvalues above the edge")
            _first_ranks(column[1], quantities)
        _published(column[-1], published.get(f"{what}_accuracy", {}).get(key))
        _clipped(column[-1], quantities, what, settings["chance"])
    for axis in axes[:-1, 0]:
        axis.set_ylabel("eigenvalue")
    axes[-1, 0].set_ylabel("test accuracy after clipping (%)")
    axes[0, 0].legend(loc="lower left")
    style.legend_below(axes[-1, 0])
    style.footer(figure, f"{rows[rows.quantity == f'{what}_eigenvalue'].replicate.nunique()} networks", style.STUDENT)
    return figure


def _published(axis: Axes, curve: dict | None) -> None:
    if curve is not None:
        drawn = {line.get_label() for line in axis.lines}
        label = None if "published" in drawn else "published"
        axis.plot(curve["rank"], curve["value"], "D", color="black", markerfacecolor="none", label=label, zorder=4)


def _above(quantities: dict[str, pd.DataFrame]) -> float:
    rows, upper = quantities["weight_eigenvalue"], quantities["null_upper"].value.iloc[0]
    return (rows.value > upper).groupby(rows.replicate).sum().mean()


def _first_ranks(axis: Axes, quantities: dict[str, pd.DataFrame]) -> None:
    shown = [quantities[name] for name in ("weight_eigenvalue", "weight_eigenvalue_initial")]
    values = pd.concat([rows[rows.x <= FIRST].value for rows in shown])
    axis.set(xlim=(0, FIRST + 1), ylim=(0.8 * values.min(), None), xlabel=f"rank (the first {FIRST})")


def _activations(axis: Axes, quantities: dict[str, pd.DataFrame], settings: dict) -> None:
    rows = quantities["activation_eigenvalue"]
    style.band(axis, _positive(rows, settings["dead"]), color=GREEN, label="E[φφ′], as in the document")
    centred = _positive(quantities["activation_eigenvalue_centred"], settings["dead"])
    style.band(axis, centred, color=GREEN, linestyle="--", linewidth=0.8, label="covariance (centred)")
    mean = rows.groupby("x").value.mean().loc[settings["power_law"]["first"] : settings["power_law"]["last"]]
    slope, height = np.polyfit(np.log(mean.index), np.log(mean), 1)
    line = np.exp(height) * mean.index**slope
    share = np.corrcoef(np.log(mean.index), np.log(mean))[0, 1] ** 2
    fits = "" if share >= STRAIGHT else ": does not fit"
    axis.plot(
        mean.index, line, color="black", linestyle=":", label=f"power law, ranks {mean.index[0]} to {mean.index[-1]}"
    )
    text = f"rank$^{{{slope:.2f}}}$, R² {share:.3f}{fits}"
    axis.annotate(text, (mean.index[0], line[0]), (2, 4), textcoords="offset points")
    axis.set(xscale="log", yscale="log", xlabel="rank")


def _weights(axis: Axes, quantities: dict[str, pd.DataFrame], settings: dict) -> None:
    rows = quantities["weight_eigenvalue"]
    style.band(axis, rows, color=BLUE, label="trained")
    initial = quantities["weight_eigenvalue_initial"].groupby("x").value.mean()
    dots = initial[initial.index.isin(np.unique(np.geomspace(1, initial.index.max(), 40).round()))]
    axis.plot(dots.index, dots, "o", color=style.COLOURS[4], markersize=3, label="before training")
    null = quantities["null_eigenvalue"]
    axis.plot(null.x, null.value, color="0.5", linestyle="--", label="Marchenko–Pastur")
    upper = quantities["null_upper"].value.iloc[0]
    axis.axhline(upper, color="0.5", linewidth=0.6, label="its upper edge")
    axis.set(yscale="log", xlabel="rank")


def _clipped(axis: Axes, quantities: dict[str, pd.DataFrame], what: str, chance: float) -> None:
    rows, random = quantities[f"{what}_accuracy"], quantities.get(f"{what}_accuracy_random")
    style.band(axis, rows, color=RED, label=f"first {what} eigenvectors kept")
    if random is not None:
        means = random.groupby("x").value.mean()
        axis.plot(means.index, means, "o", color="0.5", label="random directions kept")
    full = rows[rows.x == rows.x.max()].value.mean()
    axis.axhline(full, color="black", linewidth=0.6, label="all kept")
    style.chance(axis, chance)
    axis.set(xlabel="directions kept", xscale="log" if what == "activation" else "linear", ylim=(0, None))


def _positive(rows: pd.DataFrame, dead: float) -> pd.DataFrame:
    """Rows that a logarithmic axis can show: dead directions have eigenvalues of zero up to round-off."""
    return rows[rows.value > dead * rows.value.max()]
