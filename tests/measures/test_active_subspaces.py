"""Active subspaces against closed forms."""

import math

import numpy as np
import pytest
import torch

from netspectra.measures import subspaces
from netspectra.measures.gradient_covariance import GradientCovariance
from netspectra.measures.sample_subspaces import SampleSubspace, sample_activity
from netspectra.measures.subspace_accuracy import bootstrap, largest_angle
from netspectra.measures.subspaces import active_eigenvalues, active_subspace
from netspectra.statistics.resampling import bias_corrected_eigenvalues


def rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=rng(seed), dtype=torch.float64)


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


def test_bootstrap_with_bias_correction_covers_and_holds_its_own_estimate():
    """Gradients from N(0, diag(16, 4, 1)): the eigenvalues of C are known."""
    truth, trials, generator = np.array([16.0, 4.0, 1.0]), 200, rng(7)
    covered = np.zeros(3)
    for _ in range(trials):
        g = torch.randn(500, 3, generator=generator, dtype=torch.float64) * torch.from_numpy(truth).sqrt()
        found = active_subspace(g)
        band = bias_corrected_eigenvalues(
            bootstrap(g, found.vectors, resamples=80, generator=generator), found.values, level=0.9
        )
        assert ((band.low <= found.values.numpy()) & (found.values.numpy() <= band.high)).all()
        covered += (band.low <= truth) & (truth <= band.high)
    # Three standard errors of a share of 0.9 are 0.064; the correction counts its own error, so more are covered.
    assert (covered / trials > 0.84).all(), covered / trials


def test_bootstrap_within_a_leading_subspace_equals_the_whole():
    g = normal(400, 30) * torch.logspace(0, -2, 30, dtype=torch.float64)
    vectors = active_subspace(g).vectors
    whole = bootstrap(g, vectors, resamples=50, generator=rng(1))
    part = bootstrap(g, vectors[:, :12], resamples=50, generator=rng(1))
    assert part.shape == (50, 12)
    torch.testing.assert_close(part[:, :4], whole[:, :4], rtol=1e-2, atol=0)


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


def test_no_gradient_at_all_gives_zeros():
    found = active_subspace(torch.zeros(4, 9))
    assert (found.values == 0).all()
    assert torch.isfinite(found.vectors).all()


THETAS, X = normal(6, 26), normal(5, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: active_subspace(THETAS[0]), "gradients: wanted 2 dimensions"),
        (lambda: active_subspace(THETAS.long()), "gradients: wanted a floating tensor"),
        (lambda: active_eigenvalues(THETAS * math.inf), "gradients: wanted finite values"),
        (lambda: GradientCovariance(3).covariance(), "covariance: wanted at least one gradient"),
        (lambda: GradientCovariance(3).update(THETAS), "gradients: wanted 3 columns, found 26"),
        (lambda: subspaces.covariance_spectrum(THETAS, 5), "covariance: wanted 6 columns, found 26"),
        (lambda: subspaces.leading_subspace(THETAS, 7), "directions: wanted 1 to 6"),
        (lambda: subspaces.leading_subspace(THETAS, 2, of="rows"), "of: wanted gradients or covariance, found 'rows'"),
        (lambda: subspaces.leading_subspace(THETAS, 2, of="covariance"), "matrix: wanted 6 columns"),
        (lambda: bootstrap(THETAS, THETAS), "vectors: wanted 26 rows"),
        (lambda: bootstrap(THETAS, THETAS.T, resamples=1), "resamples: wanted 2 or more, found 1"),
        (lambda: largest_angle(THETAS, THETAS.T), "first, second: wanted the same"),
        (lambda: subspaces.activity(active_subspace(THETAS), 7), "directions: wanted 1 to 6, found 7"),
        (lambda: sample_activity([], SampleSubspace(X[0], X), 4), "directions: wanted 1 to 3, found 4"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
