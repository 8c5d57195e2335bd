"""Versions of a network at one place: the same numbers from a chain and from any module, and a planted subspace."""

import pytest
import torch
from torch import nn

from netspectra.lenses import versions as module
from netspectra.lenses.versions import accuracy_of_versions, flat
from netspectra.measures.directions import only_neurons, principal_directions, random_directions, shared_directions
from netspectra.networks.zoo import build


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Wrapped(nn.Module):
    """The same layers as a chain, behind a forward of its own."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def layers():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(48, 5))


def test_chain_and_module_agree_and_the_identity_is_the_network():
    net, x = layers(), draw(40, 1, 6, 6)
    y = net(x).argmax(1)
    versions = [lambda t: t, lambda t: t * torch.tensor([1.0, 0.0, 1.0])[:, None, None], torch.zeros_like]
    found = accuracy_of_versions(net, "1", versions, [(x[:25], y[:25]), (x[25:], y[25:])])
    assert float(found[0]) == 1
    assert 0 < float(found[1]) < 1
    assert torch.equal(found, accuracy_of_versions(Wrapped(net), "layers.1", versions, [(x, y)]))


def test_the_notes_networks_are_cut_and_agree_with_whole_runs(monkeypatch):
    net = build({"type": "convnet", "channels": [3, 2, 2, 3, 3, 3], "hidden": [6, 5], "image": 8, "classes": 4})
    batches = [(draw(30, 3, 8, 8), torch.arange(30) % 4)]
    changes = [lambda t: t, torch.zeros_like, lambda t: t * (t > t.mean())]
    cut = {place: accuracy_of_versions(net, place, changes, batches) for place in ("c1", "p2", "fc1")}
    monkeypatch.setattr(module, "chain", lambda network: [("", network)])
    for place, found in cut.items():
        assert torch.equal(accuracy_of_versions(net, place, changes, batches), found)


def test_a_network_that_uses_two_directions_keeps_its_accuracy_on_them_alone():
    """Two neurons' worth of signal in thirty, turned at random; another network shares it and nothing else."""
    signal = draw(800, 2)
    turn = torch.linalg.qr(draw(30, 30, seed=1)).Q
    x = torch.cat([signal, 0.7 * draw(800, 28, seed=2)], 1) @ turn
    other = torch.cat([signal, 2 * draw(800, 8, seed=3)], 1) @ draw(10, 10, seed=4)
    net = nn.Sequential(nn.Identity(), nn.Linear(30, 2))
    with torch.no_grad():
        net[1].weight.copy_(turn[:2])
        net[1].bias.zero_()
    y = net(x).argmax(1)
    shared, drawn = shared_directions(x, other, share=1.0), random_directions(x, torch.Generator().manual_seed(0))
    neurons = torch.arange(2)
    versions = [
        lambda t: shared.project(t, 2),
        lambda t: principal_directions(x).project(t, 2),
        lambda t: drawn.project(t, 2),
        lambda t: only_neurons(t, neurons, x.mean(0)),
    ]
    found = accuracy_of_versions(net, "0", versions, [(x, y)])
    assert float(found[0]) > 0.99
    assert float(found[1]) > 0.9
    assert float(found[2:].max()) < 0.85


def test_feature_maps_as_neurons():
    x = draw(5, 2, 3, 3)
    assert torch.equal(flat(lambda t: t * torch.arange(18.0))(x), (x.flatten(1) * torch.arange(18.0)).view(5, 2, 3, 3))


def test_refuses():
    net, x = layers(), draw(4, 1, 6, 6)
    with pytest.raises(ValueError, match="versions"):
        accuracy_of_versions(net, "1", [], [(x, torch.zeros(4, dtype=torch.long))])
    with pytest.raises(ValueError, match="place"):
        accuracy_of_versions(net, "nine", [lambda t: t], [(x, torch.zeros(4, dtype=torch.long))])
    with pytest.raises(ValueError, match="sample"):
        accuracy_of_versions(net, "1", [lambda t: t], [])
