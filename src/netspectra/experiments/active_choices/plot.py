"""All readings beside the published curve, what their leading eigenvectors hold, and how far each is."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

FINDINGS = {
    "distance": "distance\n(log10)",
    "after_gap_over_before": "36th /\n35th",
    "half_over_first": "half /\nfirst",
    "last_over_first": "last /\nfirst",
    "before_gap": "35th",
    "first_over_hidden": "first\nlayer /\nhidden",
    "output_over_hidden": "output\nlayer /\nhidden",
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Spectra of all readings, layers of their eigenvectors, and a table of numbers."""
    figure, axes = style.page(2, 2, 4.6, width_ratios=[1.4, 1], height_ratios=[3, 2])
    parts = dict(iter(table.groupby("quantity", sort=False)))
    labels = {choice: label for choice, label in settings["labels"].items() if choice in set(table.choice)}
    gap, read = settings["gap"], pd.Series(published["eigenvalue"], published["index"], dtype=float)
    for i, (choice, label) in enumerate(labels.items()):
        candidate = choice in settings["candidates"]
        look = {"color": style.COLOURS[i] if candidate else "grey", "linestyle": "-" if choice != "relu" else ":"}
        curve(axes[0, 0], parts["eigenvalue"].query("choice == @choice"), label, look)
        layers = parts["leading"][parts["leading"].choice == choice]
        layers = layers.assign(x=layers.layer.str.removeprefix("fc").astype(int))
        curve(axes[0, 1], layers, None, look | {"marker": "."})
    if gap in read:
        style.published(axes[0, 0], read.index, read / read[gap], label="published")
    axes[0, 0].axvline(gap + 0.5, color="grey", linestyle=":", linewidth=0.8)
    axes[0, 0].set(xscale="log", yscale="log", xlabel="index of the eigenvalue", ylabel=f"eigenvalue over the {gap}th")
    axes[0, 1].set(yscale="log", xlabel="layer", xticks=range(1, len(settings["setting"]["widths"])))
    axes[0, 1].set(title=f"mean squared coefficient in the\nfirst {settings['directions']} eigenvectors")
    below = figure.add_subplot(axes[1, 0].get_gridspec()[1, :])
    for axis in axes[1]:
        axis.remove()
    numbers(below, parts["finding"], labels, read_off(read, gap))
    style.legend_below(axes[0, 0], ncols=3, fontsize=6)
    sets = f"{settings['replicates']} set{'s' * (settings['replicates'] > 1)} of {settings['samples']:,} gradients"
    style.footer(figure, f"{sets} per reading, each shown; in use: {settings['labels'][settings['default']]}")
    return {"active_choices": figure}


def curve(axis: Axes, rows: pd.DataFrame, label: str | None, look: dict) -> None:
    """Every set as a line."""
    for i, (_, one) in enumerate(rows.groupby("replicate")):
        axis.plot(one.x, one.value, linewidth=0.9, label=None if i else label, **look)


def read_off(read: pd.Series, gap: int) -> dict[str, float]:
    """The same numbers of the published picture, as far as it shows them."""
    if gap not in read:
        return {}
    found = {"distance": 0.0, "after_gap_over_before": read[gap + 1] / read[gap], "before_gap": read[gap]}
    return found | {"last_over_first": read.iloc[-1] / read.iloc[0]}


def numbers(axis: Axes, rows: pd.DataFrame, labels: dict[str, str], published: dict[str, float]) -> None:
    """Means over sets of every number of every reading, and the published ones in the last row."""
    means = rows.groupby(["layer", "choice"]).value.mean()
    for x, finding in enumerate(FINDINGS):
        for y, choice in enumerate(labels):
            axis.text(x, y, f"{means[finding, choice]:.2g}", ha="center", va="center", fontsize=6)
        if finding in published:
            axis.text(x, len(labels), f"{published[finding]:.2g}", ha="center", va="center", fontsize=6, weight="bold")
    axis.set_yticks(range(len(labels) + 1), [*labels.values(), "published"], fontsize=6)
    axis.set_xticks(range(len(FINDINGS)), FINDINGS.values(), fontsize=6)
    axis.xaxis.tick_top()
    axis.set(xlim=(-0.5, len(FINDINGS) - 0.5), ylim=(len(labels) + 0.5, -0.5))
    axis.set_xlabel("means over sets; published: read off the picture")
    axis.grid(visible=False)
