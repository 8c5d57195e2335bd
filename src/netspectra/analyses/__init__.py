"""Analyses: trained networks and data -> one tidy table and one flat file of metrics.

Each module has `analyse(given: Given) -> Findings`; `run` here reads what it needs and writes what it found.
"""

import importlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.special import stdtrit

from netspectra import checkpoints
from netspectra.checkpoints import Networks
from netspectra.data import Dataset, load
from netspectra.runtime import pick_device, replacing, use_threads


@dataclass(frozen=True)
class Given:
    """What an analysis works on.

    Attributes:
        settings: The experiment's block.
        networks: Trained networks by name, in the order of the block.
        prepared: Files of prepared data by set.
        device: Where to compute.
    """

    settings: dict
    networks: dict[str, Networks] = field(default_factory=dict)
    prepared: dict[str, Path] = field(default_factory=dict)
    device: torch.device | str = "cpu"

    @cached_property
    def _loaded(self) -> dict[str, Dataset]:
        return {}

    def data(self, network: str) -> Dataset:
        """The data that a network was trained on, read once."""
        wanted = self.networks[network].settings["data"]
        key = json.dumps(wanted, sort_keys=True)
        if key not in self._loaded:
            self._loaded[key] = load(self.prepared[wanted["set"]], wanted, self.device)
        return self._loaded[key]


class Metrics(dict):
    """Flat numbers by name, with 95 % intervals over replicates."""

    def add(self, name: str, replicates: Sequence[float] | np.ndarray | torch.Tensor) -> None:
        """Add the mean over replicates as `name` and its interval as `name_low` and `name_high`."""
        self[name], self[f"{name}_low"], self[f"{name}_high"] = interval(replicates)

    def number(self, name: str, value: float) -> None:
        """Add one number that has no replicates."""
        self[name] = float(value)


@dataclass(frozen=True)
class Findings:
    """A tidy table (network, replicate, layer, x, value, ... as columns) and the metrics."""

    table: pd.DataFrame
    metrics: Metrics


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Run one analysis.

    Args:
        inputs: {"networks": files, "data": files}, each named as its network or set.
        outputs: {"table", "metrics"}.
        settings: {"name", "experiment": its block, "networks": blocks by name, "device", "threads"}.
    """
    use_threads(settings["threads"])
    device = pick_device(settings["device"])
    files = {Path(path).stem: Path(path) for path in inputs.get("networks", [])}
    networks = {name: checkpoints.load(files[name], block, device) for name, block in settings["networks"].items()}
    prepared = {Path(path).stem: Path(path) for path in inputs.get("data", [])}
    analyse: Callable[[Given], Findings] = importlib.import_module(f"{__name__}.{settings['name']}").analyse
    findings = analyse(Given(settings["experiment"], networks, prepared, device))
    write(findings, Path(outputs["table"]), Path(outputs["metrics"]))


def write(findings: Findings, table: Path, metrics: Path) -> None:
    """Write both files whole or not at all, numbers rounded to six digits.

    Raises:
        ValueError: A metric is NaN or infinite; names it.
    """
    if bad := [name for name, value in findings.metrics.items() if not math.isfinite(value)]:
        raise ValueError(f"metrics: wanted finite numbers, found {findings.metrics[bad[0]]} for {bad[0]}")
    with replacing(table) as temporary:
        findings.table.to_csv(temporary, index=False, float_format="%.6g")
    rounded = {name: float(f"{value:.6g}") for name, value in sorted(findings.metrics.items())}
    with replacing(metrics) as temporary:
        temporary.write_text(json.dumps(rounded, indent=1) + "\n")


def interval(
    replicates: Sequence[float] | np.ndarray | torch.Tensor, level: float = 0.95
) -> tuple[float, float, float]:
    """Mean over replicates and the limits of its Student interval; the mean alone three times for one replicate."""
    values = replicates.cpu() if isinstance(replicates, torch.Tensor) else replicates
    values = np.asarray(values, np.float64).ravel()
    mean = float(values.mean())
    if len(values) < 2:
        return mean, mean, mean
    half = float(stdtrit(len(values) - 1, (1 + level) / 2) * values.std(ddof=1) / math.sqrt(len(values)))
    return mean, mean - half, mean + half
