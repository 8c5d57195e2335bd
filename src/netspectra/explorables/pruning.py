"""Nodes by alignment, and what dropping them leaves."""

from netspectra.explorables.job import Source
from netspectra.lenses.nodes import node_alignment

DIGITS = 5


def arrays(source: Source) -> dict:
    """Alignment of every hidden node of one network, and accuracy (%) of all by share dropped and order."""
    table, networks = source.table, source.networks
    rows = table[(table.layer == "all layers") & (table.rescale == "none") & (table.ranking == "train")]
    rows = rows[rows.network == rows.network.iloc[0]]
    accuracy = rows.groupby(["order", "x"], sort=False).accuracy.mean().unstack()
    shares = sorted(accuracy.columns)
    scores = node_alignment(networks.stack(networks.variants[0]).single(0), source.data.train)
    return {
        "shares": shares,
        "accuracy": {order: [round(float(row[x]), 2) for x in shares] for order, row in accuracy.iterrows()},
        "layers": {name: [float(f"{v:.{DIGITS}g}") for v in score.tolist()] for name, score in scores.items()},
    }
