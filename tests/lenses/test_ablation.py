"""Cumulative ablation: the masks by hand, planted importance, and areas."""

import pytest
import torch
from torch import nn

from netspectra.lenses.ablation import cumulative_ablation, curve_area, random_ablations


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_masks_are_nested_and_count_over_all_places():
    masks = random_ablations({"a": 3, "b": 7}, [0.0, 0.3, 0.55, 1.0], 5, generator())
    assert {name: tuple(mask.shape) for name, mask in masks.items()} == {"a": (20, 3), "b": (20, 7)}
    joint = torch.cat(list(masks.values()), 1).view(5, 4, 10)
    assert torch.equal((1 - joint).sum(-1), torch.tensor([0.0, 3, 5, 10]).expand(5, 4))
    assert bool((joint.diff(dim=1) <= 0).all())
    assert len({tuple(row.tolist()) for row in joint[:, 1]}) > 1


def test_accuracy_is_lost_when_the_map_that_matters_goes():
    network = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    with torch.no_grad():
        for layer in network[0], network[2]:
            layer.weight.zero_()
            layer.bias.zero_()
        network[0].weight[1, 0] = 1
        network[2].weight[:, 1] = torch.tensor([-1.0, 1.0])
        network[2].bias[0] = 0.5
    x = torch.randn(200, 4, generator=generator()).sign()
    batches = [(x, (x[:, 0] > 0).long())]
    fractions = [0.0, 0.25, 0.5, 0.75, 1.0]
    found = cumulative_ablation(network, batches, {"1": 4}, fractions, draws=20, generator=generator(1))
    masks = random_ablations({"1": 4}, fractions, 20, generator(1))["1"].view(20, 5, 4)
    share = float((x[:, 0] < 0).double().mean())
    assert torch.allclose(found, torch.where(masks[..., 1] > 0, 1.0, share).double())
    assert torch.equal(curve_area(fractions, found), curve_area(fractions, found[:, :]))


def test_areas_by_hand():
    assert float(curve_area([0.0, 0.5, 1.0], torch.tensor([1.0, 0.5, 0.0]))) == pytest.approx(0.5)
    assert curve_area([0.2, 0.4], torch.tensor([[1.0, 0.0], [1.0, 1.0]])).tolist() == [0.5, 1.0]
    with pytest.raises(ValueError, match="fractions"):
        curve_area([0.5, 0.5], torch.ones(2))


def test_refuses():
    with pytest.raises(ValueError, match="fractions"):
        random_ablations({"a": 3}, [1.2], 1, generator())
    with pytest.raises(ValueError, match="draws"):
        random_ablations({"a": 3}, [0.5], 0, generator())
