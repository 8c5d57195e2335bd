"""The network learns, and the alignment of its layers rises above chance and falls again."""

import pandas as pd
from matplotlib.figure import Figure

from netspectra.figures import learning, style


def draw(table: pd.DataFrame, settings: dict, published: dict) -> dict[str, Figure]:
    """Learning curves, and alignment by layer with its chance level."""
    (name,) = table[table.quantity == "alignment"].variant.unique()
    looks = {name: {"color": style.COLOURS[0], "label": "mean over networks, and its interval"}}
    return {
        "align_train_performance": learning.performance(table, looks, published["test_accuracy"]),
        "align_by_layer": learning.by_layer(table, looks),
    }
