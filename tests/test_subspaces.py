"""Gradients against automatic differentiation, and active subspaces against closed forms."""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from netspectra.lenses import gradients as gradient_module
from netspectra.lenses.gradients import blocks, flat_parameters, prior_gradients, sample_factors, sample_gradients
from netspectra.measures import subspaces
from netspectra.measures.sample_subspaces import sample_activity, sample_gram, sample_subspace
from netspectra.measures.subspaces import active_subspace, largest_angle

ACTIVATIONS = [nn.Tanh, nn.ReLU, nn.Sigmoid, nn.Identity]


def rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=rng(seed), dtype=torch.float64)


def network(widths: list[int], activation: type = nn.Tanh, bias: bool = True) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        parts = [
            part
            for d, n in pairwise(widths)
            for part in (nn.Linear(d, n, bias=bias, dtype=torch.float64), activation())
        ]
    return nn.Sequential(*parts[:-1])


def problem(net: nn.Sequential, samples: int, loss: str) -> tuple[torch.Tensor, torch.Tensor]:
    d, outputs = net[0].in_features, net[-1].out_features
    x, y = normal(samples, d, seed=2), normal(samples, outputs, seed=3)
    return x, y if loss == "mse" else y.argmax(1)


def automatic(net: nn.Sequential, theta: torch.Tensor, x: torch.Tensor, y: torch.Tensor, loss: str) -> torch.Tensor:
    shapes = {name: net.get_parameter(name).shape for name in blocks(net)}
    parts = {n: theta[place].reshape(shapes[n]).requires_grad_() for n, place in blocks(net).items()}
    outputs = torch.func.functional_call(net, parts, (x,))
    value = F.mse_loss(outputs, y) if loss == "mse" else F.cross_entropy(outputs, y)
    return torch.cat([g.flatten() for g in torch.autograd.grad(value, list(parts.values()))])


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("widths", "bias"), [([1, 7, 5, 1], True), ([3, 6, 4], True), ([4, 5, 5, 2], False), ([2, 3], True)]
)
def test_gradients_equal_automatic_differentiation(widths, bias, activation, loss):
    net = network(widths, activation, bias)
    x, y = problem(net, 11, loss)
    thetas = normal(6, blocks(net)[f"{len(net) - 1}.weight"].stop, seed=4)
    expected = torch.stack([automatic(net, theta, x, y, loss) for theta in thetas])
    found = gradient_module.gradients(net, thetas, x, y, loss=loss)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12 * float(expected.abs().max()) + 1e-300)


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_of_samples_equal_automatic_differentiation(activation, loss):
    net = network([3, 6, 5, 4], activation)
    x, y = problem(net, 9, loss)
    own = flat_parameters(net)
    expected = torch.stack([automatic(net, own, x[i : i + 1], y[i : i + 1], loss) for i in range(len(x))])
    found = sample_gradients(net, x, y, loss=loss)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(found.mean(0), gradient_module.gradients(net, own[None], x, y, loss=loss)[0])


@pytest.mark.parametrize("bias", [True, False])
def test_the_subspace_of_samples_is_that_of_their_gradients(bias):
    net = network([5, 6, 4, 3], nn.ReLU, bias)
    x, y = problem(net, 20, "cross_entropy")
    g = sample_gradients(net, x, y, loss="cross_entropy")
    factors = sample_factors(net, x, y, loss="cross_entropy")
    torch.testing.assert_close(sample_gram(factors), g @ g.T)
    found, expected = sample_subspace(factors), active_subspace(g)
    torch.testing.assert_close(found.values, expected.values[:20], rtol=1e-8, atol=1e-12)
    for directions in (1, 4, 20):
        scores = sample_activity(factors, found, directions)
        flat = torch.cat([scores[name].flatten() for name in blocks(net)])
        torch.testing.assert_close(flat, subspaces.activity(expected, directions), rtol=1e-6, atol=1e-10)


def test_a_flattened_image_network_is_understood():
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 3))
    x, y = torch.rand(4, 3, 2, 2), torch.tensor([0, 1, 2, 0])
    g = sample_gradients(net, x, y, loss="cross_entropy")
    F.cross_entropy(net(x), y).backward()
    expected = torch.cat([net.get_parameter(name).grad.flatten() for name in blocks(net)])
    torch.testing.assert_close(g.mean(0).float(), expected)


def test_parameters_stand_bias_first_layer_by_layer():
    net = network([1, 35, 35, 35, 35, 35, 1])
    places = [(place.start, place.stop) for place in blocks(net).values()]
    assert places[:4] == [(0, 35), (35, 70), (70, 105), (105, 1330)]
    assert places[-1] == (5111, 5146)
    for name, place in blocks(net).items():
        assert torch.equal(flat_parameters(net)[place], net.get_parameter(name).detach().flatten())


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_prior_gradients_do_not_depend_on_chunks(monkeypatch, scale):
    net = network([1, 4, 4, 1])
    x, y = problem(net, 10, "mse")
    whole = torch.cat(list(prior_gradients(net, x, y, 101, scale=scale, generator=rng(5))))
    monkeypatch.setattr(gradient_module, "LARGEST_CHUNK", 8 * whole.shape[1] * 17)
    chunks = list(prior_gradients(net, x, y, 101, scale=scale, generator=rng(5)))
    assert [len(c) for c in chunks] == [16] * 6 + [5]
    torch.testing.assert_close(torch.cat(chunks), whole, rtol=1e-12, atol=1e-13)
    thetas = scale * normal(101, whole.shape[1], seed=5)
    torch.testing.assert_close(whole, gradient_module.gradients(net, thetas, x, y), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("memory", [0, 10**6, 10**12])
def test_chunks_come_from_free_memory(monkeypatch, memory):
    monkeypatch.setattr(gradient_module, "free_memory", lambda device: memory)
    rows = gradient_module.chunk_rows(1000)
    assert rows == max(1, min(memory // 16, gradient_module.LARGEST_CHUNK) // 1000)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("samples", [20, 100])
def test_the_subspace_of_a_linear_map_is_its_row_space(samples, seed):
    """A linear network's loss is |X theta - y|^2 / n: every gradient lies in the row space of X."""
    x, y = normal(6, 40, seed=seed), normal(6, 1, seed=seed + 1)
    net = network([40, 1], bias=False)
    g = torch.cat(list(prior_gradients(net, x, y, samples, generator=rng(seed))))
    found = active_subspace(g)
    assert largest_angle(found.vectors[:, :6], x.T) < 1e-10
    assert (found.values[6:] < 1e-28 * found.values[0]).all()


NET, X, Y, THETAS = network([3, 4, 2]), normal(5, 3), normal(5, 2), normal(6, 26)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gradient_module.gradients(NET, THETAS[:, 1:], X, Y), "thetas: wanted 26 columns, found 25"),
        (lambda: gradient_module.gradients(NET, THETAS, X[:, 1:], Y), "x: wanted 3 columns, found 2"),
        (lambda: gradient_module.gradients(NET, THETAS, X, Y[1:]), r"y: wanted shape \(5, 2\) for mse, found \(4, 2\)"),
        (lambda: gradient_module.gradients(NET, THETAS, X, Y, loss="l1"), "loss: wanted one of mse, cross_entropy"),
        (lambda: gradient_module.gradients(NET, THETAS / 0, X, Y), "thetas: wanted finite values"),
        (lambda: gradient_module.gradients(NET, THETAS, X, Y * math.nan), "y: wanted finite values"),
        (lambda: sample_factors(nn.Sequential(nn.Linear(3, 4), nn.GELU()), X, Y), "network: wanted .* found 1: GELU"),
        (lambda: sample_factors(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.ReLU()), X, Y), "network: wanted"),
        (lambda: sample_factors(network([3, 4, 2]).extend([nn.Tanh(), nn.ReLU()]), X, Y), "network: .* 3: Tanh"),
        (lambda: sample_factors(nn.Sequential(nn.Tanh(), nn.Linear(3, 4)), X, Y), "network: wanted"),
        (lambda: sample_factors(nn.Sequential(nn.LayerNorm(3)), X, Y), "network: wanted"),
        (lambda: list(prior_gradients(NET, X, Y, 0)), "samples, scale: wanted at least 1 and above 0, found 0"),
        (lambda: list(prior_gradients(NET, X, Y, 5, scale=0.0)), "samples, scale: wanted"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
