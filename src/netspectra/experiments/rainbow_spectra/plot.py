"""Eigenvalues of activations and of weights over the accuracy that is left when only the first directions are kept."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import labels, style

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
    alone = what == "weight" and rows[rows.quantity == "weight_eigenvalue"].x.max() > 2 * FIRST
    figure, axes = style.page(2 + alone, len(layers), 7.2 if alone else 5.2)
    for column, (layer, found) in zip(axes.T, layers, strict=True):
        quantities, key = dict(iter(found.groupby("quantity"))), f"{network}_{layer}"
        column[0].set_title(f"layer {layer}")
        for axis in column[:-1]:
            spectrum(axis, quantities, settings)
            _published(axis, published.get(f"{what}_eigenvalue", {}).get(key))
            _published(axis, published.get(f"{what}_eigenvalue_initial", {}).get(key))
        if what == "weight":
            column[0].set_title(f"layer {layer}: {_above(quantities):.1f} eigenvalues above the edge")
        if alone:
            _first_ranks(column[1], quantities)
        _published(column[-1], published.get(f"{what}_accuracy", {}).get(key))
        _clipped(column[-1], quantities, what, settings["chance"])
        for axis in column[:-1]:
            labels.plain(axis.yaxis)
    for axis in axes[:-1, 0]:
        axis.set_ylabel("eigenvalue")
    axes[-1, 0].set_ylabel("test accuracy after clipping (%)")
    style.legend_of([axes[0, 0], axes[-1, 0]], ncols=4)
    style.footer(figure, f"{rows[rows.quantity == f'{what}_eigenvalue'].replicate.nunique()} networks", style.STUDENT)
    return figure


def _published(axis: Axes, curve: dict | None) -> None:
    if curve is not None:
        style.published(axis, curve["rank"], curve["value"], label="published")


def _above(quantities: dict[str, pd.DataFrame]) -> float:
    rows, upper = quantities["weight_eigenvalue"], quantities["null_upper"].value.iloc[0]
    return (rows.value > upper).groupby(rows.replicate).sum().mean()


def _first_ranks(axis: Axes, quantities: dict[str, pd.DataFrame]) -> None:
    shown = [quantities[name] for name in ("weight_eigenvalue", "weight_eigenvalue_initial")]
    values = pd.concat([rows[rows.x <= FIRST].value for rows in shown])
    labels.ranks(axis, FIRST)
    axis.set(ylim=(0.8 * values.min(), None), xlabel=f"rank (the first {FIRST})")


def _activations(axis: Axes, quantities: dict[str, pd.DataFrame], settings: dict) -> None:
    rows = quantities["activation_eigenvalue"]
    look = {"color": style.COLOUR["trained"]}
    style.log_band(axis, _positive(rows, settings["dead"]), label="E[φφ′], as in the document", **look)
    centred = _positive(quantities["activation_eigenvalue_centred"], settings["dead"])
    style.log_band(axis, centred, linestyle=":", label="covariance (centred)", **look)
    _law(axis, rows.groupby("x").value.mean(), settings["power_law"])
    axis.set(xscale="log", yscale="log", xlabel="rank")
    labels.plain(axis.xaxis)


def _law(axis: Axes, spectrum: pd.Series, law: dict) -> None:
    """A straight line through the logarithms, and how much of them it explains."""
    mean = spectrum.loc[law["first"] : law["last"]]
    slope, height = np.polyfit(np.log(mean.index), np.log(mean), 1)
    line = np.exp(height) * mean.index**slope
    share = np.corrcoef(np.log(mean.index), np.log(mean))[0, 1] ** 2
    axis.plot(mean.index, line, "--", color=style.COLOUR["theory"], zorder=3, label="power law fitted")
    fits = "" if share >= STRAIGHT else ": does not fit"
    text = f"ranks {mean.index[0]} to {mean.index[-1]}: rank$^{{{slope:.2f}}}$, R² {share:.3f}{fits}"
    axis.annotate(text, (0.02, 0.04), xycoords="axes fraction")


def _weights(axis: Axes, quantities: dict[str, pd.DataFrame], settings: dict) -> None:
    rows = quantities["weight_eigenvalue"]
    style.log_band(axis, rows, color=style.COLOUR["trained"], label="trained")
    initial = quantities["weight_eigenvalue_initial"].groupby("x").value.mean()
    dots = initial[initial.index.isin(np.unique(np.geomspace(1, initial.index.max(), 40).round()))]
    axis.plot(dots.index, dots, "o", color=style.COLOUR["untrained"], markersize=3, label="before training")
    null = quantities["null_eigenvalue"]
    axis.plot(null.x, null.value, "--", color=style.COLOUR["theory"], label="Marchenko–Pastur")
    upper = quantities["null_upper"].value.iloc[0]
    axis.axhline(upper, color=style.COLOUR["theory"], linestyle="--", linewidth=0.6)
    labels.ranks(axis, null.x.max())
    labels.named(axis, null.x.max(), upper, "its upper edge", style.COLOUR["theory"], xytext=(0, 5), ha="right")
    axis.set(yscale="log", xlabel="rank")


def _clipped(axis: Axes, quantities: dict[str, pd.DataFrame], what: str, chance: float) -> None:
    rows, random = quantities[f"{what}_accuracy"], quantities.get(f"{what}_accuracy_random")
    style.band(axis, rows, color=style.COLOUR["changed"], label="first eigenvectors kept")
    if random is not None:
        means = random.groupby("x").value.mean()
        axis.plot(means.index, means, "o", color=style.COLOUR["noise"], label="random directions kept")
    full = rows[rows.x == rows.x.max()].value.mean()
    axis.axhline(full, color=style.COLOUR["trained"], linewidth=0.8, label="all kept")
    style.chance(axis, chance)
    axis.set(xlabel="directions kept", ylim=(0, None))
    if what == "activation":
        axis.set_xscale("log")
        labels.plain(axis.xaxis)
    else:
        labels.ranks(axis, rows.x.max())


def _positive(rows: pd.DataFrame, dead: float) -> pd.DataFrame:
    """Rows that a logarithmic axis can show: dead directions have eigenvalues of zero up to round-off."""
    return rows[rows.value > dead * rows.value.max()]
