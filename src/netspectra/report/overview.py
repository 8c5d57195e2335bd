"""All claims in one picture: interval against tolerance, the published value, and the control beside it."""

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from netspectra.figures import style
from netspectra.files import replacing
from netspectra.statistics.judged import Verdict, load, tolerance_of
from netspectra.statistics.judging import NOT_JUDGED
from netspectra.statistics.listing import counts
from netspectra.statistics.replication import FULL_SCALE

WIDTH, ROW, COLUMNS = 10.5, 0.112, 2  # inches, inches a line, columns of claims
END = 3.4  # where a value is that is as far from the tolerance as it may be
LINEAR = 1.0  # distance from the tolerance up to which the axis is linear
Scale = Callable[[float], float]


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Draw the overview.

    Args:
        inputs: {"verdicts": claims.json}.
        outputs: {"svg": path, "png": path}.
        settings: {"scale"}.
    """
    style.use()
    figure = draw(load(inputs["verdicts"]))
    style.state_scale(figure, settings["scale"])
    for kind in ("svg", "png"):
        with replacing(outputs[kind]) as temporary:
            style.save(figure, Path(temporary), kind)


def draw(verdicts: Sequence[Verdict]) -> Figure:
    """A forest plot of all claims but those that hold by construction, by document in the order of the verdicts."""
    shown = [v for v in verdicts if not v.check]
    documents = {
        name: list(found) for name, found in groupby(sorted(shown, key=_document(shown)), lambda v: v.document)
    }
    columns = in_columns({name: len(found) for name, found in documents.items()})
    height = ROW * max(sum(len(documents[name]) + 4 for name in column) for column in columns) + 0.5
    figure = plt.figure(figsize=(WIDTH, height))
    for spot, column in zip(figure.add_gridspec(1, COLUMNS), columns, strict=False):
        panels = spot.subgridspec(len(column), 1, height_ratios=[len(documents[name]) + 4 for name in column])
        for place, name in zip(panels, column, strict=True):
            panel(figure.add_subplot(place), name, documents[name])
    figure.legend(handles=_legend(), loc="outside lower center", ncols=6)
    reduced = "verdicts at reduced scale" if shown and shown[0].scale != FULL_SCALE else ""
    style.footer(
        figure,
        f"{counts(shown)} of {len(shown)} claims",
        reduced,
        "95 % intervals over networks",
        "italics: beyond the documents",
    )
    return figure


def _document(verdicts: Sequence[Verdict]) -> Callable[[Verdict], int]:
    order = list(dict.fromkeys(v.document for v in verdicts))
    return lambda v: order.index(v.document)


def in_columns(sizes: dict[str, int]) -> list[list[str]]:
    """Names in their order, the first of them in the left column until it holds about half of all lines."""
    names, lines = list(sizes), np.cumsum([size + 4 for size in sizes.values()])
    first = 1 + int(np.argmin([max(n, lines[-1] - n) for n in lines])) if names else 0
    return [column for column in (names[:first], names[first:]) if column]


def panel(axes: Axes, document: str, verdicts: Sequence[Verdict]) -> None:
    """The claims of one document, the first on top."""
    axes.axvspan(0, 1, color="0.92", linewidth=0, zorder=0)
    axes.axvline(0, color="0.6", linewidth=0.6)
    for line, verdict in enumerate(verdicts):
        row(axes, line, verdict)
    axes.set_yticks(range(len(verdicts)), [v.id for v in verdicts], fontsize=5.5)
    for label, verdict in zip(axes.get_yticklabels(), verdicts, strict=True):
        label.set(color=style.VERDICTS[verdict.verdict], fontstyle="italic" if verdict.beyond else "normal")
    axes.set(ylim=(len(verdicts) - 0.3, -0.7), xlim=(-END, END + 1))
    axes.set_xticks([-2, -1, 0, 1, 2, 3], ["", "outside", "limit", "", "", ""], fontsize=6)
    axes.set_title(f"{document}: {counts(verdicts)}", loc="left", fontsize=7)
    axes.tick_params(axis="y", length=0, pad=2)
    axes.grid(axis="x", visible=False)


def row(axes: Axes, line: int, verdict: Verdict) -> None:
    """One claim: its interval in the colour of its verdict, the published value, and the control."""
    if verdict.tolerance is None or verdict.verdict == NOT_JUDGED:
        axes.annotate(
            "not judged at this scale", (0.03, line), fontsize=5, color=style.VERDICTS[NOT_JUDGED], va="center"
        )
        return
    scale = placed(verdict)
    if "between" not in verdict.tolerance:
        axes.fill_between([1, END + 1], line - 0.5, line + 0.5, color="0.92", linewidth=0, zorder=0)
    if verdict.control is not None:
        axes.plot(
            scale(verdict.control.value),
            line,
            "o",
            color=style.COLOUR["noise"],
            markerfacecolor="white",
            markersize=3,
            markeredgewidth=0.7,
        )
    if verdict.published is not None:
        axes.plot(
            scale(verdict.published), line, **style.DIAMOND | {"markersize": 3.2, "markeredgewidth": 0.8, "zorder": 4}
        )
    _estimate(axes, line, verdict, scale)


def _estimate(axes: Axes, line: int, verdict: Verdict, scale: Scale) -> None:
    colour = style.VERDICTS[verdict.verdict]
    if verdict.low is not None:
        axes.plot(
            [scale(verdict.low), scale(verdict.high)], [line, line], color=colour, linewidth=1.3, solid_capstyle="butt"
        )
    axes.plot(scale(verdict.value), line, "o", color=colour, markersize=2.8)


def placed(verdict: Verdict) -> Scale:
    """Where a value of the claim's metric stands: 0 is the limit that it must not pass, more is within the tolerance.

    A range goes from 0 to 1. A limit has no other end: 1 is as far from it as the published value within, else as the
    control, else as what was measured. Beyond 1 from the tolerance the axis is logarithmic.
    """
    ((name, bound),) = verdict.tolerance.items()
    if name == "between":
        return _range(*bound)
    sign, unit = 1 if name == "at_least" else -1, _unit(verdict, bound)
    return lambda value: _pressed(sign * (value - bound) / unit)


def _unit(verdict: Verdict, bound: float) -> float:
    published = verdict.published if verdict.published is not None and _holds(verdict, verdict.published) else bound
    control = bound if verdict.control is None else verdict.control.value
    return next((abs(x - bound) for x in (published, control, verdict.value) if x != bound), 1.0)


def _holds(verdict: Verdict, value: float) -> bool:
    wanted = tolerance_of(verdict.tolerance)
    return wanted is not None and wanted.holds(value)


def _range(low: float, high: float) -> Scale:
    return lambda value: _pressed((value - low) / ((high - low) or 1.0))


def _pressed(x: float) -> float:
    """The place itself as far as `LINEAR` from the tolerance, then its logarithm, up to `END`."""
    away = max(-x, x - 1, 0.0)
    far = min(away if away <= LINEAR else LINEAR * (1 + np.log10(away / LINEAR)), END)
    return float(-far if x < 0 else min(x, 1.0) + far)


def _legend() -> list[Line2D | Patch]:
    """What the marks are."""
    marks = [
        Line2D([], [], color=colour, marker="o", markersize=4, label=name) for name, colour in style.VERDICTS.items()
    ]
    published = Line2D([], [], **style.DIAMOND, label="published")
    control = Line2D(
        [],
        [],
        color=style.COLOUR["noise"],
        marker="o",
        markerfacecolor="white",
        linestyle="",
        markersize=4,
        label="control",
    )
    return [
        *marks[:3],
        published,
        control,
        Patch(color="0.92", label="tolerance (open to the right where it is one limit)"),
    ]
