"""Architectures: their places, sizes and initialisation."""

import pytest
import torch
from torch.nn import functional as F

from netspectra.networks.places import read
from netspectra.networks.zoo import build, scaled

CONVNET = {"type": "convnet", "channels": [3, 4, 4, 6, 6, 6], "hidden": [20, 12], "image": 8, "classes": 5}
PLAIN = {"type": "plain_convnet", "channels": [3, 16, 16, 32], "strides": [1, 2, 1], "classes": 5}
RESNET = {"type": "resnet", "depth": 8, "channels": [3, 4, 6, 8], "classes": 5}
LSTM = {"type": "lstm_language_model", "vocabulary": 50, "embedding": 9, "hidden": 8, "layers": 3}


def test_the_convnet_has_the_sixteen_places_of_the_document():
    torch.manual_seed(0)
    network = build(CONVNET)
    names = ["in", "c1", "c2", "bn1", "p1", "c3", "c4", "c5", "bn2", "p2", "fc1", "bn3", "fc2", "bn4", "logits", "out"]
    assert [name for name, _ in network.named_children()] == names
    x = torch.randn(7, 3, 8, 8)
    found = read(network, x, leaving=names)
    shapes = {name: tuple(found.leaving[name].shape[1:]) for name in names}
    assert shapes == {
        "in": (3, 8, 8), "c1": (4, 8, 8), "c2": (4, 8, 8), "bn1": (4, 8, 8), "p1": (4, 4, 4), "c3": (6, 4, 4),
        "c4": (6, 4, 4), "c5": (6, 4, 4), "bn2": (6, 4, 4), "p2": (6, 2, 2), "fc1": (20,), "bn3": (20,), "fc2": (12,),
        "bn4": (12,), "logits": (5,), "out": (5,),
    }  # fmt: skip
    assert torch.equal(found.leaving["in"], x)
    assert all((found.leaving[name] >= 0).all() for name in ("c1", "c2", "c3", "c4", "c5", "fc1", "fc2"))
    assert torch.equal(found.outputs, found.leaving["logits"])
    torch.testing.assert_close(found.leaving["out"], F.softmax(found.outputs, -1))


@pytest.mark.parametrize("architecture", [CONVNET, PLAIN, RESNET])
def test_the_probabilities_have_no_part_in_training(architecture):
    network = build(architecture)
    x, y = torch.randn(6, 3, 8, 8), torch.arange(6) % 5
    F.cross_entropy(network(x), y).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() and p.grad.any() for p in network.parameters())


def test_the_plain_convnet_strides_and_averages():
    network = build(PLAIN | {"factor": 0.125})
    found = read(network, torch.randn(4, 3, 8, 8), leaving=["conv1", "conv2", "conv3", "mean"])
    assert [tuple(t.shape[1:]) for t in found.leaving.values()] == [(2, 8, 8), (2, 4, 4), (4, 4, 4), (4,)]
    torch.testing.assert_close(found.leaving["mean"], found.leaving["conv3"].mean((2, 3)))


@pytest.mark.parametrize(("depth", "blocks", "parameters"), [(20, 9, 269_722), (32, 15, 464_154)])
def test_a_resnet_has_the_size_of_the_publication(depth, blocks, parameters):
    network = build({"type": "resnet", "depth": depth, "channels": [3, 16, 32, 64], "classes": 10})
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert [n for n, _ in network.named_children() if n.startswith("b")] == [f"b{i + 1}" for i in range(blocks)]
    found = read(network, torch.randn(2, 3, 32, 32), leaving=[f"b{i + 1}.res" for i in range(blocks)])
    sides = [t.shape[-1] for t in found.leaving.values()]
    assert sides == sorted(sides, reverse=True) and set(sides) == {32, 16, 8}


def test_a_residual_block_adds_its_shortcut():
    torch.manual_seed(0)
    network = build(RESNET).eval()
    found = read(network, torch.randn(4, 3, 8, 8), ["b2"], ["b2.bncv2", "b2.res", "b2.shortcut"])
    x = found.entering["b2"][..., ::2, ::2]
    shortcut = torch.cat([x, torch.zeros(4, 2, *x.shape[2:])], 1)
    assert torch.equal(found.leaving["b2.shortcut"], shortcut)
    torch.testing.assert_close(found.leaving["b2.res"], (found.leaving["b2.bncv2"] + shortcut).relu())


def test_the_language_model_starts_from_its_own_initialisation():
    torch.manual_seed(0)
    network = build(LSTM | {"vocabulary": 4000, "embedding": 64, "hidden": 48})
    assert abs(network.embedding.weight.std().item() - 1) < 0.01
    for i, inputs in ((1, 64), (2, 48), (3, 48)):
        lstm = network.get_submodule(f"lstm{i}")
        assert abs(lstm.weight_ih_l0.std().item() - 2 / inputs**0.5) < 0.02 * 2
        for gate in lstm.weight_hh_l0.chunk(4):
            torch.testing.assert_close(gate @ gate.T, torch.eye(48), rtol=0, atol=1e-5)
        assert not lstm.bias_ih_l0.any() and not lstm.bias_hh_l0.any()
    first, second = network.lstm1.weight_hh_l0.chunk(4)[:2]
    assert not torch.allclose(first, second)


def test_the_language_model_tells_every_next_token_from_those_before():
    network = build(LSTM).eval()
    tokens = torch.randint(50, (2, 6))
    found = read(network, tokens, leaving=["embedding", "lstm1", "lstm3"])
    assert found.outputs.shape == (2, 6, 50)
    assert [t.shape[-1] for t in found.leaving.values()] == [9, 8, 8]
    changed = tokens.clone()
    changed[:, 3] = (changed[:, 3] + 1) % 50
    assert torch.equal(network(changed)[:, :3], found.outputs[:, :3])
    assert not torch.allclose(network(changed)[:, 3:], found.outputs[:, 3:])


def test_channels_are_scaled_but_those_of_the_image():
    assert scaled([3, 64, 128], 1 / 16) == [3, 4, 8]
    assert scaled([1, 3], 0.01) == [1, 1]
    assert build(CONVNET | {"factor": 0.5}).c1.conv.weight.shape == (2, 3, 3, 3)
    assert build(RESNET | {"factor": 2}).b3.bncv2.conv.weight.shape == (16, 16, 3, 3)


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (RESNET | {"depth": 9}, r"architecture.depth: wanted 6n \+ 2 .* found 9"),
        (RESNET | {"depth": 2}, "architecture.depth"),
        (
            RESNET | {"channels": [3, 8, 4, 8]},
            "architecture.channels: wanted those of the image and of 3 stages that grow",
        ),
        (RESNET | {"channels": [3, 8, 8]}, "architecture.channels"),
        (CONVNET | {"image": 10}, "an image of a multiple of 4 pixels, found .* 10"),
        (CONVNET | {"channels": [3, 4]}, "wanted 6 channels"),
        ({"type": "vit"}, "architecture.type: wanted one of fully_connected, .*found 'vit'"),
    ],
)
def test_what_cannot_be_built_is_refused(architecture, message):
    with pytest.raises(ValueError, match=message):
        build(architecture)


def test_dropout_stands_behind_every_hidden_relu_and_changes_no_initial_weight():
    plain = {"type": "fully_connected", "widths": [6, 5, 4, 3], "bias": True}
    networks = []
    for share in (0.0, 0.3):
        torch.manual_seed(0)
        networks.append(build(plain | {"dropout": share}))
    assert [n for n, _ in networks[0].named_children()] == ["flatten", "fc1", "relu1", "fc2", "relu2", "fc3"]
    assert [n for n, _ in networks[1].named_children() if n.startswith("drop")] == ["drop1", "drop2"]
    assert [m.p for m in networks[1] if isinstance(m, torch.nn.Dropout)] == [0.3, 0.3]
    x = torch.randn(4, 6)
    assert torch.equal(networks[0].eval()(x), networks[1].eval()(x))
