"""All readings beside the published curve, what their leading eigenvectors hold, and how far each is."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import labels, style

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
    names = {choice: label for choice, label in settings["labels"].items() if choice in set(table.choice)}
    looks = looks_of(list(names), settings)
    gap, read = settings["gap"], pd.Series(published["eigenvalue"], published["index"], dtype=float)
    for choice, look in looks.items():
        curve(axes[0, 0], parts["eigenvalue"].query("choice == @choice"), look)
        layers = parts["leading"][parts["leading"].choice == choice]
        layers = layers.assign(x=layers.layer.str.removeprefix("fc").astype(int))
        curve(axes[0, 1], layers, look | {"marker": "."})
    if gap in read:
        style.published(axes[0, 0], read.index, read / read[gap])
    axes[0, 0].axvline(gap + 0.5, color="0.6", linewidth=0.6)
    axes[0, 0].set(xscale="log", yscale="log", xlabel="index of the eigenvalue", ylabel=f"eigenvalue over the {gap}th")
    labels.plain(axes[0, 0].xaxis)
    axes[0, 1].set(yscale="log", xlabel="layer", xticks=range(1, len(settings["setting"]["widths"])))
    axes[0, 1].set(title=f"mean squared coefficient in the\nfirst {settings['directions']} eigenvectors")
    below = figure.add_subplot(axes[1, 0].get_gridspec()[1, :])
    for axis in axes[1]:
        axis.remove()
    numbers(below, parts["finding"], names, read_off(read, gap), looks)
    sets = f"{settings['replicates']} set{'s' * (settings['replicates'] > 1)} of {settings['samples']:,} gradients"
    style.footer(figure, f"{sets} per reading, each shown; in use: {settings['labels'][settings['default']]}")
    return {"active_choices": figure}


def looks_of(choices: list[str], settings: dict) -> dict[str, dict]:
    """The reading in use blue, its rivals in other colours, those that no choice was made among grey."""
    rivals = [choice for choice in choices if choice in settings["candidates"] and choice != settings["default"]]
    colours = dict(zip(rivals, ("second", "fourth", "third", "untrained", "changed"), strict=False))
    colours[settings["default"]] = "trained"
    return {
        choice: {"color": style.COLOUR[colours.get(choice, "noise")], "linestyle": ":" if choice == "relu" else "-"}
        for choice in choices
    }


def curve(axis: Axes, rows: pd.DataFrame, look: dict) -> None:
    """Every set as a line."""
    for _, one in rows.groupby("replicate"):
        axis.plot(one.x, one.value, linewidth=0.9, **look)


def read_off(read: pd.Series, gap: int) -> dict[str, float]:
    """The same numbers of the published picture, as far as it shows them."""
    if gap not in read:
        return {}
    found = {"distance": 0.0, "after_gap_over_before": read[gap + 1] / read[gap], "before_gap": read[gap]}
    return found | {"last_over_first": read.iloc[-1] / read.iloc[0]}


def numbers(
    axis: Axes, rows: pd.DataFrame, names: dict[str, str], published: dict[str, float], looks: dict[str, dict]
) -> None:
    """Means over sets of every number of every reading in its colour, and the published ones in the last row."""
    means = rows.groupby(["layer", "choice"]).value.mean()
    found = [[means[finding, choice] for finding in FINDINGS] for choice in names]
    found.append([published.get(finding) for finding in FINDINGS])
    colours = [*(looks[choice]["color"] for choice in names), style.COLOUR["published"]]
    for y, (values, colour) in enumerate(zip(found, colours, strict=True)):
        for x, value in enumerate(values):
            axis.text(x, y, written(value), ha="center", va="center", fontsize=6.5, color=colour)
    said = {"relu": " (dotted)"}
    axis.set_yticks(range(len(found)), [*(n + said.get(c, "") for c, n in names.items()), "◇ published"], fontsize=6.5)
    for label, colour in zip(axis.get_yticklabels(), colours, strict=True):
        label.set_color(colour)
    axis.set_xticks(range(len(FINDINGS)), FINDINGS.values(), fontsize=6.5)
    axis.xaxis.tick_top()
    axis.set(xlim=(-0.5, len(FINDINGS) - 0.5), ylim=(len(found) - 0.5, -0.5))
    axis.set_xlabel("means over sets; published: read off the picture")
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.grid(visible=False)


def written(value: float | None) -> str:
    """Two digits, without an exponent where that can be."""
    if value is None:
        return ""
    return f"{value:.1e}" if 0 < abs(value) < 1e-4 else f"{float(f'{value:.2g}'):,.10g}"
