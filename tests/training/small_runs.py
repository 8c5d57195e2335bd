"""Small blocks, data and groups that tests train on in a moment."""

from dataclasses import dataclass

import torch

from netspectra.data.images import Dataset, Split
from netspectra.data.tokens import Windows
from netspectra.training.run import Run

PERCEPTRON = {"type": "fully_connected", "widths": [16, 12, 8, 3], "bias": True}
RESIDUAL = {"type": "resnet", "depth": 8, "channels": [1, 4, 5, 6], "classes": 3}
LSTM = {"type": "lstm_language_model", "vocabulary": 7, "embedding": 8, "hidden": 12, "layers": 2}


@dataclass(frozen=True)
class Company:
    """Networks that train together."""

    settings: dict
    seeds: list[int]
    rates: list[float]
    variant: str = "a"


def block(architecture=PERCEPTRON, **changes):
    """A network block without data, replicates and variants, which a run does not read."""
    tells = {"name": "next_tokens", "length": 6} if "vocabulary" in architecture else {"name": "classify"}
    return {
        "task": tells,
        "architecture": architecture,
        "optimiser": {"name": "adam", "rate": 0.01},
        "schedule": {"name": "constant"},
        "stop": None,
        "freeze": [],
        "clip": None,
        "batch": 20,
        "epochs": 4,
        "order": "own",
        "seed": 5,
        "test_every": 2,
        "snapshots": [],
        "probes": [],
        "intervention": None,
    } | changes


def images(count=90, test=30):
    """Images of 4 x 4 pixels in three classes of brightness; labels (count,)."""
    generator = torch.Generator().manual_seed(0)
    bright = torch.randint(0, 3, (count + test,), generator=generator)
    noise = torch.randint(0, 120, (count + test, 1, 4, 4), generator=generator)
    pixels = (bright[:, None, None, None] * 45 + noise).to(torch.uint8)
    scale, shift = torch.tensor([[1 / 60]]), torch.tensor([-1.8])
    train, tested = (Split(pixels[part], bright[part], scale, shift) for part in (slice(count), slice(count, None)))
    return Dataset(train, tested, ("dark", "grey", "light"), "none")


def text(period=5, windows=30, length=6):
    """Tokens that come back after a period, told from 0 to 6."""
    tokens = torch.arange(windows * length + 1) % period + 1
    return Dataset(Windows(tokens, length, 7), Windows(tokens[: 10 * length + 1], length, 7), tuple("abcdefg"), "none")


def company(settings, replicates=(0, 1, 2), rates=None):
    """Replicates of a block."""
    rates = rates or [settings["optimiser"]["rate"]] * len(replicates)
    return Company(settings, [settings["seed"] + r for r in replicates], rates)


def trained(settings, data, replicates=(0, 1, 2), rates=None):
    """The finished run."""
    run = Run(company(settings, replicates, rates), data)
    while not run.finished:
        run.epoch()
    return run


def same(found, wanted):
    """Whether tensors of the same names have the same bits, NaN included."""
    equal = (torch.equal(found[name].nan_to_num(7.7e7), wanted[name].nan_to_num(7.7e7)) for name in wanted)
    return found.keys() == wanted.keys() and all(equal)
