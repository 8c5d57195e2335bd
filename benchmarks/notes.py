"""What the SVCCA notes say saves work: DFT-CCA against CCA of whole maps, and training with layers that freeze.

    PYTHONPATH=src python benchmarks/notes.py

On maps in all their shifts both CCA give the same numbers. Frozen layers leave the forward pass as it is, so that a
training gets faster by less than the backward multiply-adds say.
"""

import sys
from collections.abc import Callable, Iterator

from _turns import Case, run  # isort: skip (sets the threads)
import torch

from netspectra.data.images import Dataset, Split
from netspectra.lenses.training_cost import frozen_share
from netspectra.measures.canonical import cca
from netspectra.measures.dft_cca import dft_cca
from netspectra.measures.feature_maps import all_shifts, dense_bytes, dft_bytes
from netspectra.networks.zoo import build
from netspectra.training.groups import Group, Member
from netspectra.training.run import Run

SHAPES = [(8, 4, 60), (8, 8, 20), (8, 16, 10), (64, 4, 80)]  # channels, side, maps
CONVNET = {
    "type": "convnet", "channels": [3, 8, 8, 16, 16, 16], "hidden": [256, 128], "image": 32, "classes": 10,
}  # fmt: skip
RESNET = {"type": "resnet", "depth": 8, "channels": [3, 8, 16, 32], "classes": 10}
LAYERS = {
    "convolutional": (CONVNET, ["c1", "c2", "c3", "c4", "c5", "fc1", "fc2"]),
    "residual": (RESNET, ["stem", "b1", "b2", "b3"]),
}
WITH = {"c2": ["bn1"], "c5": ["bn2"], "fc1": ["bn3"], "fc2": ["bn4"]}


def shifted(channels: int, side: int, maps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two layers that share half of what they hold, every map in all its shifts."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(3, maps, channels, side, side, generator=generator, dtype=torch.float64)
    return all_shifts(drawn[0] + drawn[1]), all_shifts(drawn[0] + drawn[2])


def blocks(layers: list[str], *, upwards: bool = True) -> list[dict]:
    """One group after the other freezes, at equal distances, with the normalisation behind it."""
    ordered = layers if upwards else layers[::-1]
    at = [(i + 1) / (len(layers) + 1) for i in range(len(layers))]
    return [{"layers": m, "at": f} for name, f in zip(ordered, at, strict=True) for m in (name, *WITH.get(name, []))]


def training(architecture: dict, freeze: list[dict]) -> Callable[[], float]:
    """Eight epochs over 512 random images."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (512, 3, 32, 32), generator=generator, dtype=torch.uint8)
    split = Split(images, torch.arange(512) % 10, torch.eye(3) / 128, torch.full((3,), -1.0))
    settings = {
        "architecture": architecture, "optimiser": {"name": "sgd", "rate": 0.01, "momentum": 0.9}, "freeze": freeze,
        "batch": 64, "epochs": 8, "order": "own", "seed": 0, "test_every": 9, "snapshots": [], "probes": [],
        "intervention": None,
    }  # fmt: skip

    def train() -> float:
        members = (Member("bench", 0, 0, settings["optimiser"]["rate"]),)
        run_ = Run(Group(settings, members), Dataset(split, split, tuple("0123456789"), "random"))
        while not run_.finished:
            run_.epoch()
        return 1.0

    return train


def cases() -> Iterator[Case]:
    for channels, side, maps in SHAPES:
        x, y = shifted(channels, side, maps)
        ratio = dense_bytes((channels, channels), side, side) / dft_bytes((channels, channels), side, side)
        name = f"DFT-CCA, {channels} channels, {side} x {side}; memory 1/{ratio:.0f}"
        yield Case(
            name,
            lambda x=x, y=y: float(cca(x.flatten(1), y.flatten(1)).correlations.mean()),
            lambda x=x, y=y: dft_cca(x, y).mean,
            2.0,
            1e-6,
            rounds=3,
        )
    for kind, (architecture, layers) in LAYERS.items():
        for upwards in (True, False) if kind == "convolutional" else (True,):
            freeze = blocks(layers, upwards=upwards)
            groups, at = [[block["layers"]] for block in freeze], [block["at"] for block in freeze]
            left = frozen_share(build(architecture), torch.zeros(2, 3, 32, 32), groups, at)
            way = "below" if upwards else "above"
            name = f"freezing from {way}, {kind}; backward work {left:.0%}"
            yield Case(name, training(architecture, []), training(architecture, freeze), 1.2 if upwards else None, None)


if __name__ == "__main__":
    sys.exit(run("The SVCCA notes, peer: whole maps, and training whole", cases()))
