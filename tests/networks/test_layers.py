"""Weights as matrices and their inputs as rows: rows times weights must be what PyTorch computes."""

import pytest
import readers
import torch
from torch import nn
from torch.nn import functional as F

from netspectra.measures.unfolding import grouped_patches
from netspectra.networks.layers import out_of_reach, weight_layer, weight_layers
from netspectra.networks.layouts import dimension, unflattened
from netspectra.networks.places import read


def reading(network, x, *layers):
    places = [{place for layer in layers for place in getattr(layer, side)} for side in ("entering", "leaving")]
    return read(network, x, *places)


def products(network, x, name, samples=None):
    """Rows, the groups they belong to, and rows times weights."""
    layer = weight_layer(network, name)
    rows = layer.inputs(reading(network, x, layer), samples)
    weight = layer.weight().unflatten(0, (layer.groups, -1))
    values = rows.values if layer.groups > 1 else rows.values[None]
    return rows, (values @ weight.mT).movedim(0, 1).flatten(1)


def test_linear_layers_of_vectors_and_tokens():
    network, x = nn.Linear(4, 3), torch.randn(5, 6, 4)
    rows, found = products(network, x, "")
    torch.testing.assert_close(found, (network(x) - network.bias).flatten(0, 1))
    assert rows.groups.tolist() == [i for i in range(5) for _ in range(6)]
    assert products(network, x, "", samples=6)[0].groups.tolist() == [i for i in range(6) for _ in range(5)]
    assert products(network, x.flatten(0, 1), "", samples=5)[0].groups.tolist() == rows.groups.tolist()
    with pytest.raises(ValueError, match=r"samples: wanted 4 inputs.*found shape \(5, 6, 4\)"):
        products(network, x, "", samples=4)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    ("kind", "size", "options"),
    [
        (nn.Conv1d, (9,), {"kernel_size": 3, "stride": 2, "padding": 1}),
        (nn.Conv2d, (9, 8), {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)}),
        (nn.Conv2d, (9, 8), {"kernel_size": 3, "padding": 2, "dilation": (1, 2)}),
        (nn.Conv2d, (7, 8), {"kernel_size": (4, 3), "padding": "same", "dilation": (1, 2)}),
        (nn.Conv2d, (7, 8), {"kernel_size": 3, "padding": "valid"}),
        (nn.Conv3d, (5, 6, 4), {"kernel_size": (3, 1, 2), "stride": (1, 2, 1), "padding": (1, 0, 1)}),
        (nn.Conv1d, (9,), {"kernel_size": 4, "padding": "same"}),
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_convolutions_are_products_of_patches(kind, size, options, groups, mode):
    conv = kind(4, 6, groups=groups, padding_mode=mode, **options)
    x = torch.randn(3, 4, *size)
    rows, found = products(conv, x, "")
    expected = (conv(x) - conv.bias.view(-1, *[1] * len(size))).movedim(1, -1).flatten(0, -2)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    positions = len(expected) // 3
    assert rows.groups.tolist() == [i for i in range(3) for _ in range(positions)]
    assert torch.equal(grouped_patches(x, conv), rows.values.reshape(groups, len(expected), -1))


def test_one_map_alone_is_one_sample():
    conv = nn.Conv1d(2, 3, 3)
    rows, found = products(conv, (x := torch.randn(2, 7)), "")
    torch.testing.assert_close(found, (conv(x) - conv.bias[:, None]).T)
    assert rows.groups.tolist() == [0] * 5


def test_embeddings_are_products_of_indicators():
    embedding, x = nn.Embedding(6, 4), torch.tensor([[0, 5, 2], [2, 2, 1]])
    rows, found = products(embedding, x, "")
    torch.testing.assert_close(found, embedding(x).flatten(0, 1))
    assert weight_layer(embedding, "").weight().shape == (4, 6)
    assert rows.groups.tolist() == [0, 0, 0, 1, 1, 1]


def gates(network, x, end, names):
    """Rows times weights, of inputs and of states, gate by gate; in the order of steps."""
    return [
        torch.cat([products(network, x, f"{part}_{end}{'.' if g else ''}{g}")[1] for g in names], 1)
        for part in ("ih", "hh")
    ]


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("given_state", [True, False])
@pytest.mark.parametrize("direction", ["", "_reverse"])
@pytest.mark.parametrize(("kind", "names"), [(nn.LSTM, "ifgo"), (nn.GRU, "rzn"), (nn.RNN, [""])])
def test_recurrent_layers_are_products_by_gate(kind, names, direction, given_state, batch_first):
    """One step of the recurrence from these products gives the state that PyTorch gives."""
    network = kind(4, 3, bidirectional=True, batch_first=batch_first)
    x = torch.randn((2, 5, 4) if batch_first else (5, 2, 4))
    state = torch.randn(2, 2, 3), torch.zeros(2, 2, 3)
    given = (x, state if kind is nn.LSTM else state[0]) if given_state else (x,)
    inputs, states = gates(network, given, f"l0{direction}", names)
    biases = [getattr(network, f"bias_{part}_l0{direction}") for part in ("ih", "hh")]
    inputs, states = (p.unflatten(0, (2, 5)) + b for p, b in zip((inputs, states), biases, strict=True))
    outputs = network(*given)[0]
    outputs = outputs if batch_first else outputs.movedim(1, 0)
    backward = bool(direction)
    outputs = outputs.chunk(2, -1)[backward]
    start = state[0][int(backward)] if given_state else torch.zeros(2, 3)
    before = torch.cat([outputs[:, 1:], start[:, None]] if backward else [start[:, None], outputs[:, :-1]], 1)
    if kind is nn.RNN:
        expected = (inputs + states).tanh()
    elif kind is nn.GRU:
        (r, z, n), (hr, hz, hn) = inputs.chunk(3, -1), states.chunk(3, -1)
        r, z = (r + hr).sigmoid(), (z + hz).sigmoid()
        expected = (1 - z) * (n + r * hn).tanh() + z * before
    else:
        i, f, g, o = (inputs + states).chunk(4, -1)
        cell, cells = torch.zeros(2, 3), []
        for t in reversed(range(5)) if backward else range(5):
            cell = f[:, t].sigmoid() * cell + i[:, t].sigmoid() * g[:, t].tanh()
            cells.append(cell)
        expected = o.sigmoid() * torch.stack(cells[::-1] if backward else cells, 1).tanh()
    torch.testing.assert_close(outputs, expected)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
def test_inner_recurrent_layers_are_named_and_the_last_is_read():
    network = nn.LSTM(4, 3, 2, batch_first=True, proj_size=2)
    reasons = out_of_reach(network)
    inner = {f"{part}.{g}" for part in ("hh_l0", "ih_l1") for g in "ifgo"} | {"hr_l0", "hr_l1"}
    assert set(reasons) == inner
    assert reasons["ih_l1.f"] == "what enters layer 1 is used inside one fused call, where no hook sees it"
    rows, _ = products(network, (x := torch.randn(2, 5, 4)), "hh_l1.o")
    assert torch.equal(rows.values.unflatten(0, (2, 5))[:, 1:], network(x)[0][:, :-1])
    with pytest.raises(ValueError, match=r"found hh_l0\.i: its state is used inside one fused call"):
        products(network, x, "hh_l0.i")


class Unrolled(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.cell = kind(4, 3)

    def forward(self, x):
        state = None
        for step in x.unbind(1):
            state = self.cell(step, state)
        return state


def test_cells_are_read_step_by_step():
    network, x = Unrolled(nn.GRUCell), torch.randn(2, 5, 4)
    state = network(x[:, :2])
    found = products(network, x, "cell#3.hh.z")[1]
    torch.testing.assert_close(found, state @ network.cell.weight_hh[3:6].T)
    torch.testing.assert_close(products(network, x, "cell#4.ih.n")[1], x[:, 3] @ network.cell.weight_ih[6:].T)
    assert not products(network, x, "cell#1.hh.z")[1].any()
    with pytest.raises(ValueError, match="one call among cell#1, cell#2, cell#3, cell#4, cell#5, found 'cell'"):
        products(network, x, "cell.ih.z")


@pytest.mark.parametrize("sizes", [{}, {"kdim": 5, "vdim": 3}])
@pytest.mark.parametrize("batch_first", [True, False])
def test_attention_is_products_of_query_key_and_value(sizes, batch_first):
    """Heads computed from these products give PyTorch's attention."""
    network = nn.MultiheadAttention(8, 2, batch_first=batch_first, **sizes)
    q, k, v = torch.randn(2, 5, 8), torch.randn(2, 6, sizes.get("kdim", 8)), torch.randn(2, 6, sizes.get("vdim", 8))
    given = (q, k, v) if batch_first else tuple(t.movedim(1, 0) for t in (q, k, v))
    biases = network.in_proj_bias.chunk(3)
    heads = [
        (products(network, given, part)[1] + bias).unflatten(0, (2, -1)).unflatten(-1, (2, 4)).movedim(2, 1)
        for part, bias in zip("qkv", biases, strict=True)
    ]
    mixed = F.scaled_dot_product_attention(*heads).movedim(1, 2).flatten(2)
    expected = network(*given)[0]
    torch.testing.assert_close(network.out_proj(mixed), expected if batch_first else expected.movedim(1, 0))
    assert list(weight_layers(network)) == ["q", "k", "v", "out_proj"]
    assert "inside one fused call" in out_of_reach(network)["out_proj"]


@pytest.mark.parametrize("kind", readers.NETWORKS)
def test_every_layer_of_every_network_is_read_or_named(kind):
    network, batches = readers.network_and_batches(kind)
    network, x = network.eval(), batches[0][0]
    for name, layer in weight_layers(network).items():
        if layer.hidden:
            assert name in out_of_reach(network)
            continue
        rows = layer.inputs(reading(network, x, layer))
        assert rows.values.shape[-1] == layer.weight().shape[1]
        assert rows.values.shape[-2] == len(rows.groups)
        assert rows.groups.unique().tolist() == list(range(len(x)))


def test_a_module_with_two_names_is_listed_under_both_with_its_own_inputs():
    shared = nn.Linear(4, 4)
    network, x = nn.Sequential(shared, nn.Tanh(), shared), torch.randn(3, 4)
    assert list(weight_layers(network)) == ["0", "2"]
    torch.testing.assert_close(products(network, x, "0")[0].values, x)
    torch.testing.assert_close(products(network, x, "2")[0].values, shared(x).tanh())


class Scaled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.ones(3, 3))


def test_what_is_not_known_is_named_with_the_reason():
    network = nn.ModuleDict(
        {
            "up": nn.ConvTranspose2d(3, 2, 2),
            "scaled": Scaled(3, 3),
            "own": Own(),
            "pairs": nn.Bilinear(2, 3, 4),
            "lazy": nn.LazyLinear(3),
            "norm": nn.LayerNorm((2, 3)),
            "batch": nn.BatchNorm2d(3),
        }
    )
    assert not weight_layers(network)
    reasons = out_of_reach(network)
    assert set(reasons) == {"up", "scaled", "own", "pairs", "lazy"}
    assert reasons["up"] == "how ConvTranspose2d uses its weight is not known"
    assert reasons["own"] == "how Own uses its table is not known"
    assert reasons["lazy"] == "its weights are not there before the network has run once"
    with pytest.raises(ValueError, match="found 'up': how ConvTranspose2d uses its weight is not known"):
        weight_layer(network, "up")
    with pytest.raises(ValueError, match=r"one with weights \(there is none\), found 'norm'"):
        weight_layer(network, "norm")


@pytest.mark.parametrize("kind", readers.NETWORKS)
def test_weights_put_back_are_the_parameter(kind):
    network, _ = readers.network_and_batches(kind)
    for layer in weight_layers(network).values():
        parameter = network.get_parameter(layer.parameter_name).detach()
        assert torch.equal(layer.parameter_with(layer.weight()), parameter)
        doubled = layer.parameter_with(2 * layer.weight())
        assert float((doubled - parameter).abs().sum()) == pytest.approx(float(layer.weight().abs().sum()), rel=1e-4)


def test_maps_that_are_flattened_are_found():
    network, _ = readers.network_and_batches("convolutions")
    assert unflattened(network, "3") == "1"  # the Dropout between does nothing in evaluation mode
    assert unflattened(network, "0.3") == "0.3"
    perceptron, _ = readers.network_and_batches("perceptron")
    assert unflattened(perceptron, "fc1") == "flatten"
    assert unflattened(perceptron, "fc2") == "fc2"


@pytest.mark.parametrize(
    ("kind", "place", "shape", "width", "wanted"),
    [
        ("convolutions", "0.0", (2, 8, 8, 8), 8, 1),
        ("convolutions", "0.2", (2, 8, 8, 8), 8, 1),  # after a convolution, a normalisation and a ReLU of the chain
        ("residual", "stem", (2, 6, 6, 6), 6, 1),
        ("residual", "blocks.0.relu", (2, 6, 4, 4), 6, 1),  # only one dimension fits
        ("attention", "mlp.0", (2, 12, 12), 12, 2),
        ("attention", "mlp.1", (2, 3, 12), 12, 2),
        ("attention", "attention", (2, 8, 8), 8, 2),
        ("recurrent", "lstm", (2, 6, 6), 6, 2),
        ("perceptron", "relu1", (2, 9), 9, 1),
    ],
)
def test_the_dimension_of_the_nodes(kind, place, shape, width, wanted):
    network, _ = readers.network_and_batches(kind)
    assert dimension(network, place, shape, width) == wanted


@pytest.mark.parametrize(
    ("kind", "place", "shape", "width", "message"),
    [
        ("residual", "blocks.0.relu", (2, 6, 4, 6), 6, "where its 6 nodes stand, found .2, 6, 4, 6. leaving"),
        ("residual", "blocks.0.relu", (2, 6, 4, 4), 5, r"width 6 \(channels\) or 4 \(tokens\), found 5"),
        ("convolutions", "0.2", (2, 8, 4, 4), 4, r"masks\[0.2\]: wanted width 8, found 4"),
        ("attention", "mlp.0", (2, 3, 12), 3, "wanted width 12, found 3"),
    ],
)
def test_unclear_dimensions_are_refused(kind, place, shape, width, message):
    network, _ = readers.network_and_batches(kind)
    with pytest.raises(ValueError, match=message):
        dimension(network, place, shape, width)
