from collections import OrderedDict

import pytest
import torch
from torch import nn

from netspectra.lenses.clipping import clipping_curve


def mlp(bias=False, inplace=False):
    return nn.Sequential(
        OrderedDict(
            flatten=nn.Flatten(),
            fc1=nn.Linear(48, 20, bias=bias),
            relu1=nn.ReLU(inplace),
            fc2=nn.Linear(20, 12, bias=bias),
            relu2=nn.ReLU(inplace),
            fc3=nn.Linear(12, 10, bias=bias),
        )
    )


def cnn(bias=False, inplace=False):
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 6, 3, stride=1, padding=1, bias=bias),
            relu1=nn.ReLU(inplace),
            conv2=nn.Conv2d(6, 8, 3, stride=2, bias=bias),
            relu2=nn.ReLU(inplace),
            flatten=nn.Flatten(),
            fc1=nn.Linear(8, 10, bias=bias),
        )
    )


def data(seed=0, samples=300):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(samples, 3, 4, 4, generator=generator)
    return [
        (x[i : i + 110], torch.randint(10, (len(x[i : i + 110]),), generator=generator)) for i in range(0, samples, 110)
    ]


def basis(d, columns=None, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(d, columns or d, generator=generator, dtype=torch.float64)).Q


def brute_force(network, layer, directions, batches):
    """Hits at every rank from a projected copy of the weights."""
    module = network.get_submodule(layer)
    whole = module.weight.data
    hits = []
    for k in range(1, directions.shape[1] + 1):
        projector = (directions[:, :k] @ directions[:, :k].T).to(whole)
        grouped = whole.flatten(1).unflatten(1, (len(directions), -1))
        module.weight.data = torch.einsum("ncr,cd->ndr", grouped, projector).reshape(whole.shape)
        hits.append(sum(int((network(x).argmax(-1) == y).sum()) for x, y in batches))
    module.weight.data = whole
    return hits


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize(
    ("build", "layer", "d"),
    [
        (mlp, "fc1", 48),
        (mlp, "fc2", 20),
        (mlp, "fc3", 12),
        (cnn, "conv1", 3),
        (cnn, "conv1", 27),
        (cnn, "conv2", 6),
        (cnn, "conv2", 54),
        (cnn, "fc1", 8),
    ],
)
def test_every_rank_has_the_hits_of_a_projected_copy(build, layer, d, bias, inplace):
    torch.manual_seed(d)
    network, batches, directions = build(bias, inplace), data(d), basis(d)
    found = clipping_curve(network, layer, directions, batches)
    assert found.hits.tolist() == brute_force(network, layer, directions, batches)
    assert found.ranks.tolist() == list(range(1, d + 1))
    assert found.samples == 300
    assert torch.equal(found.accuracy, found.hits.double() / 300)


def test_channels_that_are_flattened_are_clipped_as_channels():
    torch.manual_seed(0)
    network = nn.Sequential(
        OrderedDict(conv1=nn.Conv2d(3, 5, 2), relu1=nn.ReLU(), flatten=nn.Flatten(), fc1=nn.Linear(45, 10))
    )
    found = clipping_curve(network, "fc1", basis(5), data())
    assert found.hits.tolist() == brute_force(network, "fc1", basis(5), data())


def test_chosen_ranks_are_those_of_the_whole_curve():
    torch.manual_seed(1)
    network, batches = mlp(), data()
    whole = clipping_curve(network, "fc2", basis(20), batches)
    some = clipping_curve(network, "fc2", basis(20), batches, ranks=[0, 1, 4, 20])
    assert some.ranks.tolist() == [0, 1, 4, 20]
    assert some.hits[1:].tolist() == whole.hits[[0, 3, 19]].tolist()


def test_full_rank_changes_nothing_and_fewer_directions_than_dimensions_do():
    torch.manual_seed(2)
    network, batches = mlp(), data()
    plain = sum(int((network(x).argmax(-1) == y).sum()) for x, y in batches)
    assert clipping_curve(network, "fc1", basis(48), batches).hits[-1] == plain
    own = torch.linalg.svd(network.fc1.weight.detach()).Vh.T
    assert clipping_curve(network, "fc1", own[:, :20], batches).hits[-1] == plain


def test_clipping_leaves_the_network_and_its_gradients_alone():
    network = mlp(inplace=True)
    before = {name: p.clone() for name, p in network.state_dict().items()}
    clipping_curve(network, "fc2", basis(20), data())
    assert all(torch.equal(before[name], p) for name, p in network.state_dict().items())
    assert network.relu2.inplace


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((mlp(), "relu1", basis(20), data()), r"wanted one with weights \(fc1, fc2, fc3\), found 'relu1'"),
        ((mlp(), "fc9", basis(20), data()), "found 'fc9'"),
        ((mlp(), "fc2", basis(19), data()), "wanted 20 rows for layer fc2, found 19"),
        ((cnn(), "conv2", basis(20), data()), "wanted 6 or 54 rows for layer conv2, found 20"),
        ((mlp(), "fc2", torch.ones(20, 21), data()), "rank of at most 20.*found 21 columns"),
        ((mlp(), "fc2", 2 * basis(20), data()), "orthonormal"),
        ((mlp(), "fc2", basis(20), []), "batches: wanted at least one sample"),
        ((nn.Sequential(nn.ReLU()), "0", basis(4), data()), r"with weights \(there is none\), found '0'"),
        ((nn.Sequential(nn.ConvTranspose2d(3, 2, 2)), "0", basis(3), data()), "ConvTranspose2d uses its weight is not"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        clipping_curve(*arguments)


@pytest.mark.parametrize(
    ("ranks", "message"), [([1, 21], "at most 20.*found 21"), ([2, 2], "increasing"), ([], "ranks")]
)
def test_ranks_refused(ranks, message):
    with pytest.raises(ValueError, match=message):
        clipping_curve(mlp(), "fc2", basis(20), data(), ranks=ranks)
