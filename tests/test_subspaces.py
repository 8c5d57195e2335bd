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
from netspectra.measures.sample_subspaces import SampleSubspace, sample_activity, sample_gram, sample_subspace
from netspectra.measures.subspaces import GradientCovariance, active_eigenvalues, active_subspace, largest_angle

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


@pytest.mark.parametrize("chunk", [1, 7, 40])
def test_covariance_streams(chunk):
    g = normal(40, 19) + 3
    total = GradientCovariance(19)
    for part in g.split(chunk):
        total.update(part)
    torch.testing.assert_close(total.covariance(), g.T @ g / 40, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(total.mean_squares(), g.square().mean(0))
    merged = GradientCovariance(19).update(g[:13].float())
    merged += GradientCovariance(19).update(g[13:])
    assert merged.count == 40
    torch.testing.assert_close(merged.covariance(), g.T @ g / 40, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("samples", "parameters"), [(60, 20), (20, 20), (12, 30)])
def test_eigendecomposition_is_that_of_the_gradient_matrix(samples, parameters, seed):
    g = normal(samples, parameters, seed=seed)
    found = active_subspace(g)
    rank = min(samples, parameters)
    expected = torch.linalg.svdvals(g).square() / samples
    torch.testing.assert_close(found.values[:rank], expected, rtol=1e-9, atol=1e-12)
    assert (found.values[rank:] == 0).all()
    assert found.values.shape == (parameters,)
    assert found.vectors.shape == (parameters, rank)
    torch.testing.assert_close(found.vectors.T @ found.vectors, torch.eye(rank, dtype=g.dtype), rtol=0, atol=1e-8)
    rebuilt = (found.vectors * found.values[:rank]) @ found.vectors.T
    torch.testing.assert_close(rebuilt, g.T @ g / samples, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(active_eigenvalues(g), found.values, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("samples", [5, 13, 29])
def test_zeros_beyond_the_rank_are_exact(samples):
    g = normal(samples, 30)
    for values in (
        active_subspace(g).values,
        active_eigenvalues(g),
        subspaces.covariance_spectrum(g.T @ g / samples, samples).values,
        subspaces.covariance_spectrum(g.T @ g / samples, samples, vectors=False).values,
    ):
        assert int((values == 0).sum()) == 30 - samples
        assert (values[:samples] > 0).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("samples", [8, 200])
def test_a_ridge_function_has_one_active_direction(samples, seed):
    """For f = h(a'theta) grad f = h'(a'theta) a, so C = E[h'^2] aa'."""
    a, thetas = normal(25, seed=seed), normal(samples, 25, seed=seed + 10)
    slope = torch.cos(thetas @ a / 5)
    found = active_subspace(slope[:, None] * a)
    assert largest_angle(found.vectors[:, :1], a[:, None]) < 1e-10
    assert float(found.values[0]) == pytest.approx(float(slope.square().mean() * a.square().sum()), rel=1e-12)
    assert float(found.values[1]) < 1e-28 * float(found.values[0])


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


def test_the_spectrum_of_a_quadratic_is_the_square_of_its_hessian():
    """f = theta'H theta / 2 under a standard normal prior: C = E[H theta theta'H] = H^2."""
    h = torch.diag(torch.linspace(3, 1, 5, dtype=torch.float64))
    values = active_eigenvalues(normal(200_000, 5) @ h)
    torch.testing.assert_close(values, h.diagonal().square(), rtol=0.02, atol=0)


@pytest.mark.parametrize("samples", [60, 15])
def test_a_range_that_squares_lose_falls_back_to_qr(samples):
    scale = torch.logspace(0, -11, 20, dtype=torch.float64)
    g = normal(samples, 20) * scale
    expected = torch.linalg.svdvals(g).square() / samples
    rank = min(samples, 20)
    found = active_subspace(g)
    torch.testing.assert_close(found.values[:rank], expected, rtol=1e-3, atol=0)
    torch.testing.assert_close(active_eigenvalues(g)[:rank], expected, rtol=1e-3, atol=0)
    torch.testing.assert_close(found.vectors.T @ found.vectors, torch.eye(rank, dtype=g.dtype), rtol=0, atol=1e-12)
    with pytest.warns(UserWarning, match=r"eigenvalues lie below 1e-12 of the largest.*active_subspace"):
        subspaces.covariance_spectrum(g.T @ g / samples, samples)


@pytest.mark.parametrize("of", ["gradients", "covariance"])
@pytest.mark.parametrize("seed", range(3))
def test_the_randomised_path_finds_the_leading_part(of, seed):
    g = normal(300, 80, seed=seed) * torch.logspace(0, -2, 80, dtype=torch.float64)
    exact = active_subspace(g)
    matrix = g if of == "gradients" else g.T @ g / len(g)
    found = subspaces.leading_subspace(matrix, 5, of=of, generator=rng(seed))
    torch.testing.assert_close(found.values, exact.values[:5], rtol=1e-7, atol=0)
    assert largest_angle(found.vectors, exact.vectors[:, :5]) < 1e-3
    longer = subspaces.leading_subspace(matrix, 5, of=of, iterations=40, generator=rng(seed))
    assert largest_angle(longer.vectors, exact.vectors[:, :5]) < 1e-9


def test_bootstrap_bands_cover_at_about_their_level():
    """Gradients from N(0, diag(16, 4, 1)): the eigenvalues of C are known."""
    truth, trials, generator = torch.tensor([16.0, 4.0, 1.0], dtype=torch.float64), 200, rng(7)
    covered = torch.zeros(3)
    for _ in range(trials):
        g = torch.randn(500, 3, generator=generator, dtype=torch.float64) * truth.sqrt()
        bands = subspaces.bootstrap(g, active_subspace(g).vectors, resamples=80, level=0.9, generator=generator)
        covered += (bands.low <= truth) & (truth <= bands.high)
    # Three standard errors of a share of 0.9 are 0.064; percentile intervals of 80 resamples lose a little more.
    assert ((covered / trials > 0.81) & (covered / trials < 0.97)).all(), covered / trials


def test_bootstrap_within_a_leading_subspace_equals_the_whole():
    g = normal(400, 30) * torch.logspace(0, -2, 30, dtype=torch.float64)
    vectors = active_subspace(g).vectors
    whole = subspaces.bootstrap(g, vectors, resamples=50, generator=rng(1))
    part = subspaces.bootstrap(g, vectors[:, :12], resamples=50, generator=rng(1))
    torch.testing.assert_close(part.low[:4], whole.low[:4], rtol=1e-2, atol=0)
    torch.testing.assert_close(part.high[:4], whole.high[:4], rtol=1e-2, atol=0)


@pytest.mark.parametrize("angle", [1e-9, 1e-3, 0.7, math.pi / 2])
def test_largest_angle_of_planes_turned_by_a_known_angle(angle):
    basis = torch.linalg.qr(normal(10, 10)).Q
    turned = torch.stack([basis[:, 0], math.cos(angle) * basis[:, 1] + math.sin(angle) * basis[:, 2]], 1)
    assert largest_angle(basis[:, :2] @ normal(2, 2), turned @ normal(2, 2)) == pytest.approx(angle, rel=1e-6)


def test_activity_with_all_directions_is_the_mean_squared_derivative():
    g = normal(50, 12)
    spectrum = active_subspace(g)
    torch.testing.assert_close(subspaces.activity(spectrum, 12), g.square().mean(0))
    assert (subspaces.activity(spectrum, 3) < subspaces.activity(spectrum, 12)).all()


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
        (lambda: active_subspace(THETAS[0]), "gradients: wanted 2 dimensions"),
        (lambda: active_subspace(THETAS.long()), "gradients: wanted a floating tensor"),
        (lambda: active_eigenvalues(THETAS * math.inf), "gradients: wanted finite values"),
        (lambda: GradientCovariance(3).covariance(), "covariance: wanted at least one gradient"),
        (lambda: GradientCovariance(3).update(THETAS), "gradients: wanted 3 columns, found 26"),
        (lambda: subspaces.covariance_spectrum(THETAS, 5), "covariance: wanted 6 columns, found 26"),
        (lambda: subspaces.leading_subspace(THETAS, 7), "directions: wanted 1 to 6"),
        (lambda: subspaces.leading_subspace(THETAS, 2, of="rows"), "of: wanted gradients or covariance, found 'rows'"),
        (lambda: subspaces.leading_subspace(THETAS, 2, of="covariance"), "matrix: wanted 6 columns"),
        (lambda: subspaces.bootstrap(THETAS, THETAS), "vectors: wanted 26 rows"),
        (lambda: subspaces.bootstrap(THETAS, THETAS.T, resamples=1), "resamples: wanted at least 2, found 1"),
        (lambda: subspaces.bootstrap(THETAS, THETAS.T, level=95), r"level: wanted a fraction in \(0, 1\], found 95"),
        (lambda: largest_angle(THETAS, THETAS.T), "first, second: wanted the same"),
        (lambda: subspaces.activity(active_subspace(THETAS), 7), "directions: wanted 1 to 6, found 7"),
        (lambda: sample_activity([], SampleSubspace(X[0], X), 4), "directions: wanted 1 to 3, found 4"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_no_gradient_at_all_gives_zeros():
    found = active_subspace(torch.zeros(4, 9))
    assert (found.values == 0).all()
    assert torch.isfinite(found.vectors).all()
