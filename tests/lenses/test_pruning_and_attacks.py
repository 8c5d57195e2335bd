"""Pruning and attacks against brute force."""

import pytest
import torch
from torch import nn

from netspectra.lenses.attacks import fgsm, input_gradient, sign_noise
from netspectra.lenses.pruning import progressive_dropout
from netspectra.networks.zoo import convolutional, fully_connected


def batches(seed, shape=(6,), n=60):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, *shape, generator=generator)
    y = torch.randint(0, 3, (n,), generator=generator)
    return [(x[:40], y[:40]), (x[40:], y[40:])]


@pytest.mark.parametrize("order", ["high", "low"])
@pytest.mark.parametrize("rescale", ["none", "keep", "inverse"])
def test_progressive_dropout_equals_networks_with_nodes_cut(order, rescale):
    network = fully_connected(widths=[6, 10, 8, 3], bias=True).requires_grad_(False)
    scores = {"relu1": torch.rand(10), "relu2": torch.rand(8)}
    fractions = [0.0, 0.3, 0.5, 0.9]
    found = progressive_dropout(network, batches(1), scores, fractions, order=order, rescale=rescale)
    for i, f in enumerate(fractions):
        factor = {"none": 1, "keep": 1 - f, "inverse": 1 / (1 - f)}[rescale]
        right = 0
        for x, y in batches(1):
            for fc, relu in (("fc1", "relu1"), ("fc2", "relu2")):
                x = network.get_submodule(fc)(x).relu() * factor
                ranked = scores[relu].sort(descending=order == "high").indices
                x[:, ranked[: round(f * len(ranked) - 0.49)]] = 0
            right += int((network.fc3(x).argmax(1) == y).sum())
        assert float(found.accuracy[i]) == pytest.approx(right / 60)


def test_dropping_everything_leaves_the_bias():
    network = fully_connected(widths=[6, 10, 3], bias=True).requires_grad_(False)
    found = progressive_dropout(network, batches(2), {"relu1": torch.rand(10)}, [1.0])
    y = torch.cat([labels for _, labels in batches(2)])
    assert float(found.accuracy) == pytest.approx(float((y == network.fc2.bias.argmax()).float().mean()))


@pytest.mark.parametrize("kind", ["fully_connected", "convolutional"])
def test_fgsm_equals_one_attack_per_epsilon(kind):
    torch.manual_seed(0)
    if kind == "fully_connected":
        network, given = fully_connected(widths=[6, 20, 3], bias=True), batches(3)
    else:
        network = convolutional(channels=[1, 4], kernel=3, stride=2, image=9, classes=3, bias=True)
        given = batches(3, (1, 9, 9))
    epsilons = [0.0, 0.05, 0.2, 1.0]
    for bounds in (None, (-0.5, 0.5)):
        hits = []
        for epsilon in epsilons:
            moved = [(x + epsilon * input_gradient(network, x, y).sign(), y) for x, y in given]
            moved = moved if bounds is None else [(x.clamp(*bounds), y) for x, y in moved]
            hits.append(sum(int((network(x).argmax(1) == y).sum()) for x, y in moved))
        assert fgsm(network, given, epsilons, bounds=bounds).hits.tolist() == hits


def test_random_signs_are_no_attack():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(400, 2))
    x = torch.randn(200, 400)
    batches = [(x, network(x).argmax(1))]
    noise, attack = (
        sign_noise(network, batches, [0, 0.3], torch.Generator().manual_seed(0)),
        fgsm(network, batches, [0, 0.3]),
    )
    assert noise.accuracy[0] == attack.accuracy[0] == 1
    assert noise.accuracy[1] > 0.75
    assert attack.accuracy[1] < 0.05
