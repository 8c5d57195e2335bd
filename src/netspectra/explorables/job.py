"""Networks, data and tables -> the arrays of the page's explorables, for those whose experiment is in force."""

import importlib
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from netspectra.data.images import Dataset, load
from netspectra.files import replacing
from netspectra.machine import pick_device, use_threads
from netspectra.networks import checkpoints
from netspectra.networks.checkpoints import Networks, variant_settings


@dataclass(frozen=True)
class Source:
    """What an explorable is made from.

    Attributes:
        networks: Of its experiment, the first block that it reads.
        data: What they were trained and tested on.
        table: Of its experiment.
    """

    networks: Networks
    data: Dataset
    table: pd.DataFrame


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Derive the arrays.

    Args:
        inputs: {"networks": files, "data": files, "tables": files}, each named as its network, set or experiment.
        outputs: {"arrays": path}.
        settings: {"parts": {explorable: {"experiment", "network"}}, "blocks": networks by name, "device", "threads"}.
    """
    use_threads(settings["threads"])
    found = {name: _part(name, part, inputs, settings) for name, part in settings["parts"].items()}
    with replacing(outputs["arrays"]) as temporary:
        temporary.write_text(json.dumps(found, separators=(",", ":")), encoding="utf-8")


def _part(name: str, part: dict, inputs: dict, settings: dict) -> dict:
    source = _source(part["experiment"], part["network"], inputs, settings)
    return importlib.import_module(f"netspectra.explorables.{name}").arrays(source)


def _source(experiment: str, network: str, inputs: dict, settings: dict) -> Source:
    files = {kind: {Path(path).stem: Path(path) for path in inputs[kind]} for kind in ("networks", "data", "tables")}
    device, block = pick_device(settings["device"]), settings["blocks"][network]
    networks = checkpoints.load(files["networks"][network], block, device)
    wanted = variant_settings(block, networks.variants[0])["data"]
    data = load(files["data"][wanted["set"]], wanted, device)
    return Source(networks, data, pd.read_csv(files["tables"][experiment], keep_default_na=False, na_values=[""]))
