"""Plain ticks, ranks from 1, and names where lines end."""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

NEAR, NARROW = 2.2, 0.6  # decades below which an axis has ticks at 1, 2 and 5 of each, and at even steps


def named(axes: Axes, x: float, y: float, text: str, color: str, **options: object) -> None:
    """Name what ends at a point, to the right of it and in its colour."""
    options = {"xytext": (4, 0), "va": "center", "fontsize": 6.5} | options
    axes.annotate(text, (x, y), textcoords="offset points", color=color, **options)


def apart(values: Sequence[float], least: float) -> np.ndarray:
    """Places for labels of values, in their order, at least so far from each other."""
    values = np.asarray(values, dtype=float)
    order = np.argsort(values)
    places = values[order]
    for _ in range(200):
        short = np.clip(least - np.diff(places), 0, None) / 2
        places[:-1] -= short
        places[1:] += short
    found = np.empty_like(places)
    found[order] = places
    return found


def plain(axis: Axis, ticks: Iterable[float] | None = None) -> None:
    """Numbers as one writes them on a logarithmic axis, without smaller ticks beside them; powers of ten if many."""
    low, high = sorted(axis.get_view_interval())
    if ticks is None:
        decades = np.log10(high / low)
        wide = LogLocator(subs=(1, 2, 5) if decades < NEAR else (1,), numticks=12)
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]) if decades < NARROW else wide)
    else:
        axis.set_ticks([tick for tick in ticks if low <= tick <= high])
    if low >= 1e-4 and high <= 1e6:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.set_minor_formatter(NullFormatter())
    if high / low < 10**NARROW:
        axis.set_minor_locator(NullLocator())


def ranks(axes: Axes, last: float) -> None:
    """A linear axis of ranks that begins at 1."""
    ticks = MaxNLocator(6, steps=[1, 2, 5, 10], integer=True).tick_values(1, last)
    shown = [1, *(tick for tick in ticks if max(1, last / 12) < tick <= last)]
    axes.set(xlim=(1 - 0.02 * last, 1.02 * last))
    axes.set_xticks(shown, [f"{tick:,.0f}" for tick in shown])
