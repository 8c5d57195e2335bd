"""Representations read over batches, and their way to what they are in the end."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from netspectra.lenses.representations import along_sequence, distances_to, neurons, representations
from netspectra.measures.compared import compare, represent


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.lstm1 = nn.Embedding(11, 6), nn.LSTM(6, 5, batch_first=True)
        self.drop, self.logits = nn.Dropout(0.5), nn.Linear(5, 11)

    def forward(self, tokens):
        return self.logits(self.drop(self.lstm1(self.embedding(tokens))[0]))


def test_states_are_those_of_the_network_in_evaluation_mode_over_all_batches():
    net = Recurrent()
    tokens = torch.randint(11, (9, 7), generator=torch.Generator().manual_seed(0))
    found = representations(net, ["lstm1", "drop"], [(tokens[:5], tokens[:5]), tokens[5:]])
    wanted = net.lstm1(net.embedding(tokens))[0].detach()
    assert torch.allclose(found["lstm1"], wanted, atol=1e-6)
    assert torch.equal(found["drop"], found["lstm1"])
    assert net.training
    assert torch.equal(neurons(found["lstm1"])[8], found["lstm1"][1, 1])


def test_distances_to_the_end():
    end = {"conv": draw(60, 3, 4, 4), "fc": draw(60, 5, seed=1)}
    same = {name: 2 * x + 1 for name, x in end.items()}
    other = {"fc": draw(60, 5, seed=2), "conv": draw(60, 3, 4, 4, seed=3)}
    first, second = distances_to(end, [same, other])
    assert max(first["conv"].pwcca, first["fc"].cka, first["fc"].procrustes) == pytest.approx(0, abs=1e-6)
    assert second["fc"] == compare(represent(other["fc"]), represent(end["fc"]))
    assert second["conv"] == compare(represent(other["conv"].mean((2, 3))), represent(end["conv"].mean((2, 3))))
    with pytest.raises(ValueError, match="places conv, fc"):
        distances_to(end, [{"fc": end["fc"]}])


def test_a_planted_drift_along_a_sequence_grows_towards_the_start():
    steps = [draw(300, 4, seed=9)]
    for t in range(5):
        steps.append(steps[-1] + 0.4 * draw(300, 4, seed=t))
    found = [step.pwcca for step in along_sequence(torch.stack(steps, 1))]
    assert found[-1] == pytest.approx(0, abs=1e-6)
    assert all(a > b for a, b in pairwise(found))
    with pytest.raises(ValueError, match="states"):
        along_sequence(draw(5, 4))


def test_refuses():
    with pytest.raises(ValueError, match="batches"):
        representations(Recurrent(), ["lstm1"], [])
