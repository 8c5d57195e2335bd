"""Accuracy against how many layers are compressed, and what the compressed layers weigh."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from netspectra.figures import style

LOSSES = "95 % Student intervals of what networks lose"
LAYERS = ["#9ecae1", "#4292c6", "#084594"]  # from the top down


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """The one figure."""
    figure, (axes,) = style.page(1, 3, 3.0)
    labels = ["none", *settings["inputs"]]
    labels = [label.split(".")[0] if i < 2 else f"+ {label.split('.')[0]}" for i, label in enumerate(labels)]
    for axis, split in zip(axes, ("train", "test"), strict=False):
        accuracies(axis, table[table.quantity == split], settings)
        diamonds(axis, split, settings, published)
        axis.set_xticks(range(len(labels)), labels)
        axis.set(xlabel="layers compressed", title={"train": "training images", "test": "test images"}[split])
    axes[0].set_ylabel("accuracy")
    weights(axes[2], table[table.replicate == 0])
    style.legend_below(axes[0], ncols=4)
    networks = f"{table.replicate.nunique()} convolutional networks, each paired with the next"
    style.footer(figure, f"{settings['images']:,} training images", networks, LOSSES)
    return {"svcca_compression": figure}


def looks(settings: dict) -> dict[tuple[str, float], tuple[str, object]]:
    """What is drawn, with label and colour."""
    low, high = settings["pair"]
    few, more = settings["logits"]
    blues, oranges = style.shades(2, "Blues", 0.5, 0.85), style.shades(2, "Oranges", 0.45, 0.75)
    return {
        ("pair", high): (f"{high:.0%}, shared with a network", blues[1]),
        ("pair", low): (f"{low:.0%}, shared with a network", blues[0]),
        ("logits", more): (f"{more:.0%}, with the logits", oranges[1]),
        ("logits", few): (f"{few:.0%}, with the logits", oranges[0]),
        ("pca", high): (f"{high:.0%}, principal", style.COLOUR["second"]),
        ("pair control", high): (f"{high:.0%}, permuted images", style.COLOUR["noise"]),
    }


def accuracies(axis: Axes, rows: pd.DataFrame, settings: dict) -> None:
    """Means over networks for every kind and share, with the interval of what each network loses."""
    whole = rows[rows.kind == "whole"]
    own = rows.replicate.map(whole.set_index("replicate").value)
    rows = rows.assign(value=rows.value - own + whole.value.mean())
    whole = rows[rows.kind == "whole"]
    axis.axhline(whole.value.mean(), color="black", linestyle="--", linewidth=0.8, label="whole")
    for (kind, share), (label, colour) in looks(settings).items():
        found = pd.concat([whole, rows[(rows.kind == kind) & (rows.share == share)]])
        style.band(axis, found, x="layers", label=label, color=colour, marker="o", markersize=2.5)


def diamonds(axis: Axes, split: str, settings: dict, published: dict) -> None:
    """Published accuracies with all layers compressed, beside ours, and whole."""
    style.published(axis, 0, published["whole"][split], label="published")
    last = len(settings["inputs"])
    for i, ((kind, share), (_, colour)) in enumerate(looks(settings).items()):
        for value in (value for at, value in published.get(kind, {}).get(split, []) if at == share):
            style.published(axis, last + 0.15 * (i + 1), value, of=colour, label="published")
    axis.set(xlim=(-0.2, last + 0.8), ylim=(0, 1.02))


def weights(axis: Axes, rows: pd.DataFrame) -> None:
    """After over before of every layer, by the share of directions; lines are named where they end."""
    for i, (layer, found) in enumerate(rows[rows.quantity.isin(["before", "after"])].groupby("kind", sort=False)):
        wide = found.pivot(index="share", columns="quantity", values="value")
        ratio = wide.after / wide.before
        axis.plot(100 * wide.index, ratio, "o-", color=LAYERS[i])
        name = layer.split(".")[0]
        axis.annotate(name, (100 * wide.index[-1], ratio.iloc[-1]), (4, 0), textcoords="offset points", color=LAYERS[i])
    ends = [100 * rows.share.min(), 100 * rows.share.max()]
    axis.plot(ends, [share / 100 for share in ends], color="black", linewidth=0.8)
    axis.annotate(
        "k / n, notes", (ends[1], ends[1] / 100), (4, 0), textcoords="offset points", va="center", fontsize=6.5
    )
    axis.axhline(1, color="grey", linestyle="--", linewidth=0.8)
    axis.set(xlabel="directions kept (%)", ylabel="weights, after over before", ylim=(0, None), title="size of layers")
    axis.set_xlim(ends[0] - 3, ends[1] + 20)
