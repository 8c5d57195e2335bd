"""Analyses: trained networks and data -> one tidy table and one file of metrics.

Each module has `analyse(given: Given) -> Findings`; `run` here reads what it needs and writes what it found.
"""

import importlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd
import torch

from netspectra.data.images import Dataset
from netspectra.data.tasks import load
from netspectra.files import replacing
from netspectra.machine import pick_device, use_threads
from netspectra.networks import checkpoints
from netspectra.networks.checkpoints import Networks, variant_settings
from netspectra.statistics import dictionaries
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.metrics import nest


@dataclass(frozen=True)
class Given:
    """What an analysis works on.

    Attributes:
        settings: The experiment's block.
        networks: Trained networks by name, in the order of the block.
        prepared: Files of prepared data by set.
        device: Where to compute.
        published: What its document prints, as claims.yaml gives it.
    """

    settings: dict
    networks: dict[str, Networks] = field(default_factory=dict)
    prepared: dict[str, Path] = field(default_factory=dict)
    device: torch.device | str = "cpu"
    published: dict = field(default_factory=dict)

    @cached_property
    def _loaded(self) -> dict[str, Dataset]:
        return {}

    def data(self, network: str, variant: str | None = None) -> Dataset:
        """The data that a network was trained on, or one variant of it, read once; texts in windows."""
        networks = self.networks[network]
        block = networks.settings if variant is None else variant_settings(networks.settings, variant)
        wanted = {key: block[key] for key in ("task", "data") if key in block}
        if (vocabulary := block.get("architecture", {}).get("vocabulary")) is not None:
            wanted["architecture"] = {"vocabulary": vocabulary}
        key = json.dumps(wanted, sort_keys=True)
        if key not in self._loaded:
            self._loaded[key] = load(self.prepared[wanted["data"]["set"]], wanted, self.device)
        return self._loaded[key]


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
        settings: {"name", "experiment": its block, "published", "networks": blocks by name, "device", "threads"}.
    """
    use_threads(settings["threads"])
    device = pick_device(settings["device"])
    files = {Path(path).stem: Path(path) for path in inputs.get("networks", [])}
    networks = {name: checkpoints.load(files[name], block, device) for name, block in settings["networks"].items()}
    prepared = {Path(path).stem: Path(path) for path in inputs.get("data", [])}
    module = importlib.import_module(f"netspectra.experiments.{settings['name']}.analysis")
    given = Given(settings["experiment"], networks, prepared, device, settings["published"])
    findings: Findings = module.analyse(given)
    write(findings, Path(outputs["table"]), Path(outputs["metrics"]))


def write(findings: Findings, table: Path, metrics: Path) -> None:
    """Write both files whole or not at all, numbers rounded to six digits, and metrics nested with their intervals.

    Raises:
        ValueError: A metric is NaN, infinite or outside its interval; names it.
    """
    nested = nest(findings.metrics)
    with replacing(table) as temporary:
        findings.table.to_csv(temporary, index=False, float_format="%.6g")
    dictionaries.write(nested, metrics)
