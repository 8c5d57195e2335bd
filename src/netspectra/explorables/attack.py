"""The same digits under attack by every cutoff: their pixels, the signs of the gradients, and what is answered."""

import base64

import torch
from torch import nn

from netspectra.data.images import Split
from netspectra.explorables.job import Source
from netspectra.lenses.attacks import input_gradient
from netspectra.networks.looking import looking

SHOWN = 8  # digits, of as many classes


def arrays(source: Source) -> dict:
    """Accuracy (%) by epsilon, and for the first digit of each of some classes the attack and the answers to it."""
    rows = source.table[(source.table.quantity == "attacked_accuracy") & (source.table.layer == "free")]
    accuracy = rows.groupby(["variant", "x"], sort=False).value.mean().unstack()
    epsilons = sorted(accuracy.columns)
    x, y, pixels = digits(source.data.test)
    names = [name for name in source.networks.variants if name in accuracy.index]
    return {
        "epsilons": epsilons,
        "labels": y.tolist(),
        "pixels": [_bytes(image) for image in pixels],
        "step": round(1 / float(source.data.test.scale[0, 0]), 3),  # of one epsilon, in levels of 255
        "variants": [
            {
                "name": name,
                "accuracy": [round(float(accuracy.loc[name, e]), 2) for e in epsilons],
                **attacked(source.networks.stack(name).single(0), x, y, epsilons),
            }
            for name in names
        ],
    }


def digits(split: Split) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The first image of each of the first classes: inputs, labels and bytes."""
    classes = split.labels.unique()[:SHOWN]
    index = torch.stack([(split.labels == one).nonzero()[0, 0] for one in classes])
    x, y = split.batch(index)
    return x, y, split.images[index]


def attacked(network: nn.Module, x: torch.Tensor, y: torch.Tensor, epsilons: list[float]) -> dict:
    """Signs of the gradient by image, a bit a pixel, and the answers, (images, epsilons)."""
    with looking(network):
        sign = input_gradient(network, x, y).sign()
        with torch.no_grad():
            answers = [network(x + epsilon * sign).argmax(-1).tolist() for epsilon in epsilons]
    bits = (sign > 0).flatten(1).cpu()
    return {"signs": [_packed(row) for row in bits], "answers": [list(row) for row in zip(*answers, strict=True)]}


def _packed(bits: torch.Tensor) -> str:
    """Bits in bytes, the first in the lowest place; a zero gradient counts as a step down."""
    padded = torch.nn.functional.pad(bits, (0, -len(bits) % 8)).view(-1, 8).int()
    return _bytes((padded << torch.arange(8)).sum(1).to(torch.uint8))


def _bytes(values: torch.Tensor) -> str:
    return base64.b64encode(values.flatten().cpu().numpy().tobytes()).decode()
