"""A data set and blocks so small that a training job takes a moment."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from netspectra.training import job

SETTINGS = {"name": "toy", "device": "cpu", "threads": 1, "granted": 1, "code": "as it is"}


def prepare(name: str = "toy", seed: int = 0) -> Path:
    """A prepared set of 90 images whose brightness gives their class."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 255, (90, 1, 4, 4), dtype=torch.uint8, generator=generator)
    labels = (images.flatten(1).float().mean(1) // 30 % 3).to(torch.uint8)
    parts = [{f"{part}_images": images.clone(), f"{part}_labels": labels.clone()} for part in ("train", "test")]
    facts = {"set": name, "checksum": f"{name} {seed}", "mean": [0.5], "std": [0.25], "classes": ["a", "b", "c"]}
    path = Path(f"{name}.safetensors")
    save_file(parts[0] | parts[1], path, {key: json.dumps(value) for key, value in facts.items()})
    return path


def block(**changed: object) -> dict:
    """A perceptron, whose replicates are stacked on a CPU."""
    return {
        "data": {"set": "toy", "train": None, "test": None, "grey": False},
        "architecture": {"type": "fully_connected", "widths": [16, 12, 8, 3], "bias": True},
        "optimiser": {"name": "adam", "rate": 0.01},
        "batch": 20,
        "epochs": 4,
        "order": "own",
        "replicates": 3,
        "seed": 5,
        "test_every": 2,
        "snapshots": [0, 0.5],
        "probes": [{"name": "alignment", "every": 3}],
        "intervention": {"name": "remove_low_variance", "every": 2, "split": "train", "cutoff": 0.01},
        "variants": {"a": {}},
    } | changed


def convolution(**changed: object) -> dict:
    """A convolution, whose replicates train one by one on a CPU."""
    architecture = {
        "type": "convolutional", "channels": [1, 3], "kernel": 3, "stride": 1, "image": 4, "classes": 3, "bias": True,
    }  # fmt: skip
    return block(architecture=architecture, intervention=None, **changed)


def train(network: dict, output: str = "out.safetensors", data: object = None, **settings: object) -> Path:
    """Run the job in the folder that is current; its file."""
    inputs = {"data": data or str(prepare())}
    job.run(inputs, {"networks": output}, SETTINGS | {"network": network} | settings)
    return Path(output)
