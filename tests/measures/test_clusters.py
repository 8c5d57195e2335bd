"""Groups in matrices of distances: planted ones are found, absent ones are not."""

import pytest
import torch

from netspectra.measures.clusters import clustering, profile_distances


def points(*centres, each=5, spread=0.1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    where = torch.tensor(centres, dtype=torch.float64).repeat_interleave(each, 0)
    where = where + spread * torch.randn(where.shape, generator=generator, dtype=torch.float64)
    return torch.cdist(where, where, compute_mode="donot_use_mm_for_euclid_dist"), torch.arange(
        len(centres)
    ).repeat_interleave(each)


def test_by_hand():
    distances = torch.tensor([[0, 1, 4, 6], [1, 0, 5, 5], [4, 5, 0, 2], [6, 5, 2, 0]], dtype=torch.float64)
    found = clustering(distances, torch.tensor([7, 7, 3, 3]))
    assert found.silhouettes.tolist() == pytest.approx([4 / 5, 4 / 5, 2.5 / 4.5, 3.5 / 5.5])
    assert found.silhouette == pytest.approx(sum(found.silhouettes.tolist()) / 4)
    assert (found.purity, found.within, found.between) == (1.0, 1.5, 5.0)
    assert found.apart.tolist() == [5.0, 5.0]


def test_planted_groups_are_found_and_shuffled_ones_are_not():
    distances, groups = points([0.0, 0.0], [3.0, 0.0], [0.0, 4.0])
    found = clustering(distances, groups)
    assert found.silhouette > 0.8
    assert found.purity == 1
    assert found.between - found.within > 2
    shuffled = clustering(distances, groups[torch.randperm(15, generator=torch.Generator().manual_seed(1))])
    assert shuffled.silhouette < 0.1
    assert shuffled.purity < 0.7


def test_profiles_show_groups_that_additive_distances_hide():
    """d_ij = a_i + a_j: the group of large a is as far from itself as from the rest, but its rows are alike."""
    a = torch.tensor([0.1, 0.11, 0.12, 0.5, 0.51, 0.52], dtype=torch.float64)
    distances = (a[:, None] + a).fill_diagonal_(0)
    groups = torch.tensor([0, 0, 0, 1, 1, 1])
    assert clustering(distances, groups).silhouette < 0.3
    assert clustering(profile_distances(distances), groups).silhouette > 0.9


def test_profiles_by_hand():
    distances = torch.tensor([[0, 1, 4, 6], [1, 0, 5, 5], [4, 5, 0, 2], [6, 5, 2, 0]], dtype=torch.float64)
    found = profile_distances(distances)
    assert float(found[0, 1]) == pytest.approx(((1 + 1) / 2) ** 0.5)
    assert float(found[0, 2]) == pytest.approx(((1 - 5) ** 2 / 2 + (6 - 2) ** 2 / 2) ** 0.5)
    assert torch.equal(found, found.T)
    assert float(found.diagonal().abs().max()) == 0


def test_refuses():
    distances, groups = points([0.0], [3.0])
    with pytest.raises(ValueError, match="groups"):
        clustering(distances, groups[:-1])
    with pytest.raises(ValueError, match="groups"):
        clustering(distances, torch.tensor([0] * 9 + [1]))
    with pytest.raises(ValueError, match="symmetric"):
        clustering(distances.triu(), groups)
    with pytest.raises(ValueError, match="three"):
        profile_distances(distances[:2, :2])
