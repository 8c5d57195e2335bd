"""The leading spectrum, the layers and the findings under other activations, priors and grids."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

FINDINGS = {
    "after_gap_over_before": "after\nthe gap /\nbefore",
    "first_over_hidden": "first\nlayer /\nhidden",
    "output_over_hidden": "output\nlayer /\nhidden",
    "hidden_first_over_last": "hidden:\nfirst /\nlast",
}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """One colour per choice in two panels, and a table of what holds."""
    figure, axes = style.page(1, 3, 2.9, width_ratios=[1, 1, 1.1])
    parts = dict(iter(table.groupby("quantity", sort=False)))
    for colour, (choice, label) in zip(style.COLOURS, settings["labels"].items(), strict=False):
        values = parts["eigenvalue"].query("choice == @choice")
        style.band(axes[0, 0], values, label=label, color=colour)
        layers = parts["leading"][parts["leading"].choice == choice]
        layers = layers.assign(x=layers.layer.str.removeprefix("fc").astype(int))
        style.band(axes[0, 1], layers, color=colour, marker=".")
    gap = settings["gap"]
    axes[0, 0].axvline(gap + 0.5, color="black", linestyle=":", linewidth=1)
    axes[0, 0].set(xscale="log", yscale="log", xlabel="index of the eigenvalue", ylabel=f"eigenvalue over the {gap}th")
    axes[0, 1].set(yscale="log", xlabel="layer", xticks=range(1, len(settings["setting"]["widths"])))
    axes[0, 1].set(title=f"mean squared coefficient\nin the first {settings['directions']} eigenvectors")
    verdicts(axes[0, 2], parts["finding"], settings["labels"], published["holds"])
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=6,
        fontsize=6,
        title=style.INTERVAL,
        title_fontsize=6,
    )
    return {"active_choices": figure}


def verdicts(axis: Axes, rows: pd.DataFrame, labels: dict[str, str], holds: dict[str, dict]) -> None:
    """The mean of every finding under every choice, and whether it is what the document says."""
    means = rows.groupby(["layer", "choice"]).value.mean()
    colours = {True: style.COLOURS[2], False: style.COLOURS[1]}
    for x, finding in enumerate(FINDINGS):
        ((kind, bound),) = holds[finding].items()
        sign = {"at_least": "≥", "at_most": "≤"}[kind]
        for y, choice in enumerate(labels):
            value = means[finding, choice]
            good = bool(value >= bound if kind == "at_least" else value <= bound)
            text = f"{value:.0f}" if value >= 10 else f"{value:.2g}"
            weight = "bold" if good else "normal"
            axis.text(x, y, text, ha="center", va="center", color=colours[good], weight=weight)
        axis.text(x, -0.8, f"{sign} {bound:g}", ha="center", va="center", fontsize=7)
    axis.set_yticks(range(len(labels)), labels.values(), fontsize=6)
    axis.set_xticks(range(len(FINDINGS)), FINDINGS.values(), fontsize=6)
    axis.set(xlim=(-0.5, len(FINDINGS) - 0.5), ylim=(len(labels) - 0.5, -1.2))
    axis.set_title("what holds (green, bold)\nand what does not (orange)")
    axis.grid(visible=False)
