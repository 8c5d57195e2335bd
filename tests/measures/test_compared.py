"""Five measures from one decomposition equal the same measures one by one."""

import pytest
import torch

from netspectra.measures import procrustes
from netspectra.measures.cca import cca, cka, correlate, principal, pwcca
from netspectra.measures.compared import MEASURES, compare, distance_matrices, random_neurons, represent
from netspectra.measures.directions import svcca_rank


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def layers():
    signal = draw(400, 4)
    return [
        signal @ draw(4, d, seed=i) + noise * draw(400, d, seed=9 + i)
        for i, (d, noise) in enumerate([(6, 0.5), (9, 2.0)])
    ]


def test_every_measure_is_what_it_is_alone():
    x, y = layers()
    found = compare(represent(x), represent(y))
    assert found.pwcca_first == pytest.approx(1 - pwcca(x, y).similarity, abs=1e-10)
    assert found.pwcca_second == pytest.approx(1 - pwcca(y, x).similarity, abs=1e-10)
    assert found.pwcca == pytest.approx((found.pwcca_first + found.pwcca_second) / 2)
    assert found.mean_cca == pytest.approx(1 - float(cca(x, y).correlations.mean()), abs=1e-10)
    assert found.cka == pytest.approx(1 - cka(x, y), abs=1e-10)
    kept = [svcca_rank(torch.linalg.svdvals(side - side.mean(0)), 0.99) for side in (x, y)]
    alone = correlate(principal(x, kept[0]), principal(y, kept[1])).correlations.mean()
    assert found.svcca == pytest.approx(1 - float(alone), abs=1e-10)
    x, y = x - x.mean(0), y - y.mean(0)
    assert found.procrustes == pytest.approx(1 - procrustes.correlation(x.T @ y, x.T @ x, y.T @ y), abs=1e-10)


def test_all_are_zero_for_a_turned_and_scaled_copy_and_cca_for_any_linear_map():
    x = layers()[0]
    turned = 3 * x @ torch.linalg.qr(draw(6, 6)).Q + 1
    for name in MEASURES:
        assert getattr(compare(represent(x), represent(turned)), name) == pytest.approx(0, abs=1e-9)
    mapped = compare(represent(x), represent(x @ draw(6, 6, seed=3)))
    assert mapped.pwcca == pytest.approx(0, abs=1e-9)
    assert mapped.mean_cca == pytest.approx(0, abs=1e-9)
    assert min(mapped.cka, mapped.procrustes) > 0.01


def test_matrices_hold_every_pair_and_both_directions():
    ready = [represent(x) for x in (*layers(), draw(400, 3, seed=20))]
    found = distance_matrices(ready)
    assert set(found) == {*MEASURES, "pwcca_directed"}
    for name in MEASURES:
        assert torch.equal(found[name], found[name].T)
        assert float(found[name].diagonal().abs().max()) == 0
        assert float(found[name][0, 2]) == getattr(compare(ready[0], ready[2]), name)
    assert float(found["pwcca_directed"][2, 1]) == compare(ready[1], ready[2]).pwcca_second
    with pytest.raises(ValueError, match="layers"):
        distance_matrices(ready[:1])


def test_dead_neurons_change_nothing():
    x, y = layers()
    wide = torch.cat([x, torch.ones(400, 2, dtype=torch.float64)], 1)
    assert represent(wide).rank == 6
    for name in MEASURES:
        assert getattr(compare(represent(wide), represent(y)), name) == pytest.approx(
            getattr(compare(represent(x), represent(y)), name), abs=1e-9
        )


def test_random_neurons_are_a_subset_in_order():
    x = torch.arange(20.0).view(2, 10)
    found = random_neurons(x, 4, torch.Generator().manual_seed(1))
    assert found.shape == (2, 4)
    assert bool((found[0].diff() > 0).all())
    assert set(found[0].tolist()) <= set(x[0].tolist())
    assert torch.equal(random_neurons(x, 10, torch.Generator()), x)
    with pytest.raises(ValueError, match="count"):
        random_neurons(x, 11, torch.Generator())


def test_refuses_other_samples():
    x, y = layers()
    with pytest.raises(ValueError, match="samples"):
        compare(represent(x), represent(y[:-1]))
