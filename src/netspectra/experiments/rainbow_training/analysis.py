"""Accuracy of the perceptron and the convolutional network by epoch (rainbow document)."""

import numpy as np
import pandas as pd

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.learning import learning_rows
from netspectra.statistics.contrasts import difference
from netspectra.statistics.estimates import of_pairs, of_replicates
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.pairs import pairs


def analyse(given: Given) -> Findings:
    """Tabulate the learning curves against epochs; accuracies in %."""
    frames, metrics, start, final = [], Metrics(), {}, {}
    for networks in given.networks.values():
        (kind,) = networks.variants
        history = networks.history(kind)
        rows = learning_rows(networks, given.settings["points"])
        steps = float(history["test/step"][-1])
        frames.append(rows.assign(network=kind, x=rows.x * networks.settings["epochs"] / steps))
        first, final[kind] = (100 * history["test/accuracy"][at].double().cpu().numpy() for at in (0, -1))
        start[kind] = first
        metrics.put(f"{kind}_test_accuracy", of_replicates(final[kind], "percent"))
        metrics.put(f"{kind}_test_accuracy_at_start", of_replicates(first, "percent"))
        numbers = pairs(len(first))
        gaps = [abs(final[kind][i] - final[kind][j]) for i, j in numbers]
        metrics.put(f"{kind}_test_accuracy_gap", of_pairs(gaps, numbers, scale="log"))
    metrics.put("cnn_over_mlp", difference(final["cnn"], final["mlp"], paired=False))
    metrics.put("cnn_over_mlp_at_start", difference(start["cnn"], start["mlp"], paired=False))
    metrics.put("gap_to_another_kind", of_replicates(np.abs(final["cnn"] - final["mlp"]), "log"))
    return Findings(pd.concat(frames), metrics)
