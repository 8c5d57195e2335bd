"""The four findings of the PWCCA notes as ratios of two mean distances, under every measure, beside their controls."""

import pandas as pd

from netspectra.experiments.measuring import Findings, Given
from netspectra.statistics.intervals import Metrics

# Where each experiment's ratio stands in its table, and the state that is its control.
WHERE = {
    "pwcca_generalize": ({}, "untrained"),
    "pwcca_width": ({"split": "test"}, "untrained"),
    "pwcca_clusters": ({}, "untrained"),
    "pwcca_rnn": ({"network": "three"}, "drift"),
}
ENDINGS = {"trained": "", "control": "_control"}


def analyse(given: Given) -> Findings:
    """Bring the ratios of all experiments together; nothing is computed anew."""
    table = pd.concat([of_experiment(name, given.tables[name]) for name in given.settings["reads"]])
    metrics = Metrics()
    for row in table.itertuples():
        name = f"{row.finding}_{row.measure}{ENDINGS[row.state]}"
        metrics.number(name, row.value)
        if pd.notna(row.low):
            metrics.number(f"{name}_low", row.low)
            metrics.number(f"{name}_high", row.high)
    return Findings(table, metrics)


def of_experiment(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Ratios of one experiment, trained and control."""
    chosen, control = WHERE[name]
    rows = table[(table.quantity == "ratio") & table.state.isin(["trained", control])]
    for column, value in chosen.items():
        rows = rows[rows[column] == value]
    states = rows.state.where(rows.state == "trained", "control")
    found = rows.assign(finding=name.removeprefix("pwcca_"), state=states)
    return found[["finding", "state", "measure", "value", "low", "high"]]
