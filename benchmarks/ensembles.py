"""Ways to evaluate several networks at once: a training pass by the executor that is chosen against the others.

PYTHONPATH=src python benchmarks/ensembles.py
"""

import sys
from collections.abc import Callable, Iterator
from itertools import chain
from types import SimpleNamespace

from _turns import Case, run  # isort: skip (sets the threads)
import torch
from torch.nn import functional as F

from netspectra.data.images import Dataset, Split
from netspectra.data.tokens import Windows
from netspectra.networks.ensembles import Ensemble
from netspectra.networks.executors import Executor, Pass, batched, choose, loop, shared
from netspectra.networks.zoo import build
from netspectra.training.run import Run

PERCEPTRON = {"type": "fully_connected", "widths": [784, 100, 100, 50, 10], "bias": True}
CONVOLUTION = {
    "type": "convolutional", "channels": [1, 32, 64], "kernel": 5, "stride": 2, "image": 32, "classes": 10,
    "bias": False,
}  # fmt: skip
RESIDUAL = {"type": "resnet", "depth": 8, "channels": [3, 8, 16, 32], "classes": 10}
PLAIN = {"type": "plain_convnet", "channels": [3, 8, 8, 16, 16], "strides": [1, 2, 1, 2], "classes": 10}
RATES = [1e-4, 5e-4, 2e-3, 1e-2, 5e-2]
LSTM = {"type": "lstm_language_model", "vocabulary": 1000, "embedding": 64, "hidden": 64, "layers": 3}


def images(*shape: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=generator), torch.randint(10, shape[:2], generator=generator)


def gradients(
    architecture: dict, networks: int, batch: tuple[torch.Tensor, torch.Tensor], executor: Executor | None
) -> Callable[[], torch.Tensor]:
    """A training pass of fresh networks, forward and backward; None for the executor that is chosen."""
    ensemble = Ensemble.initial(architecture, range(networks))
    ensemble.network.train()
    weights = [p.requires_grad_() for p in ensemble.parameters.values()]
    buffers = {name: b.clone() for name, b in ensemble.buffers.items()}
    x, targets = batch

    def work() -> torch.Tensor:
        for name, b in ensemble.buffers.items():
            b.copy_(buffers[name])
        one = Pass(ensemble.network, ensemble.parameters, ensemble.buffers, x)
        outputs = (executor or choose(one))(one).outputs
        loss = F.cross_entropy(outputs.movedim(-1, 1), targets.expand(outputs.shape[:-1]))
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, weights)])

    return work


def executor_cases() -> Iterator[Case]:
    settings = (
        ("8 perceptrons, shared images", PERCEPTRON, images(1, 128, 1, 28, 28), 8, {batched: 1.1, loop: 1.1}),
        ("8 perceptrons, images of their own", PERCEPTRON, images(8, 128, 1, 28, 28), 8, {batched: 0.9, loop: 0.9}),
        ("5 convolutional networks", CONVOLUTION, images(5, 64, 1, 32, 32), 5, {batched: 1.1, shared: 1.3}),
        ("3 residual networks", RESIDUAL, images(3, 64, 3, 16, 16), 3, {batched: None}),
    )
    for name, architecture, batch, networks, others in settings:
        for other, goal in others.items():
            ours = gradients(architecture, networks, batch, None)
            yield Case(
                f"{name}: {other.__name__}", gradients(architecture, networks, batch, other), ours, goal, 1e-3, 4
            )


def block(architecture: dict, batch: int) -> dict:
    return {
        "architecture": architecture, "optimiser": {"name": "adam"}, "batch": batch, "epochs": 1,
        "order": "own", "seed": 0, "test_every": 9, "snapshots": [], "probes": [], "intervention": None,
    }  # fmt: skip


def alone(settings: dict, data: Dataset, rates: list[float]) -> torch.Tensor:
    """An epoch of every network, one after the other, as PyTorch's own modules and optimiser do it: last losses."""
    found = []
    for seed, rate in enumerate(rates):
        torch.manual_seed(seed)
        network = build(settings["architecture"])
        optimiser = torch.optim.Adam(network.parameters(), lr=rate, foreach=True)
        order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(seed * 100_003))
        for index in order.split(settings["batch"]):
            x, targets = data.train.batch(index)
            optimiser.zero_grad()
            loss = F.cross_entropy(network(x).flatten(0, -2), targets.flatten())
            loss.backward()
            optimiser.step()
        found.append(loss.detach())
    return torch.stack(found)


def stacked(settings: dict, data: Dataset, rates: list[float]) -> torch.Tensor:
    """The same by `Run`."""
    group = SimpleNamespace(variant="bench", settings=settings, seeds=list(range(len(rates))), rates=rates)
    training = Run(group, data)
    training.epoch()
    return training.records.history()["loss"][-1]


def training_cases() -> Iterator[Case]:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (256, 3, 16, 16), generator=generator, dtype=torch.uint8)
    labels = torch.randint(10, (256,), generator=generator)
    train = Split(pixels, labels, torch.eye(3) / 64, torch.full((3,), -2.0))
    test = Split(pixels[:8], labels[:8], train.scale, train.shift)
    text = torch.randint(1000, (20 * 35 * 10 + 1,), generator=generator)
    windows = Dataset(Windows(text, 35, 1000), Windows(text[:36], 35, 1000), (), "random")
    for name, architecture, data, batch, rates, goal in (
        (
            "20 networks at 5 rates",
            PLAIN,
            Dataset(train, test, (), "random"),
            64,
            RATES * 4,
            0.9,
        ),
        (f"language model, {len(text)} tokens", LSTM, windows, 20, [3e-3], 0.8),
    ):
        settings = block(architecture, batch)
        yield Case(
            f"{name}: one by one, torch.optim",
            lambda s=settings, d=data, r=rates: alone(s, d, r),
            lambda s=settings, d=data, r=rates: stacked(s, d, r),
            goal,
            1e-2,
            3,
        )


if __name__ == "__main__":
    sys.exit(
        run(
            "Ensembles, peers: other executors, and torch.optim network by network",
            chain(executor_cases(), training_cases()),
        )
    )
