"""The network learns, and the alignment of its layers rises above chance and falls again."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import learning


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Learning curves, and alignment by layer with its chance level."""
    (name,) = [v for v in table.variant.unique() if v != "chance"]
    return {
        "align_train_performance": learning.performance(table, {name: "mean over networks"}),
        "align_by_layer": learning.by_layer(table, {name: "mean of nodes"}, ""),
    }
