"""Test accuracy by the share of training that is done, whole and with layers that freeze, and what freezing gains."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

NAMES = {"conv": "convolutional", "resnet": "residual"}
VARIANTS = {
    "base": ("whole", style.COLOUR["trained"]),
    "linear": ("from below, linear", style.COLOUR["changed"]),
    "cubic": ("from below, cubic", style.COLOUR["fourth"]),
    "from_top": ("from above", style.COLOUR["second"]),
    "frozen": ("all but the logits, from the start", style.COLOUR["noise"]),
}
SHORT = {"linear": "linear", "cubic": "cubic", "from_top": "above", "frozen": "all"}


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The one figure: a column for each kind of network, curves above and gains below."""
    kinds = list(table.network.unique())
    figure, axes = style.page(2, len(kinds), 4.8, sharey="row")
    for above, below, kind in zip(*axes, kinds, strict=True):
        rows = table[table.network == kind]
        panel(above, rows, published[kind])
        style.chance(above, settings["chance"])
        above.set(title=f"{NAMES[kind]} networks", xlabel="share of training", xlim=(0, 1.04))
        gains(below, rows, published[kind])
    axes[0, 0].set(ylabel="test accuracy (%)", ylim=(0, 100))
    axes[1, 0].set_ylabel("gain over whole\n(percentage points)")
    style.legend_below(axes[0, 0], ncols=4)
    counts = table[table.variant == "base"].groupby("network", sort=False).replicate.nunique()
    networks = " and ".join(f"{count} {NAMES[kind]}" for kind, count in counts.items())
    style.footer(figure, f"{networks} networks, those of one seed paired", style.STUDENT)
    return {"svcca_freeze": figure}


def panel(axis: Axes, rows: pd.DataFrame, published: dict) -> None:
    """Test accuracies of one kind of network; vertical lines where the linear schedule freezes a layer."""
    for at in sorted(set(rows[(rows.quantity == "frozen") & (rows.variant == "linear")].x)):
        axis.axvline(at, color="grey", linestyle="--", linewidth=0.5)
    tested = rows[rows.quantity == "test_accuracy"]
    for variant in tested.variant.unique():
        label, colour = VARIANTS[variant]
        style.band(axis, tested[tested.variant == variant], label=label, color=colour, marker=".")
    for variant, value in published.items():
        style.published(axis, 1.0, 100 * value, of=VARIANTS[variant][1], label="published")


def gains(axis: Axes, rows: pd.DataFrame, published: dict) -> None:
    """Gains at the end (filled) and on average over the last tests (open) of every variant, and of single networks."""
    variants = [name for name in rows.variant.unique() if name != "base"]
    for i, variant in enumerate(variants):
        of_variant = rows[rows.variant == variant]
        for quantity, shift, fill in (("final", -0.12, None), ("late", 0.12, "white")):
            values = 100 * of_variant[of_variant.quantity == quantity].value.to_numpy()
            style.point(axis, i + shift, values, color=VARIANTS[variant][1], markerfacecolor=fill)
    known = 100 * (published["linear"] - published["base"])
    style.published(axis, variants.index("linear") - 0.3, known, of=VARIANTS["linear"][1])
    axis.axhline(0, color="black", linewidth=0.6, linestyle=":")
    work = rows[rows.quantity == "backward"].set_index("variant").value
    axis.set_xticks(range(len(variants)), [f"{SHORT[name]}\n{100 * work[name]:.0f} %" for name in variants])
    axis.set(xlabel="what freezes, and backward work left", xlim=(-0.6, len(variants) - 0.4))
    axis.grid(axis="x", visible=False)
