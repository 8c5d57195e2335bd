"""SVCCA as the notes give it, and projections on its directions."""

import pytest
import torch

from netspectra.measures.cca import correlate, principal
from netspectra.measures.directions import (
    decompose,
    only_neurons,
    principal_directions,
    random_directions,
    shared_directions,
    svcca_rank,
)


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def planted(samples=600, shared=3, seed=0):
    """Two layers of eight neurons that share `shared` signals and nothing else."""
    signals, own, other = (
        draw(samples, shared, seed=seed),
        draw(samples, 5, seed=seed + 1),
        draw(samples, 5, seed=seed + 2),
    )
    x = torch.cat([signals, own], 1) @ draw(shared + 5, 8, seed=seed + 3) + 2
    y = torch.cat([signals, other], 1) @ draw(shared + 5, 8, seed=seed + 4) - 1
    return x, y, signals


def test_the_rank_rule_sums_values_or_squares():
    values = torch.tensor([4.0, 3.0, 2.0, 1.0])  # cumulative 4 7 9 10, squares 16 25 29 30
    assert svcca_rank(values, 0.9) == 3
    assert svcca_rank(values, 0.9, of="variance") == 3
    assert svcca_rank(values, 0.8) == 3
    assert svcca_rank(values, 0.8, of="variance") == 2
    assert svcca_rank(values, 1.0) == svcca_rank(values, 1.0, of="variance") == 4
    assert svcca_rank(torch.tensor([1.0, 0.0]), 1.0) == 1


@pytest.mark.parametrize("bad", [{"share": 0.0}, {"share": 1.1}, {"of": "sum"}])
def test_the_rank_rule_refuses(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        svcca_rank(torch.tensor([2.0, 1.0]), **bad)
    with pytest.raises(ValueError, match="descending"):
        svcca_rank(torch.tensor([1.0, 2.0]))


def test_the_largest_singular_value_is_the_maximum_over_w_and_s():
    """The derivation of the notes: no pair of directions correlates more, and climbing ends there."""
    x, y, _ = planted()
    y = y + draw(600, 8, seed=8)
    x, y = x - x.mean(0), y - y.mean(0)
    found = correlate(principal(x, 1.0), principal(y, 1.0))
    best = float(found.correlations[0])

    def correlation(w, s):
        a, b = x @ w, y @ s
        return (a * b).sum(0) / (a.norm(dim=0) * b.norm(dim=0))

    assert float(correlation(found.x_directions[:, 0], found.y_directions[:, 0])) == pytest.approx(best, abs=1e-12)
    assert float(correlation(draw(8, 4000, seed=9), draw(8, 4000, seed=10)).max()) < best
    (q, _), (r, _) = torch.linalg.qr(x), torch.linalg.qr(y)  # the same spans, where climbing is quick
    w, s = draw(8, seed=11), draw(8, seed=12)
    for _ in range(1000):
        w, s = w.requires_grad_(), s.requires_grad_()
        a, b = q @ w, r @ s
        up = torch.autograd.grad(a @ b / (a.norm() * b.norm()), (w, s))
        w, s = ((t + 0.5 * g).detach() for t, g in zip((w / w.norm(), s / s.norm()), up, strict=True))
    a, b = q @ w, r @ s
    assert float(a @ b / (a.norm() * b.norm())) == pytest.approx(best, abs=1e-6)


def test_directions_are_orthonormal_over_samples_and_match_cca():
    x, y, _ = planted()
    found = shared_directions(x, y, share=0.95, filled=True)
    scores = (x - x.mean(0)) @ found.filters
    assert torch.allclose(scores.T @ scores, torch.eye(len(found), dtype=torch.float64), atol=1e-9)
    assert torch.allclose(found.patterns, scores.T @ (x - x.mean(0)), atol=1e-9)
    assert len(found) == 8
    kept = [svcca_rank(torch.linalg.svdvals(side - side.mean(0)), 0.95) for side in (x, y)]
    wanted = correlate(principal(x, kept[0]), principal(y, kept[1])).correlations
    assert torch.allclose(found.correlations, wanted, atol=1e-9)
    again = shared_directions(decompose(x), decompose(y), share=0.95, filled=True)
    assert torch.equal(again.filters, found.filters)


def test_planted_signals_are_found_first_and_keeping_them_keeps_what_they_carry():
    x, y, signals = planted(shared=3)
    found = shared_directions(x, y, share=1.0)
    assert torch.allclose(found.correlations[:3], torch.ones(3, dtype=torch.float64), atol=1e-9)
    assert float(found.correlations[3]) < 0.5
    centred = signals - signals.mean(0)
    for count, left in ((3, 1e-8), (2, None)):
        projected = found.project(x, count)
        rest = centred - projected @ torch.linalg.lstsq(projected - projected.mean(0), centred).solution
        share = float((rest - rest.mean(0)).square().sum() / centred.square().sum())
        assert share < left if left else share > 0.05


def test_projection_is_that_of_the_neurons_in_the_space_of_samples():
    x, y, _ = planted()
    found = shared_directions(x, y)
    scores = (x - x.mean(0)) @ found.filters[:, :4]
    assert torch.allclose(found.project(x, 4), scores @ scores.T @ (x - x.mean(0)) + x.mean(0), atol=1e-9)
    assert torch.allclose(found.project(x, 0), x.mean(0).expand_as(x))
    whole = principal_directions(x)
    assert torch.allclose(whole.project(x, len(whole)), x, atol=1e-9)
    assert whole.project(x.float(), 3).dtype == torch.float32
    with pytest.raises(ValueError, match="count"):
        found.project(x, len(found) + 1)


def test_principal_directions_lose_least_and_random_ones_more():
    x, y, _ = planted()

    def lost(directions):
        return float((directions.project(x, 3) - x).square().sum())

    best = lost(principal_directions(x))
    left = torch.linalg.svdvals(x - x.mean(0))[3:].square().sum()
    assert best == pytest.approx(float(left), rel=1e-9)
    assert lost(shared_directions(x, y)) > best
    assert lost(random_directions(x, torch.Generator().manual_seed(0))) > best


def test_ten_logits_are_filled_with_what_they_leave_of_the_layer():
    x, _, _ = planted()
    found = shared_directions(x, x[:, :2] + draw(600, 2, seed=5), share=1.0, filled=True)
    assert len(found.correlations) == 2
    rest = x - found.project(x, 2)
    left = [float((x - found.project(x, k)).square().sum()) for k in (2, 3, 8)]
    values = torch.linalg.svdvals(rest).square()
    assert left[0] - left[1] == pytest.approx(float(values[0]), rel=1e-9)
    assert left[2] == pytest.approx(0, abs=1e-8)


def test_dead_and_repeated_neurons_cost_nothing():
    x, y, _ = planted()
    wide = torch.cat([x, torch.zeros(600, 2, dtype=torch.float64), x[:, :1]], 1)
    found = shared_directions(wide, y, share=1.0, filled=True)
    assert len(found) == 8
    assert torch.allclose(found.correlations, shared_directions(x, y, share=1.0).correlations, atol=1e-6)
    assert torch.allclose(found.project(wide, 8), wide, atol=1e-7)


def test_loadings_name_the_neurons_that_hold_the_directions():
    signals = draw(500, 2)
    x = torch.cat([signals, draw(500, 4, seed=1)], 1)
    found = shared_directions(x, signals, share=1.0)
    assert sorted(found.loadings(2).argsort(descending=True)[:2].tolist()) == [0, 1]
    kept = only_neurons(x, torch.tensor([1, 0]), x.mean(0))
    assert torch.equal(kept[:, :2], x[:, :2])
    assert torch.equal(kept[:, 2:], x.mean(0)[2:].expand(500, 4))
    assert float(only_neurons(x, torch.tensor([3]), 0.0)[:, :3].abs().max()) == 0


def test_scales_beyond_the_squares_of_floats_change_nothing():
    x, y, _ = planted()
    wanted = shared_directions(x, y).project(x, 4)
    assert torch.allclose(shared_directions(x * 1e180, y).project(x * 1e180, 4) / 1e180, wanted, rtol=1e-9)
