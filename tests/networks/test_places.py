"""What enters and leaves places of any module, against the same computation written out."""

import pytest
import readers
import torch
from torch import nn

from netspectra.networks.flow import logits
from netspectra.networks.looking import looking
from netspectra.networks.places import chain, read


def stages(network):
    return [name for name, _ in chain(network)]


class Twice(nn.Module):
    """One layer called twice, and one never."""

    def __init__(self):
        super().__init__()
        self.fc, self.spare = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x, *, scale=1.0):
        return self.fc(self.fc(x).relu() * scale)


def test_nested_sequentials_are_opened_and_repeats_kept():
    relu = nn.ReLU()
    network = nn.Sequential(nn.Linear(3, 3), relu, nn.Sequential(nn.Linear(3, 3), relu), nn.Sequential())
    assert stages(network) == ["0", "1", "2.0", "2.1", "3"]


@pytest.mark.parametrize("spoil", ["hook", "pre_hook", "forward", "subclass"])
def test_a_sequential_that_does_more_than_run_its_stages_is_one_stage(spoil):
    class Doubled(nn.Sequential):
        def forward(self, x):
            return super().forward(2 * x)

    parts = nn.Linear(3, 3), nn.ReLU()
    network = Doubled(*parts) if spoil == "subclass" else nn.Sequential(*parts)
    if spoil == "hook":
        network.register_forward_hook(lambda module, args, out: out + 1)
    if spoil == "pre_hook":
        network.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    if spoil == "forward":
        network.forward = lambda x: parts[0](x)
    assert stages(network) == [""]
    x = torch.randn(2, 3)
    assert torch.equal(read(network, x, ["0"]).outputs, network(x))


@pytest.mark.parametrize("kind", readers.NETWORKS)
def test_stages_one_after_the_other_are_the_network(kind):
    network, batches = readers.network_and_batches(kind)
    network.eval()
    x = expected = batches[0][0]
    for _, stage in chain(network):
        x = stage(x)
    assert torch.equal(logits(x), logits(network(expected)))


def test_places_of_a_residual_network_are_its_own_arithmetic():
    network, batches = readers.network_and_batches("residual")
    block, x = network.eval().blocks[1], batches[0][0]
    with torch.no_grad():
        entering = network.blocks[0](network.stem(x))
        inner = block.bn1(block.conv1(entering)).relu()
        added = block.bn2(block.conv2(inner)) + entering
        found = read(
            network,
            x,
            entering=["blocks.1", "blocks.1.conv2", "blocks.1.relu#2", "blocks"],
            leaving=["blocks.1.bn2", "blocks.1.relu#1", "blocks", "stem"],
        )
    torch.testing.assert_close(found.entering["blocks.1"], entering)
    torch.testing.assert_close(found.entering["blocks.1.conv2"], inner)
    torch.testing.assert_close(found.entering["blocks.1.relu#2"], added)
    torch.testing.assert_close(found.entering["blocks"], network.stem(x))
    torch.testing.assert_close(found.leaving["blocks.1.bn2"], added - entering)  # although it is added to in place
    torch.testing.assert_close(found.leaving["blocks.1.relu#1"], inner)
    torch.testing.assert_close(found.leaving["blocks"], added.relu())
    torch.testing.assert_close(found.leaving["stem"], network.stem(x))
    assert torch.equal(found.outputs, network(x))


def test_in_place_layers_change_neither_what_was_read_nor_the_input():
    network = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 3), nn.ReLU(inplace=True), nn.Linear(3, 2))
    x = torch.randn(6, 3)
    before = x.clone()
    found = read(network, x, entering=["0", "2"], leaving=["1"])
    assert torch.equal(x, before)
    assert torch.equal(found.entering["0"], before)
    torch.testing.assert_close(found.leaving["1"], network[1](before.relu()))
    assert torch.equal(found.leaving["1"], found.entering["2"])
    assert (found.leaving["1"] < 0).any()


def test_a_module_with_two_names_is_read_under_each():
    network, batches = readers.network_and_batches("perceptron")
    x = batches[0][0]
    found = read(network.eval(), x, leaving=["relu1", "relu2"])
    first = network.fc1(x.flatten(1)).relu()
    torch.testing.assert_close(found.leaving["relu1"], first)
    torch.testing.assert_close(found.leaving["relu2"], network.fc2(first).relu())
    whole = nn.Sequential(network)
    whole.register_forward_hook(lambda module, args, out: None)  # one stage now: names are matched with calls in order
    torch.testing.assert_close(read(whole, x, leaving=["0.relu2"]).leaving["0.relu2"], network.fc2(first).relu())


def test_replacing_changes_all_that_follows():
    network, batches = readers.network_and_batches("residual")
    network, x = network.eval(), batches[0][0]
    block = network.blocks[1]
    found = read(network, x, ["blocks.1.conv2"], replace_leaving={"blocks.1.relu#1": lambda t: t * 0})
    expected = block.bn2(torch.zeros_like(network.blocks[0](network.stem(x)))) + network.blocks[0](network.stem(x))
    torch.testing.assert_close(found.outputs, network.fc(expected.relu().mean((2, 3))))
    assert not found.entering["blocks.1.conv2"].any()
    found = read(network, x, replace_entering={"fc": lambda t: torch.ones_like(t)})
    torch.testing.assert_close(found.outputs, network.fc(torch.ones(25, 6)))


def test_the_first_tensor_of_a_tuple_counts_and_the_rest_is_kept():
    network, batches = readers.network_and_batches("recurrent")
    network, x = network.eval(), batches[0][0]
    found = read(network, x, leaving=["lstm"], replace_leaving={"lstm": lambda t: t + 1})
    torch.testing.assert_close(found.leaving["lstm"], network.lstm(x)[0] + 1)
    torch.testing.assert_close(found.outputs, network.fc(network.lstm(x)[0][:, -1] + 1))


def test_arguments_are_read_by_name():
    attention = nn.MultiheadAttention(4, 2, batch_first=True)
    q, k, v = torch.randn(3, 2, 5, 4).unbind()
    found = read(attention, {"query": q, "key": k, "value": v}, ["", "@key", "@value"])
    assert [torch.equal(found.entering[p], t) for p, t in (("", q), ("@key", k), ("@value", v))] == [True] * 3
    lstm = nn.LSTM(4, 3)
    assert set(read(lstm, q, ["@hx"]).entering) == set()
    state = torch.randn(1, 5, 3), torch.randn(1, 5, 3)
    assert torch.equal(read(lstm, (q, state), ["@hx"]).entering["@hx"], state[0])


def test_inputs_may_be_tuples_or_mappings():
    network, x = Twice(), torch.randn(3, 4)
    for given in ((x,), {"x": x, "scale": 3.0}):
        outputs = network(*given) if isinstance(given, tuple) else network(**given)
        assert torch.equal(read(network, given, ["fc#2"]).outputs, outputs)


def test_a_chain_runs_only_as_far_as_needed():
    network = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(4, 2))  # the last stage cannot run
    x = torch.randn(2, 3)
    found = read(network, x, entering=["2"], outputs=False)
    torch.testing.assert_close(found.entering["2"], network[0](x).relu())
    assert found.outputs is None
    with pytest.raises(RuntimeError):
        read(network, x, entering=["2"])


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("fc", "one call among fc#1, fc#2, found 'fc'"),
        ("fc#3", "one call among fc#1, fc#2, found 'fc#3'"),
        ("spare", "the forward pass calls, found 'spare', never called"),
        ("fc1", "one of , fc, spare; found 'fc1'"),
        ("fc#1@weight", "an argument among input, found 'weight' of Linear"),
    ],
)
def test_places_that_cannot_be_read_are_named(place, message):
    with pytest.raises(ValueError, match=message):
        read(Twice(), torch.randn(2, 4), [place])


@pytest.mark.parametrize("side", ["replace_entering", "replace_leaving"])
def test_replacing_at_an_unclear_place_is_refused(side):
    with pytest.raises(ValueError, match="one call among fc#1, fc#2"):
        read(Twice(), torch.randn(2, 4), **{side: {"fc": lambda t: t}})


def test_packed_sequences_are_refused():
    lstm = nn.LSTM(4, 3)
    packed = nn.utils.rnn.pack_padded_sequence(torch.randn(5, 2, 4), [5, 3])
    with pytest.raises(ValueError, match="padded tensors, found a PackedSequence"):
        read(lstm, (packed,), [""])


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_layers_that_a_fused_encoder_skips_are_read_and_nested_tensors_refused():
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval()
    x, padding = torch.randn(3, 5, 8), torch.arange(5) >= torch.tensor([3, 5, 4])[:, None]
    with torch.no_grad():
        found = read(encoder, x, ["layers.1.linear1"])
        layer = encoder.layers[1]
        between = encoder.layers[0](x)
        attended = layer.norm1(between + layer.self_attn(between, between, between)[0])
        torch.testing.assert_close(found.entering["layers.1.linear1"], attended)
        torch.testing.assert_close(found.outputs, encoder(x))
        with pytest.raises(ValueError, match="found a nested tensor; enable_nested_tensor=False helps"):
            read(encoder, {"src": x, "src_key_padding_mask": padding}, ["layers.1"])


def test_no_hook_stays_behind_after_an_error():
    network = nn.Sequential(nn.Linear(3, 3), nn.Linear(4, 2))
    with pytest.raises(RuntimeError):
        read(network, torch.randn(2, 3), ["0", "1"], ["1"])
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


class Restless(nn.Module):
    """Changes its buffers, one by another object, and draws random numbers whatever its mode."""

    def __init__(self):
        super().__init__()
        self.lookup = nn.Embedding(4, 3, max_norm=0.1)
        self.register_buffer("count", torch.zeros(1))
        self.register_buffer("last", torch.zeros(1))

    def forward(self, x):
        self.count += 1
        self.last = torch.rand(1)
        return self.lookup(x)


@pytest.mark.parametrize("fail", [False, True])
def test_looking_restores_everything(fail):
    network = Restless()
    network.lookup.eval()
    network.lookup.weight.requires_grad_(False)
    before, batches = readers.facts(network, []), [torch.arange(4)]
    for _ in range(2):
        try:
            with looking(network), torch.no_grad():
                assert not any(module.training for module in network.modules())
                network(batches[0])
                network.lookup.weight.requires_grad_(True).grad = torch.ones(4, 3)
                if fail:
                    raise KeyError
        except KeyError:
            pass
        assert readers.facts(network, []) == before


def test_outputs_are_found():
    x = torch.ones(2, 3)

    class Holder:
        logits = x

    for outputs in (x, {"loss": 1, "logits": x}, Holder(), (x, None), [[x]]):
        assert logits(outputs) is x
    with pytest.raises(ValueError, match=r"wanted outputs that are a tensor.*found dict"):
        logits({"tokens": x})
