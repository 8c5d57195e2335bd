"""Learning, alignment and accuracy under attack of networks shaped with different cutoffs."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import footers, labels, learning, style
from netspectra.figures.bins import neighbours

WIDER = 1.12  # from one mean over neighbouring components to the next
LEAST = 1e-6  # of the energy, that is shown
MODES = {"free": "pixels free to leave their range (original)", "clamped": "pixels clamped to their range"}
CHANGES = {
    "attack": ("the attack's signs", {"color": style.COLOUR["changed"]}),
    "random signs": ("random signs", {"color": style.COLOUR["noise"]}),
    "other images": ("one image made into another", {"color": style.COLOUR["second"]}),
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The three figures of the document's last section, and where the attack lies."""
    looks = looks_of(table)
    return {
        "align_adv_performance": learning.performance(table, looks),
        "align_adv_by_layer": learning.by_layer(table, looks),
        "align_adv_epsilon": attacked(table, looks, settings["chance"]),
        "align_adv_structure": structure(table, settings["low"]),
    }


def looks_of(table: pd.DataFrame) -> dict[str, dict]:
    """Colours that grow with the cutoff; nothing removed in blue, and removal on test images dashed."""
    variants = list(table[table.quantity == "alignment"].variant.unique())
    ordered = [variant for variant in variants[1:] if " " not in variant]
    shades = style.shades(len(ordered), "Oranges", 0.35, 1.0)
    looks = {v: {"color": shade} for v, shade in zip(ordered, shades, strict=True)}
    looks = {variants[0]: {"color": style.COLOUR["trained"]}} | looks
    looks |= {v: looks[v.split()[0]] | {"linestyle": "--"} for v in variants[1:] if " " in v}
    return {v: look | {"label": f"cutoff {v}"} for v, look in looks.items()}


def attacked(table: pd.DataFrame, looks: dict[str, dict], chance: float) -> Figure:
    """Accuracy against epsilon, with pixels free and clamped, beside random signs."""
    rows = table[table.quantity == "attacked_accuracy"]
    modes = [mode for mode in MODES if mode in set(rows.layer)]
    figure, axes = style.page(1, len(modes), 3.0, sharey=True)
    for axis, mode in zip(axes[0], modes, strict=True):
        for variant, look in looks.items():
            style.band(axis, rows[(rows.layer == mode) & (rows.variant == variant)], marker=".", **look)
        if mode == "free":
            style.band(
                axis, rows[rows.layer == "noise"], color=style.COLOUR["noise"], label="random signs, none removed"
            )
        style.chance(axis, chance)
        axis.set(title=MODES[mode], xlabel="epsilon (1 = one standard deviation of the pixels)", ylim=(0, 100))
    axes[0, 0].set_ylabel("test accuracy under attack (%)")
    style.legend_below(axes[0, 0], ncols=4)
    tested = footers.images(table), footers.images(table, "test")
    style.footer(figure, *tested, footers.networks(rows), style.STUDENT)
    return figure


def structure(table: pd.DataFrame, low: float) -> Figure:
    """Energy of the attack on every component of the images, and its sum from the first component on."""
    rows = table[table.quantity == "energy"]
    variance = table[table.quantity == "variance"].sort_values("x")
    figure, axes = style.page(1, 2, 2.8, sharex=True)
    for change, (label, look) in CHANGES.items():
        own = rows[rows.layer == change].sort_values("x")
        style.log_band(axes[0, 0], neighbours(own[own.value > 0], WIDER), label=label, **look)
        style.band(axes[0, 1], own.assign(value=100 * own.groupby("replicate").value.cumsum()), label=label, **look)
    axes[0, 0].plot(
        variance.x,
        variance.value.where(variance.value > LEAST),
        "--",
        color="black",
        linewidth=0.8,
        label="variance of the images",
    )
    for axis in axes[0]:
        little(axis, variance, low)
        axis.set(xscale="log", xlabel="principal component of the test images")
        labels.plain(axis.xaxis)
    axes[0, 0].set(yscale="log", ylabel="share of the energy", ylim=(LEAST, 1))
    axes[0, 1].set(ylabel="share of the energy up to here (%)", ylim=(0, 100))
    style.legend_below(axes[0, 0])
    style.footer(figure, footers.images(table), footers.networks(rows), style.STUDENT)
    return figure


def little(axes: Axes, variance: pd.DataFrame, low: float) -> None:
    """Shade the components that hold less than a share of the variance."""
    start = variance.x[variance.value < low].min()
    axes.axvspan(start - 0.5, variance.x.max(), color="0.9", zorder=0)
