"""Arrays of the explorables: values on small networks, and what the layout says they are made from."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from netspectra.data.images import Dataset, Split
from netspectra.explorables import attack, clipping, pruning
from netspectra.explorables.job import Source
from netspectra.lenses.attacks import fgsm
from netspectra.lenses.nodes import node_alignment
from netspectra.networks.checkpoints import Networks
from netspectra.networks.zoo import build
from netspectra.workflow import layout

SIDE, CLASSES = 4, 3
BLOCK = {
    "architecture": {"type": "fully_connected", "widths": [SIDE * SIDE, 6, 5, CLASSES], "bias": True},
    "variants": {"none": {}, "0": {}},
    "snapshots": [],
}


@pytest.fixture
def source():
    """Two untrained networks in two variants, and noise of three classes."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (60, 1, SIDE, SIDE), generator=generator, dtype=torch.uint8)
    split = Split(images, torch.arange(60) % CLASSES, torch.tensor([[1 / 127.5]]), torch.tensor([-1.0]))
    torch.manual_seed(0)
    state = [build(BLOCK["architecture"]).state_dict() for _ in range(2)]
    tensors = {f"final/{v}/{k}": torch.stack([s[k] for s in state]) for v in BLOCK["variants"] for k in state[0]}
    return lambda table: Source(Networks(BLOCK, tensors), Dataset(split, split, ("a", "b", "c"), ""), table)


def unpacked(text, count):
    return np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), bitorder="little")[:count]


def test_attack_holds_the_answers_of_the_network_to_what_it_draws(source):
    rows = [
        {"variant": v, "layer": layer, "quantity": "attacked_accuracy", "x": x, "value": 90 - 100 * x + r}
        for v in BLOCK["variants"] for r in (0, 1) for layer in ("free", "clamped") for x in (0.0, 0.5)
    ]  # fmt: skip
    given = source(pd.DataFrame(rows))
    found = attack.arrays(given)
    assert [one["name"] for one in found["variants"]] == ["none", "0"]
    assert found["variants"][0]["accuracy"] == [90.5, 40.5]
    assert found["step"] == 127.5
    test, network = given.data.test, given.networks.stack("none").single(0)
    x, y = test.batch(torch.arange(CLASSES))
    assert found["labels"] == y.tolist() == [0, 1, 2]
    signs = torch.stack(
        [torch.tensor(unpacked(one, SIDE * SIDE)).float() * 2 - 1 for one in found["variants"][0]["signs"]]
    )
    again = network(x + 0.5 * signs.view_as(x)).argmax(-1).tolist()
    assert [row[1] for row in found["variants"][0]["answers"]] == again
    hits = sum(row[1] == label for row, label in zip(found["variants"][0]["answers"], found["labels"], strict=True))
    assert hits == int(fgsm(network, [(x, y)], [0.5]).hits[0])
    assert base64.b64decode(found["pixels"][1]) == test.images[1].numpy().tobytes()


def test_pruning_holds_the_alignment_of_every_node_and_mean_accuracies(source):
    columns = ("layer", "rescale", "ranking", "order", "replicate", "x", "accuracy", "network")
    rows = [("all layers", "none", "train", "high", r, x, 80 - 100 * x + r, "net") for r in (0, 1) for x in (0.0, 0.5)]
    rows += [
        ("all layers", "none", "train", "high", 0, 0.0, 0, "other"),
        ("relu1", "none", "train", "low", 0, 0, 0, "net"),
    ]
    given = source(pd.DataFrame(rows, columns=columns))
    found = pruning.arrays(given)
    assert found["accuracy"] == {"high": [80.5, 30.5]}
    wanted = node_alignment(given.networks.stack("none").single(0), given.data.train)
    assert list(map(len, found["layers"].values())) == [6, 5]
    for name, score in wanted.items():
        np.testing.assert_allclose(found["layers"][name], score, rtol=1e-4)


def test_clipping_leaves_of_images_what_the_directions_hold(source):
    quantities = ("weight_eigenvalue", "weight_eigenvalue_initial", "weight_accuracy")
    rows = [("net", 1, q, r, x, x + r) for q in quantities for r in (0, 2) for x in range(1, 7)]
    given = source(pd.DataFrame(rows, columns=("network", "layer", "quantity", "replicate", "x", "value")))
    found = clipping.arrays(given)
    assert found["spectrum"] == [2, 3, 4, 5, 6, 7]
    assert found["ranks"] == [1, 2, 5]
    assert found["names"] == ["a", "b", "c"]
    with Image.open(io.BytesIO(base64.b64decode(found["pictures"][0]))) as image:
        assert image.size == (CLASSES * SIDE, SIDE)
        whole = np.asarray(image)[:, :SIDE]
    pixels = given.data.test.images[0, 0].double()
    level = 255 * (pixels - pixels.min()) / (pixels.max() - pixels.min())
    np.testing.assert_allclose(whole, level, atol=1)
    x = torch.randn(2, SIDE, SIDE)
    weight = torch.linalg.qr(torch.randn(SIDE * SIDE, SIDE * SIDE, dtype=torch.float64)).Q
    kept = clipping.left(x, weight[:3]).flatten(1)
    np.testing.assert_allclose(kept @ weight[:3].T, x.flatten(1).double() @ weight[:3].T, atol=1e-6)
    np.testing.assert_allclose(kept @ weight[3:].T, 0, atol=1e-6)


def test_only_what_is_in_force_is_explored():
    settings = {
        "scale": "smoke",
        "experiments": {"align_pruning": {"networks": ["net"]}, "cca_toy": {}},
        "networks": {"net": {"data": {"set": "mnist"}, "variants": {"mlp": {}}}},
        "data": {"mnist": {"version": "full"}},
    }
    assert layout.explored_of(settings)["parts"] == {"pruning": {"experiment": "align_pruning", "network": "net"}}
    assert layout.explored_from(settings) == {
        "networks": ["data/smoke/networks/net.safetensors"],
        "data": ["data/prepared/full/mnist.safetensors"],
        "tables": ["data/smoke/tables/align_pruning.csv"],
    }
    assert layout.explored_of(settings | {"experiments": {"cca_toy": {}}}) == {"parts": {}, "blocks": {}}
