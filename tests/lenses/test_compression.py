"""Linear layers of lower rank: without loss where the layer has it, with the loss of the projection where not."""

import copy

import pytest
import torch
from torch import nn

from netspectra.lenses.compression import compressed, sizes
from netspectra.measures.directions import principal_directions, shared_directions


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def network(d=12, hidden=10):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(d, hidden), nn.ReLU(), nn.Sequential(nn.Linear(hidden, 4)))


def test_a_layer_whose_input_spans_three_directions_is_compressed_without_loss():
    net, x = network(), draw(300, 3) @ draw(3, 12, seed=1) + 1
    found = compressed(net, {"0": (principal_directions(x), 3)})
    assert torch.allclose(found(x), net(x), atol=1e-5)
    assert sum(p.numel() for p in found[0].parameters()) == 3 * (12 + 10) + 10
    worse = compressed(net, {"0": (principal_directions(x), 2)})
    assert float((worse(x) - net(x)).detach().abs().max()) > 0.05


def test_equals_projecting_what_enters():
    net, x = network(), draw(300, 12)
    directions = shared_directions(x, draw(300, 5, seed=2) + x[:, :5], share=1.0, filled=True)
    hidden = net[1](net[0](x)).detach()
    inner = principal_directions(hidden)
    found = compressed(net, {"0": (directions, 4), "2.0": (inner, 2)})
    by_hand = net[1](net[0](directions.project(x, 4)))
    assert torch.allclose(found[:2](x), by_hand, atol=1e-5)
    assert torch.allclose(found(x), net[2](inner.project(by_hand.detach(), 2)), atol=1e-5)


def test_the_network_is_left_as_it_is():
    net = network()
    before = copy.deepcopy(net.state_dict())
    compressed(net, {"0": (principal_directions(draw(50, 12)), 2)})
    assert all(torch.equal(before[name], t) for name, t in net.state_dict().items())


def test_counts_and_break_even():
    net = network(d=1024, hidden=256)
    (small, large) = sizes(net, {"0": 205, "2.0": 4})
    assert (small.before, small.after) == (1024 * 256, 205 * 1280)
    assert small.break_even == pytest.approx(204.8)
    assert small.ratio > 1 > sizes(net, {"0": 204})[0].ratio
    assert (large.before, large.after, large.layer) == (1024, 4 * 260, "2.0")


def test_refuses():
    net, directions = network(), principal_directions(draw(50, 12))
    with pytest.raises(ValueError, match=r"linear layers among 0, 2\.0, found '1'"):
        compressed(net, {"1": (directions, 2)})
    with pytest.raises(ValueError, match="10 neurons, found 12"):
        compressed(net, {"2.0": (directions, 2)})
    with pytest.raises(ValueError, match="count"):
        compressed(net, {"0": (directions, 13)})
