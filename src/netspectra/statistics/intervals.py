"""Numbers of an analysis by name, with their intervals beside them."""

from collections.abc import Sequence

import numpy as np

from netspectra.statistics.estimates import Estimate, of_replicates

Replicates = Sequence[float] | np.ndarray  # or a tensor, on any device


class Metrics(dict):
    """Flat numbers by name, with 95 % intervals over networks, the units of replication."""

    def add(self, name: str, replicates: Replicates) -> None:
        """Add the mean over networks and its Student interval; other estimates go in by `put`."""
        values = replicates.cpu() if hasattr(replicates, "cpu") else replicates
        self.put(name, of_replicates(np.asarray(values, np.float64).ravel()))

    def put(self, name: str, found: Estimate) -> None:
        """Add an estimate as `name`, and its interval, if it has one, as `name_low` and `name_high`."""
        self[name] = found.value
        if found.low is not None:
            self[f"{name}_low"], self[f"{name}_high"] = found.low, found.high

    def number(self, name: str, value: float) -> None:
        """Add one number that has no replicates."""
        self[name] = float(value)
