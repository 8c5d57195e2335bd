"""Torchvision's ResNet-18 and a VisionTransformer with four blocks under every lens; their import takes seconds."""

import copy
import warnings

import pytest
import torch

import netspectra
from netspectra.networks.layers import weight_layers


def build(kind):
    from torchvision.models import VisionTransformer, resnet18

    if kind == "resnet":
        return resnet18(num_classes=4)
    found = VisionTransformer(16, 8, num_layers=4, num_heads=2, hidden_dim=12, mlp_dim=20, dropout=0.3, num_classes=4)
    torch.nn.init.normal_(found.heads.head.weight)  # zero as torchvision begins
    return found


@pytest.mark.parametrize("kind", ["resnet", "transformer"])
def test_every_lens_that_applies(kind):
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's own on import
        network = build(kind)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(24, 3, *((32, 32) if kind == "resnet" else (16, 16)), generator=generator)
    batches = [(x[:16], torch.arange(16) % 4), (x[16:], torch.arange(8) % 4)]
    own = copy.deepcopy(network).eval()
    before = {name: t.clone() for name, t in network.state_dict().items()}
    lenses = [
        "spectra",
        "similarity",
        "pruning",
        "attack",
        "active_subspace",
        *(["clipping", "alignment"] * (kind != "resnet")),
    ]
    view = netspectra.lens(network, batches, lenses=lenses, against=own, null=2)
    assert set(view.table.lens) == {*lenses, "against"}
    assert all(torch.equal(t, before[name]) for name, t in network.state_dict().items())
    assert network.training
    with torch.no_grad():
        assert torch.equal(network.eval()(x), own(x))
    weighted = set(view.table[view.table.quantity == "weight_dimension"].layer)
    assert weighted == set(weight_layers(network))
    if kind == "transformer":
        reasons = view.skipped[view.skipped.layer == "encoder.layers.encoder_layer_3.self_attention.out_proj"]
        assert "fused call" in reasons.set_index("lens").why["alignment"]
    assert "training mode" in view.notes[0]
    same = view.table[(view.table.lens == "against") & (view.table.quantity == "cka")].value
    assert same.tolist() == pytest.approx([1.0] * len(same))
