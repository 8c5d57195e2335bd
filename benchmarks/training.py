"""Training, alignment while training, replicates and attacks against the ways of the documents' own code.

PYTHONPATH=src python benchmarks/training.py
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, pairwise

from _turns import Case, run  # isort: skip (sets the threads)
import numpy as np
import torch
from torch.nn import functional as F

from netspectra.data.images import Dataset, Split, _affine
from netspectra.lenses.attacks import fgsm
from netspectra.measures import alignment as measure
from netspectra.networks.zoo import build
from netspectra.training.groups import Group
from netspectra.training.run import Run

MNIST_MLP = {"type": "fully_connected", "widths": [784, 100, 100, 50, 10], "bias": True}
RAINBOW_MLP = {"type": "fully_connected", "widths": [1024, 512, 256, 10], "bias": False}
RAINBOW_CNN = {
    "type": "convolutional", "channels": [1, 32, 64], "kernel": 5, "stride": 2, "image": 32, "classes": 10,
    "bias": False,
}  # fmt: skip
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
EPSILONS = [i / 10 for i in range(11)]


def dataset(count: int, channels: int, side: int) -> Dataset:
    """Random bytes with random labels."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, channels, side, side), generator=generator, dtype=torch.uint8)
    labels = torch.randint(10, (count,), generator=generator)
    split = Split(images, labels, *_affine(MEAN[:channels], STD[:channels], grey=True))
    return Dataset(split, split, tuple("0123456789"), "random")


def block(architecture: dict, optimiser: dict, batch: int, order: str) -> dict:
    return {
        "architecture": architecture, "optimiser": optimiser, "batch": batch, "epochs": 1, "order": order, "seed": 0,
        "test_every": 9, "snapshots": [], "probes": [], "intervention": None,
    }  # fmt: skip


def losses(settings: dict, data: Dataset, replicates: int) -> torch.Tensor:
    """One epoch of our loop, without its tests: losses (steps, replicates)."""
    run_ = Run(Group("bench", settings, range(replicates)), data)
    for index in run_.plan.order(0, run_.group.seeds).split(run_.plan.batch, -1):
        run_._learn(index, None)
    return run_.records.of_epoch("loss")


def serial(settings: dict, data: Dataset, replicates: int) -> torch.Tensor:
    """The same with one torch.optim object per network, one network after the other, on the same batches."""
    found = []
    for seed in range(replicates):
        torch.manual_seed(seed)
        network = build(settings["architecture"])
        optimiser = torch.optim.Adam(network.parameters(), lr=settings["optimiser"]["rate"], foreach=True)
        order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))
        found.append([])
        for index in order.split(settings["batch"]):
            x, y = data.train.batch(index)
            optimiser.zero_grad()
            loss = F.cross_entropy(network(x), y)
            loss.backward()
            optimiser.step()
            found[-1].append(loss.detach())
    return torch.tensor(found).T


def products(widths: list[int], batch: int, steps: int) -> Callable[[], None]:
    """The matrix products of so many steps of a perceptron: forward, and backward to weights and inputs."""
    layers = [tuple(torch.randn(size) for size in ((batch, d), (batch, n), (n, d))) for d, n in pairwise(widths)]

    def multiply() -> None:
        for _ in range(steps):
            for i, (x, z, weight) in enumerate(layers):
                torch.mm(x, weight.T)
                torch.mm(z.T, x)
                if i:  # nobody wants the gradient of the images
                    torch.mm(z, weight)

    return multiply


def alignment_cases() -> Iterator[Case]:
    for widths, goal in (([784, 100, 100, 50, 10], 5.0), ([4096, 4096, 4096, 4096, 4096], 15.0)):
        torch.manual_seed(0)
        x, layers = torch.randn(1024, widths[0]), []
        for d, nodes in pairwise(widths):
            weight = torch.randn(nodes, d) / d**0.5
            layers.append((x, x @ weight.T, weight))
            x = layers[-1][1].relu()

        def covariance(layers: list = layers) -> torch.Tensor:
            found = []
            for inputs, _, w in layers:
                c = torch.cov(inputs.T)
                found.append(((w @ c) * w).sum(1) / w.square().sum(1) / c.trace())
            return torch.cat(found)

        def outputs(layers: list = layers) -> torch.Tensor:
            return torch.cat([measure.of_outputs(*layer) for layer in layers])

        rounds = 20 if goal == 5.0 else 3
        yield Case(f"alignment of {'-'.join(map(str, widths))}", covariance, outputs, goal, 1e-5, rounds)


def replicate_cases() -> Iterator[Case]:
    data = dataset(2560, 1, 28)
    for batch, goal in ((128, 1.7), (1024, 1.0)):
        settings = block(MNIST_MLP, {"name": "adam", "rate": 0.001}, batch, "shared")
        yield Case(
            f"8 replicates, batch {batch}, serial Adam",
            lambda s=settings: serial(s, data, 8),
            lambda s=settings: losses(s, data, 8),
            goal,
            1e-5,
        )


def attack_cases() -> Iterator[Case]:
    torch.manual_seed(0)
    network = build(MNIST_MLP).requires_grad_(False)
    x = torch.randn(5000, 1, 28, 28)
    y = network(x).argmax(-1)

    def per_epsilon() -> np.ndarray:  # as foolbox and torchattacks go about it: a new gradient for each
        hits = []
        for epsilon in EPSILONS:
            given = x.clone().requires_grad_()
            (gradient,) = torch.autograd.grad(F.cross_entropy(network(given), y, reduction="sum"), given)
            hits.append(int((network(x + epsilon * gradient.sign()).argmax(-1) == y).sum()))
        return np.array(hits)

    ours = lambda: fgsm(network, [(x, y)], EPSILONS).hits  # noqa: E731
    yield Case("attacks of 11 strengths, a gradient for each", per_epsilon, ours, 7.0, 1e-3)


def epoch_cases() -> Iterator[Case]:
    """One epoch of 5,000 images; the peer decodes, normalises and turns grey image by image."""
    from PIL import Image
    from torch.utils.data import DataLoader
    from torchvision import transforms

    data = dataset(5000, 3, 32)
    steps = [transforms.ToTensor(), transforms.Normalize(MEAN, STD), transforms.Grayscale()]
    prepare = transforms.Compose(steps)
    pictures = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in data.train.images]

    class Pictures(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(pictures)

        def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
            return prepare(pictures[i]), int(data.train.labels[i])

    def loader(architecture: dict) -> float:
        network = build(architecture)
        optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
        for x, y in DataLoader(Pictures(), batch_size=128, shuffle=True):
            optimiser.zero_grad()
            F.cross_entropy(network(x), y).backward()
            optimiser.step()
        return 1.0

    mixed = replace(data, train=data.train.mixed())
    optimiser = {"name": "sgd", "rate": 0.01, "momentum": 0.9}
    for name, architecture, goal in (("MLP", RAINBOW_MLP, 4.0), ("CNN", RAINBOW_CNN, 1.7)):
        settings = block(architecture, optimiser, 128, "own")
        yield Case(
            f"epoch of the rainbow {name}, DataLoader and PIL",
            lambda a=architecture: loader(a),
            lambda s=settings: float(losses(s, mixed, 1).isfinite().all()),
            goal,
            None,
            rounds=3,
            floor=products(architecture["widths"], 128, 5000 // 128) if name == "MLP" else None,
        )


if __name__ == "__main__":
    cases = chain(alignment_cases(), replicate_cases(), attack_cases(), epoch_cases())
    sys.exit(run("Training, peers: the documents' own code, torch.optim, the structure of foolbox", cases))
