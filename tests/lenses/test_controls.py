"""Controls: statistics of normalisation by hand, displacements of the true length."""

import copy

import pytest
import torch
from torch import nn

from netspectra.lenses.controls import displaced, with_statistics


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def network(seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3, momentum=0.3), nn.Dropout(0.5), nn.Linear(3, 2))


def test_statistics_are_those_of_the_batches_and_nothing_else_changes():
    net, x = network(), draw(60, 4) + 1
    before = copy.deepcopy(net.state_dict())
    found = with_statistics(net, [x[:30], (x[30:], torch.zeros(30))])
    hidden = net[0](x).detach()
    assert torch.allclose(found[1].running_mean, hidden.mean(0), atol=1e-6)
    assert torch.allclose(found[1].running_var, (hidden[:30].var(0) + hidden[30:].var(0)) / 2, atol=1e-6)
    assert (found[1].momentum, found.training, found[1].training, net.training) == (0.3, False, False, True)
    assert all(torch.equal(before[name], t) for name, t in net.state_dict().items())
    assert torch.equal(found[0].weight, net[0].weight)


def test_batches_are_needed_only_to_normalise():
    plain = nn.Sequential(nn.Linear(4, 3))
    assert torch.equal(with_statistics(plain, [])[0].weight, plain[0].weight)
    with pytest.raises(ValueError, match="batches"):
        with_statistics(network(), [])


def test_displacements_are_as_long_as_the_true_ones_and_point_elsewhere():
    final, earlier = network(0), network(1)
    found = displaced(final, earlier, torch.Generator().manual_seed(3))
    for (name, p), end, start in zip(found.named_parameters(), final.parameters(), earlier.parameters(), strict=True):
        assert float((p - end).detach().norm()) == pytest.approx(float((start - end).detach().norm()), rel=1e-4), name
    moved, true = (found[0].weight - final[0].weight).flatten(), (earlier[0].weight - final[0].weight).flatten()
    assert abs(float(torch.cosine_similarity(moved, true, 0).detach())) < 0.9
    again = displaced(final, earlier, torch.Generator().manual_seed(3))
    assert torch.equal(again[0].weight, found[0].weight)
    assert torch.equal(displaced(final, final, torch.Generator())[3].weight, final[3].weight)


def test_refuses_another_network():
    with pytest.raises(ValueError, match="earlier"):
        displaced(network(), nn.Sequential(nn.Linear(4, 2)), torch.Generator())
