"""What is trained together, and how its results are put together."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch

from netspectra.networks.checkpoints import Tensors, joined, variant_settings

# Batch and parameters per network from which arithmetic, not the calls, is the cost on a CPU.
STACK_BELOW = {"batch": 512, "parameters": 200_000}


@dataclass(frozen=True)
class Group:
    """Replicates of one variant that train together."""

    variant: str
    settings: dict
    replicates: range

    @property
    def seeds(self) -> list[int]:
        """Seed of each replicate: it alone, not the company, decides what a replicate becomes."""
        return [self.settings["seed"] + r for r in self.replicates]

    @property
    def rates(self) -> list[float]:
        """Learning rate of each replicate."""
        return [self.settings["optimiser"]["rate"]] * len(self.replicates)

    @property
    def key(self) -> str:
        """Name of the group's resume file: a digest of everything that decides its numbers."""
        text = json.dumps([self.variant, self.settings, self.seeds, torch.__version__], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]


def groups(block: dict, device: torch.device) -> Iterator[Group]:
    """Replicates stacked on a GPU; on a CPU stacked where that pays and looped where it does not."""
    for variant in block["variants"]:
        settings = variant_settings(block, variant) | {"variants": {}}
        size = settings["replicates"] if device.type != "cpu" or _stacking_pays(settings) else 1
        for start in range(0, settings["replicates"], size):
            yield Group(variant, settings, range(start, min(start + size, settings["replicates"])))


def _stacking_pays(settings: dict) -> bool:
    """On a CPU: where the calls are the cost, or where one product with the shared images serves all replicates."""
    architecture = settings["architecture"]
    if architecture["type"] != "fully_connected":
        return False
    parameters = sum(d * nodes for d, nodes in pairwise(architecture["widths"]))
    small = settings["batch"] < STACK_BELOW["batch"] and parameters < STACK_BELOW["parameters"]
    return small or settings["order"] == "shared"


def gather(variant: str, parts: list[Tensors]) -> Tensors:
    """Results of a variant's groups as one, named as in `checkpoints.Networks`."""
    gathered = {}
    for kind, dim in (("final/", 0), ("snapshot/", 0), ("history/", 1)):
        chosen = [{n: t for n, t in part.items() if n.startswith(kind)} for part in parts]
        steps = {n: t for n, t in chosen[0].items() if n.split("/")[-1] == "step"}
        rest = joined([{n: t.cpu() for n, t in part.items() if n not in steps} for part in chosen], dim)
        for name, t in {**steps, **rest}.items():
            at = 2 if kind == "snapshot/" else 1
            words = name.split("/")
            gathered["/".join([*words[:at], variant, *words[at:]])] = t
    return gathered
