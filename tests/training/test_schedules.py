"""Schedules, and what a step of descent does: rates per network, clipping, and torch.optim's own numbers."""

import pytest
import torch
from small_runs import block, company, images

from netspectra.training.descent import Descent
from netspectra.training.optimisers import SGD, Adam
from netspectra.training.run import Run
from netspectra.training.schedules import shares, step_at

CONSTANT = {"name": "constant"}


@pytest.mark.parametrize(
    ("schedule", "wanted"),
    [
        (CONSTANT, [1, 1, 1, 1]),
        ({"name": "linear", "end": 0.0}, [1, 0.75, 0.5, 0.1]),
        ({"name": "linear", "end": 0.2}, [1, 0.8, 0.6, 0.28]),
        ({"name": "cosine", "end": 0.0}, [1, (1 + 0.5**0.5) / 2, 0.5, 0.024471741852423234]),
        ({"name": "cosine", "end": 0.5}, [1, 0.5 + (1 + 0.5**0.5) / 4, 0.75, 0.5122358709262116]),
        ({"name": "steps", "at": [0.5, 0.9], "factor": 0.1}, [1, 1, 0.1, 0.01]),
    ],
)
def test_schedules(schedule, wanted):
    assert [shares(schedule)(done) for done in (0, 0.25, 0.5, 0.9)] == pytest.approx(wanted)


def test_0_is_the_untrained_state_and_only_0_is():
    assert [step_at(f, 100) for f in (0, 0.0, 0.001, 0.004, 0.006, 0.5, 0.995, 1, 1.0)] == [
        0,
        0,
        1,
        1,
        1,
        50,
        100,
        100,
        100,
    ]
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="fraction: wanted a share of training"):
            step_at(wrong, 10)


@pytest.mark.parametrize("kind", ["adam", "sgd", "decayed"])
def test_optimisers_equal_torch(kind):
    torch.manual_seed(0)
    theta, rates = torch.randn(2, 30), torch.tensor([0.01, 0.003])
    theirs = [theta[i].clone().requires_grad_() for i in range(2)]
    if kind == "sgd":
        ours = SGD(theta, rates, momentum=0.9)
        torches = [torch.optim.SGD([t], lr=float(r), momentum=0.9) for t, r in zip(theirs, rates, strict=True)]
    else:
        decay = 0.01 if kind == "decayed" else 0.0
        ours = Adam(theta, rates, weight_decay=decay)
        torches = [torch.optim.Adam([t], lr=float(r), weight_decay=decay) for t, r in zip(theirs, rates, strict=True)]
    for step in range(200):
        gradient = torch.sin(theta * 3 + step)
        for t, optimiser in zip(theirs, torches, strict=True):
            t.grad = torch.sin(t.detach() * 3 + step)
            optimiser.step()
        ours.step(gradient)
    torch.testing.assert_close(theta, torch.stack([t.detach() for t in theirs]), rtol=1e-5, atol=1e-6)


def test_a_schedule_scales_the_rate_of_every_network():
    parameters = {"w": torch.zeros(2, 3), "b": torch.zeros(2, 1)}
    descent = Descent(parameters, {"name": "sgd", "rate": 9.0}, [0.1, 0.4], {"name": "linear", "end": 0.0}, None)
    for done in (0.0, 0.5):
        descent.step({"w": torch.ones(2, 3), "b": 2 * torch.ones(2, 1)}, None, done)
    torch.testing.assert_close(descent.parameters["w"], torch.tensor([[-0.15] * 3, [-0.6] * 3]))
    torch.testing.assert_close(descent.parameters["b"], torch.tensor([[-0.3], [-1.2]]))


def test_the_norm_of_every_networks_gradient_is_clipped():
    gradients = {"w": torch.tensor([[3.0, 0.0], [0.3, 0.0]]), "b": torch.tensor([[4.0], [0.4]])}
    theirs = [torch.zeros(3, requires_grad=True) for _ in range(2)]
    descent = Descent(
        {n: torch.zeros_like(g) for n, g in gradients.items()}, {"name": "sgd"}, [1.0, 1.0], CONSTANT, 1.0
    )
    descent.step(gradients, None, 0.0)
    for i, t in enumerate(theirs):
        t.grad = torch.cat([g[i] for g in gradients.values()])
        torch.nn.utils.clip_grad_norm_([t], 1.0)
        torch.testing.assert_close(descent.theta[i], -t.grad)
    torch.testing.assert_close(descent.theta[0].norm(), torch.tensor(1.0))
    torch.testing.assert_close(descent.theta[1].norm(), torch.tensor(0.5))


def test_what_has_no_gradient_keeps_its_bits():
    parameters = {"w": torch.randn(3, 4), "b": torch.randn(3, 2)}
    options = {"name": "sgd", "momentum": 0.9, "weight_decay": 0.1}
    descent = Descent(parameters, options, [0.1] * 3, CONSTANT, None)
    descent.step({n: torch.ones_like(p) for n, p in parameters.items()}, None, 0.0)
    before = {name: t.clone() for name, t in descent.state.items()}
    descent.step({"b": torch.ones(2, 2)}, torch.tensor([0, 2]), 0.0)
    for name, t in descent.state.items():
        moved = t != before[name]
        assert not moved[:, :4].any() and not moved[1].any(), name
        assert moved[[0, 2], 4:].all(), name


def test_a_rate_that_falls_to_nothing_stops_the_network():
    schedule = {"name": "steps", "at": [0.5], "factor": 0.0}
    run = Run(company(block(schedule=schedule)), images())
    run.epoch()
    first = run.descent.theta.clone()
    run.epoch()
    second = run.descent.theta.clone()
    run.epoch()
    assert not torch.equal(first, second)
    assert torch.equal(run.descent.theta, second)
