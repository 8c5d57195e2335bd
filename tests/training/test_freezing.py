"""Freezing: bit-identical parameters and buffers, no backward work below the first layer in training."""

import pytest
import torch
from small_runs import RESIDUAL, block, company, images, same, trained
from torch import nn

from netspectra.networks.ensembles import Ensemble
from netspectra.networks.zoo import build
from netspectra.training.freezing import Freezing
from netspectra.training.run import Run

LOW = [{"layers": "stem", "at": 0.25}, {"layers": "b[12]", "at": 0.5}]


def states(run):
    """Parameters and buffers at the end of every epoch."""
    found = []
    while not run.finished:
        run.epoch()
        found.append({name: t.clone() for name, t in run.stack().state.items()})
    return found


@pytest.mark.parametrize(
    "optimiser",
    [
        {"name": "sgd", "rate": 0.1, "momentum": 0.9, "weight_decay": 0.01},
        {"name": "adam", "rate": 0.01, "weight_decay": 0.01},
    ],
)
@pytest.mark.parametrize("order", ["own", "shared"])
def test_a_frozen_layer_keeps_its_bits_and_the_others_go_on(optimiser, order):
    run = Run(company(block(RESIDUAL, optimiser=optimiser, freeze=LOW, order=order)), images())
    first, second, third, fourth = states(run)
    stem = {name for name in first if name.startswith("stem.")}
    lower = {name for name in first if name.startswith(("b1.", "b2."))}
    assert "stem.bn.running_mean" in stem and "b1.bncv1.bn.num_batches_tracked" in lower
    for name in first:
        assert torch.equal(first[name], second[name]) == (name in stem), name
        assert torch.equal(second[name], third[name]) == (name in stem | lower), name
        assert torch.equal(third[name], fourth[name]) == (name in stem | lower), name


def test_what_is_frozen_leaves_no_trace_in_the_memory_of_the_optimiser():
    settings = block(optimiser={"name": "sgd", "rate": 0.1, "momentum": 0.9}, freeze=[{"layers": "fc1", "at": 0.5}])
    run = Run(company(settings), images())
    run.epoch()
    run.epoch()
    velocity = run.descent.optimiser.state["velocity"].clone()
    run.epoch()
    width = 16 * 12 + 12
    assert torch.equal(run.descent.optimiser.state["velocity"][:, :width], velocity[:, :width])
    assert not torch.equal(run.descent.optimiser.state["velocity"][:, width:], velocity[:, width:])


def test_before_the_first_freeze_training_is_as_without():
    frozen = trained(block(RESIDUAL, freeze=LOW, snapshots=[0.25]), images()).result()
    free = trained(block(RESIDUAL, snapshots=[0.25]), images()).result()
    early = {name for name in free if name.startswith("snapshot/")}
    assert same({name: frozen[name] for name in early}, {name: free[name] for name in early})
    assert torch.equal(frozen["history/loss"][:5], free["history/loss"][:5])
    assert not torch.equal(frozen["history/loss"][10:], free["history/loss"][10:])


class Watched(nn.Module):
    """Counts the backward passes through a layer."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.backward = layer, 0

    def forward(self, x):
        y = self.layer(x)
        if y.requires_grad:
            y.register_hook(self._count)
        return y

    def _count(self, gradient):
        self.backward += 1


def test_no_backward_work_is_done_below_the_first_layer_in_training(monkeypatch):
    network = build(RESIDUAL)
    watched = {name: Watched(network.get_submodule(name)) for name in ("stem", "b2", "logits")}
    for name, module in watched.items():
        setattr(network, name, module)
    ensemble = Ensemble.from_state(network, {n: torch.stack([t, t]) for n, t in network.state_dict().items()})
    monkeypatch.setattr(Ensemble, "initial", classmethod(lambda cls, architecture, seeds: ensemble))
    freeze = [{"layers": "stem", "at": 0.5}, {"layers": "b1", "at": 0.5}, {"layers": "b2", "at": 0.75}]
    run = Run(company(block(RESIDUAL, freeze=freeze), [0, 1]), images())
    counts = []
    while not run.finished:
        before = [module.backward for module in watched.values()]
        run.epoch()
        counts.append([module.backward - b for module, b in zip(watched.values(), before, strict=True)])
    assert counts == [[10, 10, 10], [10, 10, 10], [0, 10, 10], [0, 0, 10]]


def test_when_all_is_frozen_nothing_moves():
    run = Run(company(block(freeze=[{"layers": "fc*", "at": 0.5}])), images())
    _, half, *later = states(run)
    assert all(same(state, half) for state in later)
    assert run.result()["history/loss"].isfinite().all()


def test_frozen_normalisation_is_that_of_evaluation():
    run = Run(company(block(RESIDUAL, freeze=[{"layers": "*", "at": 0.25}], epochs=2, batch=45), [0]), images())
    run.epoch()
    frozen = run.stack()
    x, y = run.data.train.batch(run.plan.order(1, run.group.seeds)[0][:45])
    wanted = torch.nn.functional.cross_entropy(frozen.single(0)(x), y)
    run.epoch()
    assert run.result()["history/loss"][2, 0].item() == pytest.approx(wanted.item(), rel=1e-5)


def test_globs_are_of_modules_with_all_that_they_hold():
    freezing = Freezing(build(RESIDUAL), [{"layers": "b?.bncv1", "at": 0}, {"layers": "stem", "at": 0.5}], 10)
    first, then = freezing.at(0), freezing.at(5)
    assert first.parameters == {f"b{i}.bncv1.{p}" for i in (1, 2, 3) for p in ("conv.weight", "bn.weight", "bn.bias")}
    assert freezing.at(4) == first
    assert then.modules - first.modules == {"stem", "stem.conv", "stem.bn", "stem.relu"}
