"""Decompositions end where torch's own does not."""

import pytest
import torch

from netspectra.measures import cca as family
from netspectra.measures.directions import shared_directions
from netspectra.measures.factoring import singular_values, svd

X = torch.randn(40, 60, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = torch.randn(40, 50, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.fixture
def diverging(monkeypatch):
    """Torch as it is where it finds too many repeated singular values."""

    def refuse(*_args, **_options):
        raise torch.linalg.LinAlgError("linalg.svd: The algorithm failed to converge")

    for name in ("svd", "svdvals"):
        monkeypatch.setattr(torch.linalg, name, refuse)


def test_a_decomposition_that_torch_gives_up_is_found(diverging):
    u, s, vh = svd(X)
    torch.testing.assert_close((u * s) @ vh, X)
    torch.testing.assert_close(u.T @ u, torch.eye(40, dtype=torch.float64))
    torch.testing.assert_close(s, torch.linalg.eigvalsh(X @ X.T).flip(0).sqrt())
    torch.testing.assert_close(singular_values(X), s)
    assert svd(X.float())[0].dtype == torch.float32


@pytest.mark.filterwarnings("ignore:40 samples")
def test_layers_of_more_neurons_than_samples_have_correlations_of_one(diverging):
    one = torch.ones(39, dtype=torch.float64)
    torch.testing.assert_close(shared_directions(X, Y, share=1.0).correlations, one)
    torch.testing.assert_close(family.cca(X, Y).correlations, one)
    torch.testing.assert_close(family.pwcca(X, Y).correlations, one)
