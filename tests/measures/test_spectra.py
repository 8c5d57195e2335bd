import math

import pytest
import torch

from netspectra.measures import checks, procrustes, spectra
from netspectra.measures.moments import Moments


def orthogonal(d, generator, columns=None):
    return torch.linalg.qr(torch.randn(d, columns or d, generator=generator, dtype=torch.float64)).Q


@pytest.fixture(params=range(3))
def generator(request):
    return torch.Generator().manual_seed(request.param)


@pytest.mark.parametrize("samples", [5, 900])
def test_moments_of_batches_are_those_of_the_whole(generator, samples):
    x = torch.randn(samples, 7, generator=generator) @ torch.randn(7, 7, generator=generator) + 1e4
    first, second = x.split([samples // 3, samples - samples // 3])
    for found in (Moments(7).update(first).update(second), Moments(7).update(first) + Moments(7).update(second)):
        torch.testing.assert_close(found.mean, x.double().mean(0), rtol=1e-14, atol=0)
        torch.testing.assert_close(found.covariance(), x.double().T.cov(), rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(found.covariance(centred=False), x.double().T @ x.double() / samples)


def test_large_numbers_are_not_taken_for_infinity():
    x = torch.full((9, 2), 3e38)  # their sum is infinite in float32
    assert checks.finite("x", x) is x
    x[3, 1] = math.inf
    with pytest.raises(ValueError, match="found 1 NaN or infinite of 18"):
        checks.finite("x", x)


@pytest.mark.parametrize("d", [2, 17, 64])
def test_eigenspectrum_finds_a_planted_covariance(generator, d):
    planted = torch.linspace(3, 0.1, d, dtype=torch.float64)
    basis = orthogonal(d, generator)
    found = spectra.eigenspectrum(basis * planted @ basis.T)
    assert torch.allclose(found.values, planted, rtol=1e-10)
    assert torch.allclose((basis.T @ found.vectors).abs(), torch.eye(d, dtype=torch.float64), atol=1e-9)


def test_eigenspectrum_of_round_off_negatives_is_zero_but_real_ones_are_refused():
    x = torch.randn(3, 10, dtype=torch.float64)
    assert float(spectra.eigenspectrum(x.T @ x).values.min()) >= 0
    with pytest.raises(ValueError, match="no negative eigenvalue"):
        spectra.eigenspectrum(torch.diag(torch.tensor([1.0, -0.5])))


@pytest.mark.parametrize(
    ("cov", "message"),
    [
        (torch.ones(2, 3), "cov: wanted 2 columns, found 3"),
        (torch.tensor([[1.0, 0.5], [0.0, 1.0]]), "symmetric"),
        (torch.full((2, 2), torch.nan), "4 NaN"),
    ],
)
def test_eigenspectrum_refuses(cov, message):
    with pytest.raises(ValueError, match=message):
        spectra.eigenspectrum(cov)


def test_too_few_samples_warn_with_the_numbers():
    with pytest.warns(UserWarning, match="covariance of 5 neurons from 3 samples: rank at most 3"):
        spectra.eigenspectrum(torch.eye(5), samples=3)
    spectra.eigenspectrum(torch.eye(5), samples=5)


@pytest.mark.parametrize("shape", [(8, 20), (20, 8), (6, 3, 5, 5)])
def test_weight_spectrum_is_that_of_the_second_moment(generator, shape):
    weight = torch.randn(shape, generator=generator, dtype=torch.float64)
    flat = weight.flatten(1)
    found = spectra.weight_spectrum(weight)
    rebuilt = found.vectors * found.values @ found.vectors.T
    assert torch.allclose(rebuilt, flat.T @ flat / len(flat), atol=1e-12)
    assert int((found.values > 1e-12).sum()) == min(flat.shape)
    fewer = spectra.weight_spectrum(weight, full=False)
    assert torch.allclose(fewer.vectors * fewer.values @ fewer.vectors.T, rebuilt, atol=1e-12)
    assert fewer.vectors.shape == (flat.shape[1], min(flat.shape))


def test_weight_spectrum_refuses_a_vector():
    with pytest.raises(ValueError, match=r"wanted \(nodes, \.\.\.\), found shape \(4,\)"):
        spectra.weight_spectrum(torch.ones(4))


def test_marchenko_pastur_edges_of_the_document():
    assert spectra.marchenko_pastur_edges(512, 1024, 1 / (3 * 1024))[1] == pytest.approx(1.897e-3, rel=1e-3)
    lower, upper = spectra.marchenko_pastur_edges(256, 512, 1 / (3 * 512))
    assert (lower, upper) == (pytest.approx(1.117e-4, rel=1e-3), pytest.approx(3.794e-3, rel=1e-3))


@pytest.mark.parametrize(("nodes", "d"), [(400, 100), (300, 300), (150, 600)])
def test_marchenko_pastur_against_random_matrices(generator, nodes, d):
    variance = 2.5
    weight = math.sqrt(variance) * torch.randn(nodes, d, generator=generator, dtype=torch.float64)
    values = spectra.weight_spectrum(weight).values[: min(nodes, d)]
    lower, upper = spectra.marchenko_pastur_edges(nodes, d, variance)
    assert float(values[0]) == pytest.approx(upper, rel=0.08)
    assert float(values[-1]) == pytest.approx(lower, rel=0.15, abs=0.01)
    typical = spectra.marchenko_pastur_spectrum(nodes, d, variance)
    assert typical.shape == values.shape
    assert float((typical - values).abs().mean()) < 0.02 * upper
    assert spectra.bulk_variance(values, nodes, d) == pytest.approx(variance, rel=0.05)


@pytest.mark.parametrize(("nodes", "d"), [(400, 100), (150, 600)])
def test_marchenko_pastur_density_integrates_to_one_with_mean_of_the_trace(nodes, d):
    lower, upper = spectra.marchenko_pastur_edges(nodes, d, 0.7)
    x = torch.linspace(lower, upper, 200001, dtype=torch.float64)
    density = spectra.marchenko_pastur_density(x, nodes, d, 0.7)
    assert float(torch.trapezoid(density, x)) == pytest.approx(1, abs=1e-5)
    assert float(torch.trapezoid(x * density, x)) == pytest.approx(0.7 * d / min(d, nodes), rel=1e-4)
    outside = torch.tensor([lower / 2, upper * 1.01, 0.0])
    assert spectra.marchenko_pastur_density(outside, nodes, d, 0.7).tolist() == [0, 0, 0]


def test_a_spike_leaves_the_bulk_and_not_its_variance(generator):
    weight = torch.randn(200, 100, generator=generator, dtype=torch.float64)
    weight += 20 * torch.outer(torch.ones(200), orthogonal(100, generator, 1)[:, 0]).double()
    values = spectra.weight_spectrum(weight).values
    variance = spectra.bulk_variance(values, 200, 100)
    assert variance == pytest.approx(1, rel=0.06)
    assert int((values > 1.1 * spectra.marchenko_pastur_edges(200, 100, variance)[1]).sum()) == 1


def test_marchenko_pastur_refuses_no_variance():
    with pytest.raises(ValueError, match="variance: wanted a number above zero, found 0"):
        spectra.marchenko_pastur_edges(10, 10, 0.0)


@pytest.mark.parametrize("d", [1, 7, 100])
def test_participation_ratio_of_equal_eigenvalues_is_their_number(d):
    assert spectra.participation_ratio(torch.full((d,), 0.3)) == pytest.approx(d)
    assert spectra.participation_ratio(torch.eye(d)[0]) == pytest.approx(1)


def test_participation_ratio_refuses_zeros():
    with pytest.raises(ValueError, match="above zero"):
        spectra.participation_ratio(torch.zeros(3))


@pytest.mark.parametrize("exponent", [0.5, 1.3, 2.0])
@pytest.mark.parametrize(("first", "last"), [(1, None), (3, 200)])
def test_power_law_is_exact_on_an_exact_one(generator, exponent, first, last):
    values = 5 * torch.arange(1, 301, dtype=torch.float64) ** -exponent
    found = spectra.power_law(values, first=first, last=last, generator=generator)
    assert found.exponent == pytest.approx(exponent, rel=1e-10)
    assert found.interval == (pytest.approx(exponent), pytest.approx(exponent))
    assert found.range == (first, last or 300)
    assert found.r_squared == pytest.approx(1)


def test_power_law_ignores_what_lies_outside_its_range(generator):
    values = torch.arange(1, 301, dtype=torch.float64) ** -1.2
    values[:2], values[200:] = 100, 0
    assert spectra.power_law(values, first=3, last=200, generator=generator).exponent == pytest.approx(1.2)


def test_power_law_interval_covers_the_truth(generator):
    ranks = torch.arange(1, 201, dtype=torch.float64)
    inside = 0
    for _ in range(40):
        noise = 0.2 * torch.randn(200, generator=generator, dtype=torch.float64)
        values = (ranks**-1.1 * noise.exp()).sort(descending=True).values
        low, high = spectra.power_law(values, first=3, last=180, resamples=200, generator=generator).interval
        assert low < high
        inside += low <= 1.1 <= high
    assert inside >= 28


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"first": 0}, "found 0"),
        ({"last": 11}, "found 1 ... 11"),
        ({"first": 9}, "three ranks"),
        ({"level": 2}, "level"),
    ],
)
def test_power_law_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        spectra.power_law(torch.linspace(2, 1, 10), **options)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.7, 3.0])
def test_density_power_law_of_its_own_quantiles(generator, alpha):
    q = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
    low, high = 0.01, 2.0
    if alpha == 1:
        values = low * (high / low) ** q
    else:
        values = (low ** (1 - alpha) + q * (high ** (1 - alpha) - low ** (1 - alpha))) ** (1 / (1 - alpha))
    found = spectra.density_power_law(values, low, high, resamples=100, generator=generator)
    assert found.exponent == pytest.approx(alpha, abs=0.01)
    assert found.interval[0] < alpha < found.interval[1]


def test_density_and_rank_exponents_agree(generator):
    values = torch.arange(1, 20001, dtype=torch.float64) ** -1.25
    found = spectra.density_power_law(values, float(values[-1]), float(values[50]), resamples=20, generator=generator)
    assert found.exponent == pytest.approx(1 + 1 / 1.25, abs=0.02)


def test_density_power_law_refuses_bounds_with_nothing_between():
    with pytest.raises(ValueError, match="found 0 of 3"):
        spectra.density_power_law(torch.ones(3), 2.0, 3.0)
    with pytest.raises(ValueError, match="0 < lower < upper"):
        spectra.density_power_law(torch.ones(3), 3.0, 2.0)


@pytest.mark.parametrize(("dx", "dy"), [(6, 6), (5, 9), (9, 5)])
def test_align_finds_a_planted_rotation(generator, dx, dy):
    x = 20 * orthogonal(400, generator, dx)
    rotation = orthogonal(max(dx, dy), generator)[:dx, :dy]
    rotation = torch.linalg.svd(rotation, full_matrices=False)
    rotation = rotation.U @ rotation.Vh
    y = x @ rotation
    cross = x.T @ y / len(x)
    assert torch.allclose(procrustes.align(cross), rotation, atol=1e-9)
    if dx <= dy:
        assert procrustes.correlation(cross, x.T @ x / 400, y.T @ y / 400) == pytest.approx(1)


def test_align_is_orthogonal_where_the_data_are_and_zero_elsewhere(generator):
    x = torch.randn(100, 6, generator=generator, dtype=torch.float64)
    x[:, 2] = 0
    y = x @ orthogonal(6, generator)
    found = procrustes.align(x.T @ y / 100)
    alive = torch.tensor([1.0, 1, 0, 1, 1, 1], dtype=torch.float64)
    assert torch.allclose(found @ found.T, torch.diag(alive), atol=1e-10)
    assert torch.allclose(x @ found, y, atol=1e-10)


def test_explained_variance_is_the_residual_of_the_alignment(generator):
    x = torch.randn(300, 5, generator=generator, dtype=torch.float64)
    y = 2 * x @ orthogonal(5, generator) + 0.5 * torch.randn(300, 5, generator=generator, dtype=torch.float64)
    cross, x_cov, y_cov = x.T @ y / 300, x.T @ x / 300, y.T @ y / 300
    a = procrustes.align(cross)
    total = y.square().sum()
    scale = ((x @ a) * y).sum() / x.square().sum()
    best = 1 - (y - scale * x @ a).square().sum() / total
    r = procrustes.correlation(cross, x_cov, y_cov)
    assert procrustes.explained_variance(cross, x_cov, y_cov) == pytest.approx(float(best)) == pytest.approx(r**2)
    plain = 1 - (y - x @ a).square().sum() / total
    assert procrustes.explained_variance(cross, x_cov, y_cov, rescale=False) == pytest.approx(float(plain))


def test_held_out_correlation_uses_the_given_alignment(generator):
    x, y = (torch.randn(30, 8, generator=generator, dtype=torch.float64) for _ in range(2))
    train, test = slice(0, 15), slice(15, 30)
    a = procrustes.align(x[train].T @ y[train])
    moments = x[test].T @ y[test], x[test].T @ x[test], y[test].T @ y[test]
    held_out = procrustes.correlation(*moments, alignment=a)
    assert held_out == pytest.approx(float(((x[test] @ a) * y[test]).sum() / (x[test].norm() * y[test].norm())))
    assert held_out < procrustes.correlation(*moments)


def test_procrustes_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="not zero throughout"):
        procrustes.align(torch.zeros(2, 2))
    with pytest.raises(ValueError, match=r"y_cov: wanted a \(3, 3\) covariance above zero, found \(2, 2\)"):
        procrustes.correlation(torch.ones(2, 3), torch.eye(2), torch.eye(2))
    with pytest.raises(ValueError, match=r"alignment: wanted \(2, 2\), found \(3, 3\)"):
        procrustes.correlation(torch.eye(2), torch.eye(2), torch.eye(2), alignment=torch.eye(3))
