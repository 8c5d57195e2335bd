import copy
import itertools
from collections import OrderedDict

import pytest
import torch
from torch import nn

from netspectra.lenses.rainbow import Recipe, generate, generate_many
from netspectra.measures import procrustes
from netspectra.measures.rainbow import draw_channels


def mlp(bias=False, widths=(12, 30, 20, 4)):
    layers = OrderedDict(flatten=nn.Flatten())
    for i, (d, n) in enumerate(itertools.pairwise(widths), 1):
        layers[f"fc{i}"] = nn.Linear(d, n, bias=bias)
        layers[f"relu{i}"] = nn.ReLU()
    layers.popitem()
    return nn.Sequential(layers)


def cnn(bias=False):
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(2, 8, 3, padding=1, bias=bias),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(8, 12, 3, stride=2, padding=1, bias=bias),
            relu2=nn.ReLU(),
            flatten=nn.Flatten(),
            fc1=nn.Linear(12 * 9, 5, bias=bias),
        )
    )


BUILDS = {"mlp": (mlp, (12,)), "cnn": (cnn, (2, 6, 6))}


def case(kind, bias=False, seed=0, samples=200):
    torch.manual_seed(seed)
    build, shape = BUILDS[kind]
    network = build(bias).double().requires_grad_(False)
    x = torch.randn(samples, *shape, dtype=torch.float64)
    return network, [x[:120], x[120:]]


def source(seed=0):
    return torch.Generator().manual_seed(seed)


def permuted(network, seed=0):
    """The same function with the nodes of every hidden layer in another order."""
    twin = copy.deepcopy(network)
    layers = [layer for layer in twin if isinstance(layer, nn.Linear | nn.Conv2d)]
    generator = source(seed)
    for below, above in itertools.pairwise(layers):
        order = torch.randperm(len(below.weight), generator=generator)
        below.weight.data = below.weight.data[order]
        if below.bias is not None:
            below.bias.data = below.bias.data[order]
        grouped = above.weight.data.flatten(1).unflatten(1, (len(order), -1))
        above.weight.data = grouped[:, order].reshape(above.weight.shape)
    return twin


@pytest.mark.parametrize("kind", BUILDS)
@pytest.mark.parametrize("bias", [False, True])
def test_nothing_sampled_is_the_reference(kind, bias):
    network, batches = case(kind, bias)
    found = generate(network, batches, source(), sampled=[])
    assert torch.allclose(found(batches[0]), network(batches[0]), atol=1e-10)


@pytest.mark.parametrize("kind", BUILDS)
@pytest.mark.parametrize("width", [0.5, 1.0, 3.0])
def test_first_layer_has_the_planted_covariance_at_any_width(kind, width):
    network, batches = case(kind)
    drawn = generate_many(network, batches, [Recipe(width)] * 150, source())
    layer, trained = drawn[0][0] if kind == "cnn" else drawn[0].fc1, network[0] if kind == "cnn" else network.fc1
    assert len(layer.weight) == round(width * len(trained.weight))
    rows = torch.cat([(d[0] if kind == "cnn" else d.fc1).weight.flatten(1) for d in drawn])
    planted = trained.weight.detach().flatten(1)
    planted = planted.T @ planted / len(planted)
    assert float((rows.T @ rows / len(rows) - planted).norm() / planted.norm()) < 0.15


@pytest.mark.parametrize("kind", BUILDS)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("width", [0.5, 1.0, 2.0])
def test_shapes_names_and_a_forward_pass(kind, bias, width):
    network, batches = case(kind, bias)
    found = generate(network, batches, source(), width=width)
    assert [name for name, _ in found.named_children()] == [name for name, _ in network.named_children()]
    assert found(batches[0]).shape == network(batches[0]).shape
    assert torch.isfinite(found(batches[0])).all()
    assert not found.training
    assert not any(p.requires_grad for p in found.parameters())
    weights = [m for m in found if isinstance(m, nn.Linear | nn.Conv2d)]
    assert all(len(m.weight) == (m.out_features if isinstance(m, nn.Linear) else m.out_channels) for m in weights)


@pytest.mark.parametrize("kind", BUILDS)
def test_alignment_undoes_a_permutation_of_the_nodes(kind):
    """Nodes drawn from one twin and from the other have the same covariance, so pooling twins changes nothing."""
    network, batches = case(kind, bias=True)
    alone = generate(network, batches, source(5), width=50)
    pooled = generate(network, batches, source(5), width=50, others=[permuted(network)])
    name = "conv2" if kind == "cnn" else "fc2"
    spectra = [torch.linalg.svdvals(n.get_submodule(name).weight.flatten(1)) for n in (alone, pooled)]
    assert torch.allclose(*spectra, rtol=0.1)
    scale = network(batches[0]).std()
    assert float((alone(batches[0]) - pooled(batches[0])).std() / scale) < 0.5


@pytest.mark.parametrize("kind", BUILDS)
def test_pooling_an_identical_network_keeps_every_covariance(kind):
    network, batches = case(kind)
    name = "conv1" if kind == "cnn" else "fc1"
    alone, pooled = (generate(network, batches, source(), width=400, sampled=[name], others=o) for o in ([], [network]))
    moments = [w.T @ w / len(w) for w in (n.get_submodule(name).weight.flatten(1) for n in (alone, pooled))]
    assert float((moments[0] - moments[1]).norm() / moments[0].norm()) < 0.1


def test_isotropic_control_keeps_the_trace_alone():
    network, batches = case("mlp")
    found = generate(network, batches, source(), width=300, sampled=["fc1"], isotropic=True).fc1.weight
    moment = found.T @ found / len(found)
    level = network.fc1.weight.square().mean()
    assert float((moment / level - torch.eye(12)).abs().max()) < 0.1


def test_wider_networks_come_closer_to_their_limit():
    """Two independent draws of great width compute nearly the same function; narrow ones do not."""
    network, batches = case("mlp", samples=400)
    gaps = []
    for width in (0.5, 2, 8, 32):
        pairs = generate_many(network, batches, [Recipe(width)] * 6, source())
        outputs = torch.stack([p(batches[0]) for p in pairs])
        gaps.append(float(outputs.var(0).sum() / outputs.square().mean(0).sum()))
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < gaps[0] / 5


def test_logits_keep_their_scale_at_every_width():
    network, batches = case("mlp", samples=400)
    scales = [generate(network, batches, source(), width=w)(batches[0]).norm() for w in (8, 32)]
    assert float(scales[0] / scales[1]) == pytest.approx(1, abs=0.3)


def test_draws_do_not_depend_on_how_many_there_are():
    network, batches = case("cnn")
    one, three = (generate_many(network, batches, [Recipe()] * k, source(9)) for k in (1, 3))
    assert torch.equal(one[0].conv2.weight, three[0].conv2.weight)
    assert not torch.equal(three[1].conv2.weight, three[2].conv2.weight)
    assert torch.equal(generate(network, batches, source(9)).fc1.weight, one[0].fc1.weight)


def test_classifier_is_the_trained_one_turned_by_the_alignment():
    network, batches = case("mlp")
    found = generate(network, batches, source())
    x = torch.cat(batches)
    phi, psi = network[:5](x), found[:5](x)
    expected = network.fc3.weight @ procrustes.align(phi.T @ psi)
    assert torch.allclose(found.fc3.weight, expected, atol=1e-8)


def test_flat_form_aligns_channels_times_positions_in_front_of_the_classifier():
    network, batches = case("cnn")
    found = generate(network, batches, source(), flat=True)
    by_channel = generate(network, batches, source())
    x = torch.cat(batches)
    phi, psi = network[:5](x), found[:5](x)
    expected = network.fc1.weight @ procrustes.align(phi.T @ psi)
    assert torch.equal(found.conv2.weight, by_channel.conv2.weight)
    assert torch.allclose(found.fc1.weight, expected, atol=1e-8)
    assert not torch.allclose(found.fc1.weight, by_channel.fc1.weight, atol=1e-3)


def test_both_forms_can_be_drawn_side_by_side():
    network, batches = case("cnn")
    flat, by_channel = generate_many(network, batches, [Recipe(flat=True), Recipe()], source(3))
    alone = generate_many(network, batches, [Recipe(), Recipe()], source(3))
    assert torch.allclose(by_channel.fc1.weight, alone[1].fc1.weight, atol=1e-12)
    assert torch.equal(flat.conv1.weight, alone[0].conv1.weight)


def test_spatial_filters_stay_and_channels_are_drawn():
    network, batches = case("cnn", bias=True)
    found = generate(network, batches, source(), sampled=["conv1"], spatial=True).conv1
    drawn, kept = found.weight.flatten(2), network.conv1.weight.flatten(2)
    span = torch.linalg.svd(kept, full_matrices=False).Vh
    assert torch.allclose(drawn @ span.mT @ span, drawn, atol=1e-10)
    assert not torch.allclose(drawn, kept, atol=1e-2)
    assert torch.equal(found.bias, network.conv1.bias)


def test_drawn_channels_keep_their_second_moment_at_any_width():
    rows = torch.randn(6, 3 * 4, dtype=torch.float64, generator=source(1))
    drawn = draw_channels(rows, 3, 6 * 4000, source())
    assert drawn.square().mean() == pytest.approx(float(rows.square().mean()), rel=0.02)


def test_without_alignment_the_trained_classifier_stays_as_it_is():
    network, batches = case("mlp")
    found = generate(network, batches, source(), aligned=False)
    assert torch.allclose(found.fc3.weight, network.fc3.weight)


def test_loaders_of_pairs_and_of_inputs_are_alike_and_the_reference_stays():
    network, batches = case("mlp")
    before = copy.deepcopy(network.state_dict())
    plain = generate(network, batches, source())
    paired = generate(network, [(x, torch.zeros(len(x))) for x in batches], source())
    assert torch.equal(plain.fc2.weight, paired.fc2.weight)
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())


def test_too_few_samples_warn_with_the_numbers():
    network = mlp(widths=(12, 30, 4))
    with pytest.warns(UserWarning, match="30 neurons from 10 samples"):
        generate(network, [torch.randn(10, 12)], source())


class Residual(nn.Module):
    def forward(self, x):
        return x + x


@pytest.mark.parametrize(
    ("reference", "options", "message"),
    [
        (Residual(), {}, "wanted a chain of Linear and Conv2d.*found Residual"),
        (nn.Sequential(nn.Linear(12, 5), nn.BatchNorm1d(5), nn.Linear(5, 2)), {}, "found 1: BatchNorm1d"),
        (nn.Sequential(nn.Conv2d(12, 4, 1, groups=2), nn.Conv2d(4, 2, 1)), {}, "groups=1"),
        (nn.Sequential(nn.ReLU()), {}, "at least one layer with weights"),
        (mlp(), {"sampled": ["relu1"]}, r"before the last \(fc1, fc2\), found 'relu1'"),
        (mlp(), {"sampled": ["fc3"]}, "found 'fc3'"),
        (mlp(), {"width": 2, "aligned": False}, "width: wanted 1 without alignment, .* found 2"),
        (mlp(), {"isotropic": True, "spatial": True}, "one of them at most"),
        (mlp(), {"width": 0.01}, "at least one node in layer fc1, found 0.01 x 30"),
        (mlp(), {"others": [mlp(widths=(12, 30, 25, 4))]}, "layer fc2 of the reference's shape"),
    ],
)
def test_refusals(reference, options, message):
    with pytest.raises(ValueError, match=message):
        generate(reference, [torch.randn(50, 12)], source(), **options)


def test_one_time_batches_are_refused():
    network, batches = case("mlp")
    with pytest.raises(ValueError, match="one-time iterator"):
        generate(network, iter(batches), source())
