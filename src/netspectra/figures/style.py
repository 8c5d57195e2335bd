"""The look that all figures share: page width, one dictionary of colours, intervals as bands."""

from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 7.0  # inches: the text width of a page
# What a colour means in all figures; those of Okabe and Ito (2008) but for greys, purple and the verdicts.
COLOUR = {
    "trained": "#0072B2",
    "untrained": "#56B4E9",
    "changed": "#D55E00",  # drawn at random, clipped, frozen, shaped
    "noise": "#808080",  # and what is permuted, drawn at random as a control, or guessed
    "theory": "#808080",  # dashed
    "second": "#6A4C93",  # other ways to do the same
    "third": "#CC79A7",
    "fourth": "#E69F00",
    "published": "#000000",
}
VERDICTS = {"reproduced": "#00693e", "not reproduced": "#b00020", "undecided": "#8a5a00", "not judged": "#777777"}
COLOURS = [COLOUR[name] for name in ("trained", "changed", "second", "third", "fourth", "untrained", "published")]
NAMES = {"mlp": "fully connected", "cnn": "convolutional"}
STUDENT = "95 % Student intervals over networks"
JACKKNIFE = "95 % jackknife intervals over networks"
FOOTER = 0.16  # inches
DIAMOND = {"marker": "D", "linestyle": "", "color": "black", "markerfacecolor": "none", "markersize": 4}  # published


def use() -> None:
    """Set the defaults of matplotlib, without a screen and with reproducible SVG."""
    mpl.use("agg")
    mpl.rcParams.update(
        {
            "font.size": 8,
            "axes.titlesize": 8,
            "legend.fontsize": 7,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": mpl.cycler(color=COLOURS),
            "axes.grid": True,
            "grid.alpha": 0.25,
            "grid.linewidth": 0.5,
            "lines.linewidth": 1.2,
            "lines.markersize": 4,
            "legend.frameon": False,
            "figure.constrained_layout.use": True,
            "svg.hashsalt": "netspectra",
            "savefig.dpi": 200,
        }
    )


def page(rows: int = 1, columns: int = 1, height: float = 2.4, **options: object) -> tuple[Figure, np.ndarray]:
    """A figure of page width with a grid of axes, always as an array (rows, columns)."""
    return plt.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False, **options)


def legend_below(axes: Axes, title: str | None = None, **options: object) -> None:
    """Put the legend of `axes` in one row below the whole figure, where it hides nothing."""
    entries = axes.get_legend_handles_labels()
    options = {"ncols": len(entries[0])} | options
    axes.figure.legend(*entries, title=title, loc="outside lower center", **options)


def legend_of(panels: Iterable[Axes], **options: object) -> None:
    """Put one legend of several axes below the whole figure, every label once."""
    panels = list(panels)
    entries = {label: mark for axes in panels for mark, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    panels[0].figure.legend(entries.values(), entries, loc="outside lower center", **options)


def footer(figure: Figure, *parts: str) -> None:
    """Print a line below all that a figure shows, in a strip that is added for it; legends of the figure move up."""
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + FOOTER)
    strip = FOOTER / (height + FOOTER)
    figure.get_layout_engine().set(rect=(0, strip, 1, 1 - strip))
    for legend in figure.legends:  # in units of its font; an anchor would take it out of the layout
        legend.borderaxespad += 72 * FOOTER / legend.prop.get_size()
    figure.text(0.006, strip / 3, "; ".join(part for part in parts if part), fontsize=6, color="0.35", gid="footer")


def state_scale(figure: Figure, scale: str, data: str = "") -> None:
    """Begin the footer with the scale at which everything was made; a figure without a footer gets one.

    A footer that says nothing of images also gets how much `data` the networks were trained on.
    """
    footers = [text for text in figure.texts if text.get_gid() == "footer"]
    for text in footers:
        parts = [f"scale {scale}", "" if "images" in text.get_text() else data, text.get_text()]
        text.set_text("; ".join(filter(None, parts)))
    if not footers:
        footer(figure, f"scale {scale}", data)


def published(axes: Axes, x: object, y: object, of: str | None = None, label: str | None = None) -> None:
    """Published values as open black diamonds, with a dot in the colour of what they are values of, where many are.

    The label is drawn once for all axes that say the same.
    """
    drawn = {line.get_label() for line in axes.lines}
    axes.plot(x, y, **DIAMOND, label=None if label in drawn else label)
    if of is not None:
        axes.plot(x, y, ".", color=of, markersize=3)


def point(axes: Axes, x: float, values: np.ndarray, color: str, singles: bool = True, **look: object) -> None:
    """The mean of values of networks with its 95 % Student interval, and every network as a small dot beside it."""
    half = half_interval(pd.DataFrame([values]))[0]
    axes.errorbar(x, values.mean(), half, fmt="o", capsize=2, color=color, **look)
    if singles:
        axes.plot(np.full(len(values), x + 0.12), values, ".", color=color, markersize=2, alpha=0.6)


def chance(axes: Axes, level: float) -> None:
    """Mark the accuracy of guessing."""
    axes.axhline(level, color=COLOUR["noise"], linestyle=":", linewidth=1, label="chance")


def shades(count: int, name: str = "viridis_r", start: float = 0.15, stop: float = 0.95) -> np.ndarray:
    """Colours of things in an order, light to dark, (count, 4)."""
    return mpl.colormaps[name](np.linspace(start, stop, count))


def save(figure: Figure, path: Path, kind: str) -> None:
    """Write a figure without a date in it, so that the same table gives the same bytes."""
    figure.savefig(path, format=kind, metadata={"Date": None} if kind == "svg" else None)


def band(
    axes: Axes, rows: pd.DataFrame, *, x: str = "x", value: str = "value", over: str = "replicate",
    **line: object,
) -> None:  # fmt: skip
    """Draw the mean over replicates and the band of its 95 % Student interval (none for one replicate)."""
    wide = rows.pivot_table(index=x, columns=over, values=value)
    mean, half = wide.mean(axis=1), half_interval(wide)
    (drawn,) = axes.plot(mean.index, mean, **line)
    axes.fill_between(mean.index, mean - half, mean + half, color=drawn.get_color(), alpha=0.25, linewidth=0)


def log_band(axes: Axes, rows: pd.DataFrame, *, over: str = "replicate", **line: object) -> None:
    """As `band` for positive values on a logarithmic axis: geometric mean, and Student's interval of the logarithm."""
    wide = np.log(rows.pivot_table(index="x", columns=over, values="value"))
    mean, half = wide.mean(axis=1), half_interval(wide)
    (drawn,) = axes.plot(mean.index, np.exp(mean), **line)
    limits = np.exp(mean - half), np.exp(mean + half)
    axes.fill_between(mean.index, *limits, color=drawn.get_color(), alpha=0.25, linewidth=0)


def bars(axes: Axes, values: dict[str, np.ndarray], colours: list[str] | None = None, singles: bool = True) -> None:
    """Draw the mean over replicates of each named group with its 95 % interval, and the replicates beside it."""
    chosen = colours or COLOURS
    for i, found in enumerate(values.values()):
        point(axes, i, found, color=chosen[i % len(chosen)], singles=singles)
    axes.set_xticks(range(len(values)), list(values))
    axes.set_xlim(-0.6, len(values) - 0.4)
    axes.grid(axis="x", visible=False)


def half_interval(wide: pd.DataFrame, level: float = 0.95) -> pd.Series:
    """Half the width of the Student interval of every row's mean, rows of replicates in columns."""
    from scipy.special import stdtrit

    count = wide.count(axis=1)
    factor = stdtrit((count - 1).clip(lower=1), (1 + level) / 2)
    return (factor * wide.std(axis=1) / np.sqrt(count)).fillna(0.0)
