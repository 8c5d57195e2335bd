"""Multiply-adds counted against closed forms, and what freezing saves of them."""

import pytest
import torch
from torch import nn

from netspectra.lenses.training_cost import frozen_share, total, training_cost


def chain():
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))


def test_a_perceptron():
    found = training_cost(chain(), torch.zeros(7, 6))
    assert [(c.layer, c.forward, c.backward) for c in found] == [("0", 30, 30), ("2", 20, 40), ("4", 12, 24)]
    assert (total(found).forward, total(found).backward) == (62, 94)


def test_frozen_layers_at_the_bottom_cost_nothing_backward_and_at_the_top_half():
    net = chain()
    net[0].requires_grad_(False)
    assert [c.backward for c in training_cost(net, torch.zeros(2, 6))] == [0, 20, 24]
    net = chain()
    net[4].requires_grad_(False)
    assert [c.backward for c in training_cost(net, torch.zeros(2, 6))] == [30, 40, 12]


def test_convolutions_groups_strides_and_recurrent_layers():
    conv = nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2)
    assert training_cost(nn.Sequential(conv), torch.zeros(2, 4, 8, 8))[0].forward == 16 * 6 * 2 * 9
    up = nn.ConvTranspose2d(4, 6, 2, stride=2)
    assert training_cost(nn.Sequential(up), torch.zeros(3, 4, 5, 5))[0].forward == 25 * 4 * 6 * 4
    lstm = nn.LSTM(3, 5, batch_first=True)
    assert training_cost(lstm, torch.zeros(2, 11, 3))[0].forward == 11 * 4 * 5 * (3 + 5)


class Branch(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.left, self.right = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        return self.left(self.first(x)) + self.right(x)


def test_branches_are_read_off_what_needs_gradients():
    found = {c.layer: c.backward for c in training_cost(Branch(), torch.zeros(2, 3))}
    assert found == {"first": 9, "left": 18, "right": 9}


def test_share_of_a_schedule_by_hand():
    share = frozen_share(chain(), torch.zeros(2, 6), [["0"], ["2"]], [0.25, 0.5])
    assert share == pytest.approx((0.25 * 94 + 0.25 * (20 + 24) + 0.5 * 12) / 94)
    assert frozen_share(chain(), torch.zeros(2, 6), [], []) == 1


def test_nothing_changes_and_bad_fractions_are_refused():
    net = chain()
    net[2].weight.requires_grad_(False)
    frozen_share(net, torch.zeros(2, 6), [["2"]], [0.5])
    assert [p.requires_grad for p in net[2].parameters()] == [False, True]
    assert net.training
    assert not net[0]._forward_hooks
    with pytest.raises(ValueError, match="at"):
        frozen_share(net, torch.zeros(2, 6), [["0"]], [1.5])
