"""The CCA family: closed forms, invariances, and every fault that other tools have."""

import math

import numpy as np
import pytest
import torch

from netspectra.measures import cca as m

torch.set_num_threads(1)  # small matrices only: threads would cost more than they give
SEEDS = [0, 1, 2]
SHAPES = [(12, 7), (7, 12), (9, 9)]


def randn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def planted(rho, samples=400, extra=3, seed=0):
    """Two layers whose sample correlations are exactly rho: orthonormal columns, mixed, then mapped invertibly."""
    k = len(rho)
    q = torch.linalg.qr((a := randn(samples, 2 * k + extra, seed=seed)) - a.mean(0))[0]
    r = torch.as_tensor(rho, dtype=torch.float64)
    x = torch.cat([q[:, :k], q[:, 2 * k :]], 1)
    y = q[:, :k] * r + q[:, k : 2 * k] * (1 - r**2).sqrt()
    return x @ randn(k + extra, k + extra, seed=seed + 10), y @ randn(k, k, seed=seed + 20) + 5.0


def rank_deficient(seed, samples=300):
    x = randn(samples, 8, seed=seed)
    return torch.cat([x, torch.zeros(samples, 2), x[:, :3], x[:, :1] + x[:, 1:2], torch.full((samples, 1), 7.0)], 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_planted_correlations_are_found_exactly(seed):
    rho = [0.99, 0.7, 0.3, 0.05]
    found = m.cca(*planted(rho, seed=seed)).correlations
    torch.testing.assert_close(found, torch.tensor(rho, dtype=torch.float64), atol=1e-9, rtol=0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("dx", "dy"), SHAPES)
def test_directions_whiten_and_diagonalise(seed, dx, dy):
    x, y = randn(200, dx, seed=seed), randn(200, dy, seed=seed + 50)
    y[:, :3] += x[:, :3]
    found = m.cca(x, y)
    a, b = (x - x.mean(0)) @ found.x_directions, (y - y.mean(0)) @ found.y_directions
    eye = torch.eye(min(dx, dy), dtype=torch.float64)
    for product, wanted in ((a.T @ a, eye), (b.T @ b, eye), (a.T @ b, found.correlations.diag())):
        torch.testing.assert_close(product, wanted, atol=1e-10, rtol=0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(("dx", "dy"), SHAPES)
def test_invariant_to_invertible_maps_shifts_and_scale(seed, scale, dx, dy):
    x, y = randn(300, dx, seed=seed), randn(300, dy, seed=seed + 5)
    mapped = scale * (x @ randn(dx, dx, seed=seed + 9) + 3)
    expected = m.cca(x, y).correlations
    torch.testing.assert_close(m.cca(mapped, y).correlations, expected, atol=1e-8, rtol=0)
    torch.testing.assert_close(m.cca(y, mapped).correlations, expected, atol=1e-8, rtol=0)
    assert m.cca(x, mapped).correlations.min() > 1 - 1e-8


@pytest.mark.parametrize("scale", [1e-6, 1e6])
@pytest.mark.parametrize("form", ["paper", "tutorial"])
def test_every_measure_ignores_scale(scale, form):
    x, y = (rank_deficient(0), rank_deficient(1)) if form == "paper" else (randn(300, 8), randn(300, 9, seed=1))
    assert m.pwcca(scale * x, y, form=form).similarity == pytest.approx(m.pwcca(x, y, form=form).similarity, abs=1e-7)
    assert m.cka(x, scale * y) == pytest.approx(m.cka(x, y), abs=1e-12)
    one, other = m.svcca(x, y, keep=0.9).correlations, m.svcca(x, scale * y, keep=0.9).correlations
    torch.testing.assert_close(one, other, atol=1e-8, rtol=0)
    torch.testing.assert_close(
        m.cca(x, y, ridge=0.3).correlations, m.cca(x, scale * y, ridge=0.3).correlations, atol=1e-9, rtol=0
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("dx", "dy"), SHAPES)
def test_float32_agrees_with_float64(seed, dx, dy):
    x, y = randn(500, dx, seed=seed) + 2, randn(500, dy, seed=seed + 3)
    y[:, 0] += x[:, 0]
    single = m.cca(x.float(), y.float()).correlations
    assert single.dtype == torch.float64
    torch.testing.assert_close(single, m.cca(x, y).correlations, atol=1e-5, rtol=0)
    assert m.pwcca(x.float(), y.float()).similarity == pytest.approx(m.pwcca(x, y).similarity, abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("dx", "dy"), SHAPES)
def test_products_in_float32_keep_five_digits_and_six_of_the_mean(seed, dx, dy):
    x, y = randn(300, dx, seed=seed) + 1e4, randn(300, dy, seed=seed + 5)
    y[:, :3] += x[:, :3]
    wanted, found = m.cca(x, y).correlations, m.cca(x, y, single=True).correlations
    assert not torch.equal(found, wanted)  # they were used
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)
    assert float(found.mean()) == pytest.approx(float(wanted.mean()), abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_products_in_float32_are_left_where_they_would_cost_digits(seed):
    x, y = planted([0.9, 0.5, 0.01], seed=seed)
    x = x * 10.0 ** -torch.arange(x.shape[1])
    assert torch.equal(m.cca(x, y, single=True).correlations, m.cca(x, y).correlations)


@pytest.mark.parametrize("seed", SEEDS)
def test_condition_is_estimated_and_bounded(seed):
    x = randn(200, 9, seed=seed) * torch.logspace(0, -2, 9) @ torch.linalg.qr(randn(9, 9, seed=seed + 1))[0]
    found, true = m.whiten(x), float(torch.linalg.cond(x - x.mean(0)))
    assert true * (1 - 1e-9) <= found.condition < 9 * true
    assert 0.8 * true < found.estimated_condition() <= true * (1 + 1e-9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_dead_and_duplicated_neurons_change_nothing(seed, dtype):
    deficient, y = rank_deficient(seed).to(dtype), randn(300, 6, seed=seed + 3).to(dtype)
    clean = deficient[:, :8]
    found = m.cca(deficient, y)
    assert found.x_directions.shape == (deficient.shape[1], 6)
    torch.testing.assert_close(found.correlations, m.cca(clean, y).correlations, atol=1e-6, rtol=0)
    torch.testing.assert_close(m.cca(y, deficient).correlations, found.correlations, atol=1e-6, rtol=0)
    assert m.whiten(deficient).rank == 8
    assert len(m.cca(deficient, deficient).correlations) == 8


def test_more_dead_neurons_than_live_ones_do_not_lower_the_mean():
    x, y = randn(300, 5), randn(300, 5, seed=1)
    padded = torch.cat([x, torch.zeros(300, 40, dtype=torch.float64)], 1)
    assert m.mean_correlation(m.cca(padded, y).correlations) == pytest.approx(
        m.mean_correlation(m.cca(x, y).correlations), abs=1e-10
    )


@pytest.mark.parametrize("shape", [(20, 30), (30, 20)])
def test_fewer_samples_than_neurons_warns_with_numbers_and_gives_ones(shape):
    x, y = randn(15, shape[0]), randn(15, shape[1], seed=1)
    with pytest.warns(UserWarning, match=r"15 samples for .* mean 1\.000; wanted at least 150 samples"):
        found = m.cca(x, y)
    assert len(found.correlations) == 14
    assert found.correlations.min() > 1 - 1e-8
    with pytest.warns(UserWarning, match="15 samples"):
        assert m.pwcca(x, y).similarity == pytest.approx(1, abs=1e-8)
    with pytest.warns(UserWarning, match="15 samples"):
        assert math.isfinite(m.pwcca(x, y, form="tutorial").similarity)


def test_warning_gives_the_correlation_of_noise():
    with pytest.warns(UserWarning, match=r"largest 0\.866, mean 0\.437"):
        m.cca(randn(400, 100), randn(400, 100, seed=1))


@pytest.mark.parametrize("ridge", [0.01, 1.0])
def test_ridge_shrinks_correlations_towards_zero(ridge):
    x, y = randn(100, 6), randn(100, 8, seed=1)
    plain, shrunk = m.cca(x, y).correlations, m.cca(x, y, ridge=ridge).correlations
    assert bool((shrunk < plain).all())
    cxx, cyy, cxy = ((a - a.mean(0)).T @ (b - b.mean(0)) for a, b in ((x, x), (y, y), (x, y)))
    cxx += ridge * cxx.diagonal().mean() * torch.eye(6, dtype=torch.float64)
    cyy += ridge * cyy.diagonal().mean() * torch.eye(8, dtype=torch.float64)
    squares = torch.linalg.eigvals(torch.linalg.solve(cxx, cxy) @ torch.linalg.solve(cyy, cxy.T)).real
    torch.testing.assert_close(shrunk, squares.sort(descending=True).values.sqrt(), atol=1e-10, rtol=0)


@pytest.mark.parametrize("keep", [5, 1, 8])
@pytest.mark.parametrize("seed", SEEDS)
def test_svcca_is_cca_of_the_principal_scores(seed, keep):
    x, y = rank_deficient(seed), rank_deficient(seed + 7)

    def scores(a):
        u, s, _ = torch.linalg.svd(a - a.mean(0), full_matrices=False)
        return (u * s)[:, :keep]

    expected = m.cca(scores(x), scores(y)).correlations
    torch.testing.assert_close(m.svcca(x, y, keep=keep).correlations, expected, atol=1e-8, rtol=0)


def test_svcca_share_is_of_variance_not_of_singular_values():
    q = torch.linalg.qr(randn(100, 3) - randn(100, 3).mean(0))[0]
    x = (q - q.mean(0)) * torch.tensor([10.0, 3.0, 1.0])
    values = torch.linalg.svdvals(x - x.mean(0))
    share = float(values[0] ** 2 / values.square().sum())
    assert len(m.svcca(x, x, keep=share - 1e-6).correlations) == 1
    assert len(m.svcca(x, x, keep=share + 1e-6).correlations) == 2
    assert len(m.svcca(x, x, keep=1.0).correlations) == 3


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("dx", "dy"), SHAPES)
def test_pwcca_weights_are_projections_of_centred_neurons_on_orthonormal_variables(seed, dx, dy):
    x, y = randn(200, dx, seed=seed) + 4, randn(200, dy, seed=seed + 1)
    found, plain = m.pwcca(x, y), m.cca(x, y)
    centred = x - x.mean(0)
    alpha = ((centred @ plain.x_directions).T @ centred).abs().sum(1)
    torch.testing.assert_close(found.weights, alpha / alpha.sum(), atol=1e-8, rtol=0)
    assert found.similarity == pytest.approx(float(found.weights @ plain.correlations), abs=1e-10)
    assert m.pwcca(x + 100, y - 3).similarity == pytest.approx(found.similarity, abs=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("dx", "dy"), SHAPES)
def test_tutorial_form_is_the_long_way_round_written_out(seed, dx, dy):
    x, y = randn(200, dx, seed=seed) + torch.arange(dx), randn(200, dy, seed=seed + 1)
    y[:, :4] += x[:, :4]
    a, b = (x - x.mean(0)).numpy(), (y - y.mean(0)).numpy()

    def root(c):
        values, vectors = np.linalg.eigh(c)
        return (vectors / np.sqrt(values)) @ vectors.T

    u, rho, _ = np.linalg.svd(root(a.T @ a) @ a.T @ b @ root(b.T @ b), full_matrices=False)
    directions = a @ u + x.mean(0).numpy()[: u.shape[1]]
    weights = np.abs(np.linalg.qr(directions)[0].T @ x.numpy()).sum(1)
    expected = float((weights / weights.sum()) @ rho)
    assert m.pwcca(x, y, form="tutorial").similarity == pytest.approx(expected, abs=1e-7)
    assert abs(m.pwcca(x, y).similarity - expected) > 1e-4


@pytest.mark.parametrize("form", ["paper", "tutorial"])
def test_pwcca_of_a_layer_with_itself_is_one(form):
    x = rank_deficient(0) if form == "paper" else randn(200, 9)
    assert m.pwcca(x, x, form=form).similarity == pytest.approx(1, abs=1e-6)


def test_mean_correlation_over_top_and_mass():
    rho = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    assert m.mean_correlation(rho) == pytest.approx(1 / 3)
    assert m.mean_correlation(rho, top=2) == pytest.approx(0.4)
    assert m.mean_correlation(rho, mass=0.5) == pytest.approx(0.5)
    assert m.mean_correlation(rho, mass=0.6) == pytest.approx(0.4)  # the crossing correlation counts
    assert m.mean_correlation(rho, mass=1.0) == pytest.approx(1 / 3)
    for bad in ({"top": 0}, {"top": 4}, {"mass": 0.0}, {"mass": 1.1}, {"top": 1, "mass": 0.5}):
        with pytest.raises(ValueError, match=r"top|mass"):
            m.mean_correlation(rho, **bad)
    with pytest.raises(ValueError, match="correlations"):
        m.mean_correlation(torch.tensor([0.2, 0.9]))


@pytest.mark.parametrize(
    ("samples", "dx", "dy", "edge"), [(2000, 100, 50, 0.3749), (10000, 500, 500, 0.43589), (10000, 20, 20, 0.0894)]
)
def test_null_edge_has_the_published_closed_form(samples, dx, dy, edge):
    assert m.null_edge(samples, dx, dy) == pytest.approx(edge, abs=6e-5)
    assert m.null_edge(samples, dy, dx) == m.null_edge(samples, dx, dy)


def test_null_mean_is_that_of_the_tutorial():
    assert m.null_mean(10000, 500, 500) == pytest.approx(0.19078, abs=5e-5)
    assert m.null_mean(100, 100, 100) == 1.0
    assert m.null_edges(100, 60, 60)[1] == 1.0


@pytest.mark.parametrize(("samples", "dx", "dy"), [(1000, 100, 50), (500, 40, 90), (200, 120, 110)])
@pytest.mark.filterwarnings("ignore:.*samples for:UserWarning")
def test_noise_obeys_wachters_law(samples, dx, dy):
    drawn = [m.cca(randn(samples, dx, seed=s), randn(samples, dy, seed=s + 99)).correlations for s in range(5)]
    lower, upper = m.null_edges(samples - 1, dx, dy)
    assert torch.stack(drawn).mean() == pytest.approx(m.null_mean(samples - 1, dx, dy), abs=0.01)
    assert max(float(r.max()) for r in drawn) < upper + 0.03
    assert min(float(r.min()) for r in drawn) > lower - 0.03


@pytest.mark.parametrize("seed", SEEDS)
def test_bartlett_finds_the_planted_number(seed):
    x, y = randn(2000, 10, seed=seed), randn(2000, 8, seed=seed + 4)
    y[:, :3] += x[:, :3]
    rho = m.cca(x, y).correlations
    assert m.bartlett_rank(rho, 2000, 10, 8, level=1e-4) == 3
    assert m.bartlett_rank(m.cca(x, x).correlations, 2000, 10, 10) == 10


def test_bartlett_statistic_has_its_closed_form():
    p = m.bartlett_tests(torch.tensor([0.3], dtype=torch.float64), 103, 1, 1)
    statistic = -(103 - 1 - 1.5) * math.log(1 - 0.09)
    assert float(p[0]) == pytest.approx(math.erfc(math.sqrt(statistic / 2)), rel=1e-9)


def test_bartlett_rejects_noise_at_its_level():
    draws = [m.cca(randn(300, 5, seed=s), randn(300, 4, seed=s + 1000)).correlations for s in range(100)]
    rejected = sum(m.bartlett_rank(r, 300, 5, 4, level=0.05) > 0 for r in draws)
    assert 1 <= rejected <= 13  # binomial(100, 0.05): both tails under 1 %


def test_bartlett_names_what_is_wrong():
    rho = torch.tensor([0.5, 0.4])
    for arguments, name in (((rho, 100, 1, 5), "correlations"), ((rho, 5, 4, 4), "samples")):
        with pytest.raises(ValueError, match=name):
            m.bartlett_rank(*arguments)
    with pytest.raises(ValueError, match="level"):
        m.bartlett_rank(rho, 100, 2, 2, level=1.5)


def test_permutation_null_matches_new_fits_and_separates_signal_from_noise():
    x, y = randn(200, 6), randn(200, 5, seed=1)
    y[:, :2] += x[:, :2]
    null = m.permutation_null(m.whiten(x), m.whiten(y), permutations=50, generator=torch.Generator().manual_seed(3))
    order = torch.randperm(200, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(null.correlations[0], m.cca(x, y[order]).correlations, atol=1e-6, rtol=0)
    assert null.p_values[:2].tolist() == [pytest.approx(1 / 51)] * 2
    assert null.mean_p_value == pytest.approx(1 / 51)
    assert float(null.p_values[2:].min()) > 0.02
    with pytest.raises(ValueError, match="permutations"):
        m.permutation_null(m.whiten(x), m.whiten(y), permutations=0)


def test_permutation_p_values_of_noise_are_not_small():
    seeds = range(30)
    tail = [
        m.permutation_null(
            m.whiten(randn(80, 3, seed=s)), m.whiten(randn(80, 3, seed=s + 500)),
            permutations=19, generator=torch.Generator().manual_seed(s),
        ).mean_p_value
        for s in seeds
    ]  # fmt: skip
    assert 0.3 < sum(tail) / len(tail) < 0.75


def test_all_pairs_agree_with_one_at_a_time():
    layers = {
        "a": randn(300, 6),
        "b": randn(300, 9, seed=1),
        "c": rank_deficient(2),
        "d": randn(300, 4, seed=3) @ randn(4, 4),
    }
    found = m.all_pairs(layers)
    assert list(found) == [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d")]
    for (a, b), rho in found.items():
        torch.testing.assert_close(rho, m.cca(layers[a], layers[b]).correlations, atol=1e-6, rtol=0)
    assert m.all_pairs({k: m.whiten(v) for k, v in layers.items()})["a", "b"].equal(found["a", "b"])
    with pytest.raises(ValueError, match="layers"):
        m.all_pairs({"a": layers["a"]})
    with pytest.raises(ValueError, match="e: wanted as many samples as a"):
        m.all_pairs({"a": layers["a"], "e": randn(200, 4)})


@pytest.mark.parametrize("seed", SEEDS)
def test_ill_conditioned_layers_keep_their_digits(seed):
    scales = torch.logspace(0, -5, 6, dtype=torch.float64)
    x, y = randn(400, 6, seed=seed), randn(400, 6, seed=seed + 1)
    rotation = torch.linalg.qr(randn(6, 6, seed=seed + 2))[0]
    mapped = m.cca(x * scales @ rotation, y * scales @ rotation).correlations
    torch.testing.assert_close(mapped, m.cca(x, y).correlations, atol=1e-8, rtol=0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shape", [(60, 5, 8), (8, 20, 5)])
def test_cka_equals_the_kernel_form(seed, shape):
    n, dx, dy = shape
    x, y = randn(n, dx, seed=seed), randn(n, dy, seed=seed + 1)
    x[:, :2] += y[:, :2]
    h = torch.eye(n, dtype=torch.float64) - 1 / n
    k, l = h @ x @ x.T @ h, h @ y @ y.T @ h
    assert m.cka(x, y) == pytest.approx(float((k * l).sum() / (k.norm() * l.norm())), abs=1e-12)

    def hsic(k, l):
        k, l = k - k.diag().diag(), l - l.diag().diag()
        return (k * l).sum() + k.sum() * l.sum() / ((n - 1) * (n - 2)) - 2 * (k.sum(0) @ l.sum(0)) / (n - 2)

    expected = float(hsic(k, l) / (hsic(k, k) * hsic(l, l)).sqrt())
    assert m.cka(x, y, debiased=True) == pytest.approx(expected, abs=1e-10)


def test_cka_invariances_and_bias():
    x = randn(50, 6)
    rotation = torch.linalg.qr(randn(6, 6, seed=2))[0]
    for debiased in (False, True):
        assert m.cka(x, x @ rotation + 3, debiased=debiased) == pytest.approx(1, abs=1e-10)
    pairs = [(randn(40, 60, seed=s), randn(40, 60, seed=s + 100)) for s in range(30)]
    assert sum(m.cka(*p) for p in pairs) / 30 > 0.4
    assert abs(sum(m.cka(*p, debiased=True) for p in pairs) / 30) < 0.02


def shifts(maps):
    """All circular shifts of every sample: translation-invariant data."""
    h, w = maps.shape[2:]
    return torch.cat([maps.roll((i, j), (2, 3)) for i in range(h) for j in range(w)])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("size", "channels"), [((4, 4), (2, 3)), ((3, 5), (3, 2)), ((2, 3), (2, 2))])
def test_dft_cca_is_dense_cca_on_translation_invariant_data(seed, size, channels):
    x, y = randn(15, channels[0], *size, seed=seed), randn(15, channels[1], *size, seed=seed + 1)
    y[:, 0] += x[:, 0].roll(1, 2)
    x, y = shifts(x), shifts(y)
    by_frequency = m.dft_cca(x, y)
    dense = m.cca(x.flatten(1), y.flatten(1)).correlations
    assert by_frequency.mean == pytest.approx(float(dense.mean()), abs=1e-9)
    copies = (by_frequency.weights * size[0] * size[1]).round().int()
    unfolded = by_frequency.correlations.repeat_interleave(copies, 0).flatten().sort(descending=True).values
    torch.testing.assert_close(unfolded, dense, atol=1e-8, rtol=0)


def test_dft_cca_finds_a_convolution_and_survives_dead_channels():
    x = randn(60, 3, 6, 6)
    kernel = torch.fft.rfft2(randn(6, 6, seed=1))
    y = torch.fft.irfft2(torch.fft.rfft2(x) * kernel, s=(6, 6))
    assert m.dft_cca(x, y).mean == pytest.approx(1, abs=1e-9)
    dead = torch.cat([x, torch.zeros(60, 2, 6, 6), x[:, :1]], 1)
    assert m.dft_cca(dead, y).mean == pytest.approx(1, abs=1e-7)
    assert m.dft_cca(dead.float(), y.float()).ranks.tolist() == [3] * 24


BAD = [
    ((randn(10, 2), randn(9, 2)), "y: wanted as many samples as x"),
    ((randn(1, 2), randn(1, 2)), "x: wanted at least 2 samples"),
    ((torch.full((10, 2), 0.1), randn(10, 2)), "x: .*all 2 neurons constant"),
    ((randn(10, 2), torch.full((10, 2), 1e6)), "y: .*all 2 neurons constant"),
    ((torch.full((10, 2), float("nan")), randn(10, 2)), "x: wanted finite"),
    ((randn(10, 2), torch.full((10, 2), float("inf"))), "y: wanted finite"),
    ((randn(10, 2, 2), randn(10, 2)), "x: wanted 2 dimensions"),
    ((torch.ones(10, 2, dtype=torch.int64), randn(10, 2)), "x: wanted a floating tensor"),
]


@pytest.mark.parametrize("measure", [m.cca, m.svcca, m.pwcca, lambda x, y: m.pwcca(x, y, form="tutorial"), m.cka])
@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_named(measure, arguments, message):
    with pytest.raises(ValueError, match=message):
        measure(*arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: m.svcca(x, x, keep=0), "keep: wanted 1 to 3 directions .*, found 0"),
        (lambda x: m.svcca(x, x, keep=4), "keep: .*found 4"),
        (lambda x: m.svcca(x, x, keep=0.0), "keep: .*found 0.0"),
        (lambda x: m.svcca(x, x, keep=1.5), "keep: .*found 1.5"),
        (lambda x: m.svcca(x, x, keep=True), "keep: .*found True"),
        (lambda x: m.cca(x, x, ridge=-1), "ridge: .*found -1"),
        (lambda x: m.cca(x, x, rtol=1.0), "rtol: .*found 1.0"),
        (lambda x: m.pwcca(x, x, form="code"), "form: .*found 'code'"),
        (lambda x: m.cka(x[:3], x[:3], debiased=True), "at least 4 samples"),
        (lambda x: m.null_edge(10, 0, 3), "dx: wanted 1 or more, found 0"),
        (lambda x: m.dft_cca(x, x), r"x: wanted \(samples"),
        (lambda x: m.dft_cca(randn(30, 2, 4, 4), randn(30, 2, 4, 5)), "y: wanted maps of"),
        (lambda x: m.dft_cca(randn(30, 2, 4, 4), torch.ones(30, 2, 4, 4)), "y: .*constant layer"),
        (lambda x: m.dft_cca(randn(30, 2, 4, 4), randn(29, 2, 4, 4)), "y: wanted as many samples"),
    ],
)
def test_bad_options_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(randn(50, 3))
