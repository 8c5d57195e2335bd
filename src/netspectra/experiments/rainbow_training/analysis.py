"""Accuracy of the perceptron and the convolutional network by epoch (rainbow document)."""

import pandas as pd

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.learning import learning_rows
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.pairs import add_pairs, pairs


def analyse(given: Given) -> Findings:
    """Tabulate the learning curves against epochs; accuracies in %."""
    frames, metrics, final = [], Metrics(), {}
    for networks in given.networks.values():
        (kind,) = networks.variants
        history = networks.history(kind)
        rows = learning_rows(networks, given.settings["points"])
        steps = float(history["test/step"][-1])
        frames.append(rows.assign(network=kind, x=rows.x * networks.settings["epochs"] / steps))
        final[kind] = 100 * history["test/accuracy"][-1].double()
        metrics.add(f"{kind}_test_accuracy", final[kind])
        metrics.add(f"{kind}_test_accuracy_at_start", 100 * history["test/accuracy"][0].double())
        gaps = [abs(float(final[kind][i] - final[kind][j])) for i, j in pairs(len(final[kind]))]
        add_pairs(metrics, f"{kind}_test_accuracy_gap", gaps, len(final[kind]))
    metrics.add("cnn_over_mlp", final["cnn"] - final["mlp"])
    return Findings(pd.concat(frames), metrics)
