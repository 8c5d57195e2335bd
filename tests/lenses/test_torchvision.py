"""Every lens on torchvision's ResNet-18 and a small VisionTransformer, here alone: their import takes seconds."""

import copy
import warnings

import pytest
import torch
from torch.nn import functional as F

from netspectra.lenses.alignment import layer_alignment
from netspectra.lenses.attacks import fgsm
from netspectra.lenses.clipping import clipping_curve
from netspectra.lenses.gradients import blocks, sample_gradients
from netspectra.lenses.pruning import progressive_dropout
from netspectra.lenses.rainbow import generate
from netspectra.measures.alignment import alignment, patches
from netspectra.networks.layers import out_of_reach, weight_layers
from netspectra.networks.places import read

ENCODER = "encoder.layers.encoder_layer"
KINDS = ["resnet", "transformer"]
LAYERS = {
    "resnet": ["conv1", "layer2.0.downsample.0", "layer4.1.conv2", "fc"],
    "transformer": [
        "conv_proj",
        "encoder.layers.encoder_layer_1.self_attention.k",
        "encoder.layers.encoder_layer_0.mlp.0",
    ],
}


def build(kind):
    from torchvision.models import VisionTransformer, resnet18

    if kind == "resnet":
        return resnet18(num_classes=4)
    return VisionTransformer(32, 16, num_layers=2, num_heads=2, hidden_dim=12, mlp_dim=20, dropout=0.3, num_classes=4)


@pytest.fixture(scope="module", params=KINDS)
def made(request):
    """Kind, network in training mode, a copy in evaluation mode, and batches labelled so that half are right."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's own on import
        network = build(request.param)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    x = torch.randn(12, 3, 64, 64) if request.param == "resnet" else torch.randn(12, 3, 32, 32)
    own = copy.deepcopy(network).eval()
    if request.param == "transformer":
        torch.nn.init.normal_(network.heads.head.weight)
        own.load_state_dict(network.state_dict())
    with torch.no_grad():
        y = own(x).argmax(1)
    y[::2] = (y[::2] + 1) % 4
    return request.param, network, own, [(x[:8], y[:8]), (x[8:], y[8:])]


@pytest.fixture
def given(made):
    _, network, _, batches = made
    before = checksum(network, batches)
    yield made
    assert checksum(network, batches) == before


def checksum(network, batches):
    """`readers.facts` of large tensors by their bytes."""
    state = {name: t.numpy().tobytes() for name, t in network.state_dict().items()}
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in network.modules()]
    modes = [m.training for m in network.modules()]
    gradients = [p.grad is None and p.requires_grad for p in network.parameters()]
    return state, hooks, modes, gradients, [x.sum().item() for x, _ in batches], torch.get_rng_state().tolist()


def right(own, batches):
    with torch.no_grad():
        return sum(int((own(x).argmax(1) == y).sum()) for x, y in batches)


def test_nothing_changed_is_the_network_itself(given):
    kind, network, own, batches = given
    assert right(own, batches) == 6
    assert fgsm(network, batches, [0.0]).hits.tolist() == [6]
    place = "layer1.0.bn1" if kind == "resnet" else "encoder.layers.encoder_layer_0.mlp.1"
    width = 64 if kind == "resnet" else 20
    assert float(progressive_dropout(network, batches, {place: torch.arange(width)}, [0.0]).accuracy) == 0.5
    for name in LAYERS[kind]:
        d = 512 if name.startswith("layer4") else weight_layers(network)[name].weight().shape[1]  # channels, or all
        assert clipping_curve(network, name, torch.eye(d), batches, ranks=[d]).hits.tolist() == [6], name


def test_clipping_and_dropout_equal_changed_copies(given):
    kind, network, own, batches = given
    for name in LAYERS[kind][:2]:
        layer, changed = weight_layers(network)[name], copy.deepcopy(own)
        kept = torch.zeros_like(layer.weight())
        kept[:, :3] = layer.weight()[:, :3]
        changed.get_parameter(layer.parameter_name).data = layer.parameter_with(kept)
        directions = torch.eye(kept.shape[1])
        assert clipping_curve(network, name, directions, batches, ranks=[3]).hits.tolist() == [right(changed, batches)]
    changed = copy.deepcopy(own)
    if kind == "resnet":
        place, score = "layer1.0.bn1", torch.arange(64).roll(7)
        gone = score.argsort(descending=True)[:32]
        changed.layer1[0].bn1.weight.data[gone] = changed.layer1[0].bn1.bias.data[gone] = 0
    else:
        place, score = "encoder.layers.encoder_layer_0.mlp.1", torch.arange(20).roll(7)
        changed.encoder.layers[0].mlp[3].weight.data[:, score.argsort(descending=True)[:10]] = 0
    found = progressive_dropout(network, batches, {place: score}, [0.5])
    assert float(found.accuracy) == right(changed, batches) / 12
    with torch.no_grad():
        loss = sum(F.cross_entropy(changed(x), y, reduction="sum") for x, y in batches) / 12
    assert float(found.loss) == pytest.approx(float(loss), rel=1e-5)


def test_a_block_that_calls_its_relu_twice_is_named_by_call(given):
    kind, network, _, batches = given
    if kind == "resnet":
        with pytest.raises(ValueError, match=r"one call among layer1\.0\.relu#1, layer1\.0\.relu#2"):
            progressive_dropout(network, batches, {"layer1.0.relu": torch.arange(64).roll(7)}, [0.0])
        found = progressive_dropout(network, batches, {"layer1.0.relu#2": torch.arange(64).roll(7)}, [0.0])
        assert float(found.accuracy) == 0.5


def test_attacks_equal_one_attack_per_epsilon(given):
    _, network, own, batches = given
    found = fgsm(network, batches, [0.02, 0.5], bounds=(torch.full((3, 1, 1), -2.0), 2.0))
    for epsilon, hits in zip((0.02, 0.5), found.hits.tolist(), strict=True):
        moved = []
        for x, y in batches:
            x = x.clone().requires_grad_()
            F.cross_entropy(own(x), y, reduction="sum").backward()
            moved.append(((x + epsilon * x.grad.sign()).detach().clamp(-2, 2), y))
        assert hits == right(own, moved)


def test_alignment_of_all_layers_that_can_be_read(given):
    kind, network, own, batches = given
    found = layer_alignment(network, batches)
    reasons = out_of_reach(network)
    assert set(found) == set(weight_layers(network)) - set(reasons)
    if kind == "resnet":
        assert not reasons
        x = read(own, batches[0][0], ["layer1.0.conv2"]).entering["layer1.0.conv2"]
        expected = alignment(patches(x, own.layer1[0].conv2), own.layer1[0].conv2.weight.flatten(1))
        one = layer_alignment(network, batches[:1], ["layer1.0.conv2"])
        torch.testing.assert_close(one["layer1.0.conv2"], expected, rtol=1e-6, atol=0)
    else:
        out = "encoder.layers.encoder_layer_0.self_attention.out_proj"
        assert "inside one fused call" in reasons[out]
        assert reasons["encoder"] == "how Encoder uses its pos_embedding is not known"
        name = "encoder.layers.encoder_layer_0.self_attention.v"
        with torch.no_grad():
            x = own._process_input(batches[0][0])
            x = torch.cat([own.class_token.expand(8, -1, -1), x], 1) + own.encoder.pos_embedding
            rows = own.encoder.layers[0].ln_1(x).flatten(0, 1)
        expected = alignment(rows, own.encoder.layers[0].self_attention.in_proj_weight.detach()[24:])
        torch.testing.assert_close(layer_alignment(network, batches[:1], [name])[name], expected, rtol=1e-6, atol=1e-9)


def test_gradients_of_samples_equal_backward(given):
    _, network, own, ((x, y), _) = given
    found = sample_gradients(network, x[:1], y[:1], loss="cross_entropy")
    own.zero_grad()
    F.cross_entropy(own(x[:1]), y[:1]).backward()
    expected = torch.cat([own.get_parameter(name).grad.flatten() for name in blocks(network)]).double()
    torch.testing.assert_close(found[0], expected, rtol=1e-3, atol=1e-5)


def test_generation_names_what_stands_in_the_way(given):
    kind, network, _, batches = given
    with pytest.raises(
        ValueError, match="wanted a chain.*found " + {"resnet": "ResNet"}.get(kind, "VisionTransformer")
    ):
        generate(network, batches, torch.Generator())
