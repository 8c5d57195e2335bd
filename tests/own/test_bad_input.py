"""What cannot be had is skipped with its reason, or stops with one clear message and the remedy."""

import pytest
import torch
from own_networks import seeded, value, vectors
from torch import nn

import netspectra
from netspectra.errors import DataError, DeviceError, NetspectraError


def perceptron(d=5):
    return seeded(lambda: nn.Sequential(nn.Linear(d, 8), nn.ReLU(), nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3)))


class Breaks(nn.Module):
    """NaN leaves one layer and no other."""

    def __init__(self):
        super().__init__()
        self.good, self.bad, self.fc = nn.Linear(5, 6), nn.Linear(5, 6), nn.Linear(6, 3)

    def forward(self, x):
        self.bad(x * torch.where(x[:, :1] > 2, torch.nan, 1.0))
        return self.fc(self.good(x).relu())


def test_nan_names_the_layer_and_stops_no_other():
    view = netspectra.lens(seeded(Breaks), vectors(60), null=3)
    skipped = view.skipped[view.skipped.layer == "bad"].set_index("lens").why
    assert {"spectra", "alignment", "similarity"} <= set(skipped.index)
    assert "NaN or infinity in" in skipped["spectra"]
    assert "in the batch that begins at input" in skipped["spectra"]
    shown = view.table[view.table.quantity == "activation_dimension"]
    assert shown.layer.tolist() == ["good", "fc"]
    assert len(view.table[(view.table.lens == "similarity") & (view.table.layer == "good")])


def test_one_batch_is_enough():
    network, whole = perceptron(), vectors(60, batch=60)
    several = netspectra.lens(network, vectors(60), lenses=["alignment", "spectra"])
    found = netspectra.lens(network, whole, lenses=["alignment", "spectra"])
    for quantity in ("activation_dimension", "mean_alignment"):
        lens = "spectra" if quantity.startswith("act") else "alignment"
        assert value(found, lens, quantity, "2") == pytest.approx(value(several, lens, quantity, "2"), rel=1e-6)


def test_fewer_samples_than_units_says_what_is_biased_and_by_how_much():
    network = seeded(lambda: nn.Sequential(nn.Linear(5, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 3)))
    view = netspectra.lens(network, vectors(30), null=3)
    (note,) = [note for note in view.notes if note.startswith("2: ")]
    assert "30 inputs for 40 units: the spectrum has at most 29 directions" in note
    rows = view.table[(view.table.layer == "0") & (view.table.quantity == "cca_floor")]
    assert rows.value.iloc[0] == 1.0


def test_a_loader_that_can_be_read_once_is_held_or_refused():
    network = perceptron()
    wanted = netspectra.lens(network, vectors(60), null=3)
    assert netspectra.lens(network, iter(vectors(60)), null=3).table.equals(wanted.table)
    with pytest.raises(DataError, match=r"read only once.*\nRemedy: pass a list of batches or a DataLoader"):
        netspectra.lens(network, iter(vectors(60)), memory=2000)

    class Once:
        def __init__(self):
            self.left = vectors(60)

        def __iter__(self):
            while self.left:
                yield self.left.pop(0)

    with pytest.raises(DataError, match=r"(batches at first and none now|at least one batch)"):
        netspectra.lens(network, Once(), null=3)


@pytest.mark.parametrize(
    ("loader", "message"),
    [
        ([], r"at least one batch, found none\nRemedy: check"),
        (torch.ones(4, 5), r"iterable of batches, found one Tensor\nRemedy: put it in a list"),
        ([3], r"a tensor, a pair or a mapping, found a int\nRemedy: say where"),
        ([torch.ones(4, 7)], r"does not take the first batch.*\nRemedy: say how it is called: netspectra\.wrap"),
    ],
)
def test_data_that_are_none(loader, message):
    with pytest.raises(NetspectraError, match=message):
        netspectra.lens(perceptron(), loader)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layers": "conv*"}, r"layers: wanted a pattern that matches one of 0, 2, 4; found 'conv\*'"),
        ({"lenses": "spectrum"}, "lenses: wanted some of alignment, spectra"),
        ({"memory": "much"}, "memory: wanted a size such as '4GB'"),
        ({"tokens": "first"}, "tokens: wanted one of all, last, mean"),
    ],
)
def test_arguments_that_are_none(arguments, message):
    with pytest.raises(ValueError, match=message):
        netspectra.lens(perceptron(), vectors(), **arguments)
    with pytest.raises(ValueError, match=r"model: wanted a torch\.nn\.Module, found str"):
        netspectra.lens("resnet18", vectors())


@pytest.mark.parametrize("device", ["cuda:9", "gpu"])
def test_a_device_that_is_not_there(device):
    with pytest.raises(DeviceError, match=f"device: {device} asked for: .*\nRemedy: leave device='auto'"):
        netspectra.lens(perceptron(), vectors(), device=device)


def test_too_little_memory_skips_with_what_would_be_needed():
    network = seeded(lambda: nn.Sequential(nn.Linear(5, 400), nn.ReLU(), nn.Linear(400, 3)))
    view = netspectra.lens(network, vectors(), memory="1MB", lenses=["spectra", "alignment", "similarity"])
    reasons = view.skipped[view.skipped.layer == "2"].set_index("lens").why
    assert "GB are left for sums; pass a larger memory=" in reasons["alignment"]
    assert len(view.table[(view.table.layer == "0") & (view.table.lens == "alignment")])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_precisions(dtype):
    view = netspectra.lens(perceptron().to(dtype), vectors(), null=3)
    single = netspectra.lens(perceptron(), vectors(), null=3)
    found, wanted = (value(v, "spectra", "activation_dimension", "0") for v in (view, single))
    assert found == pytest.approx(wanted, rel=0.05 if dtype == torch.bfloat16 else 1e-5)
    assert any("bfloat16" in note for note in view.notes) == (dtype == torch.bfloat16)


def test_frozen_weights_are_looked_at_and_stay_frozen():
    network = perceptron().requires_grad_(False)
    view = netspectra.lens(network, vectors(), null=3)
    assert not any(p.requires_grad for p in network.parameters())
    assert view.table.equals(netspectra.lens(perceptron(), vectors(), null=3).table)


def test_quantised_weights_are_skipped_with_the_reason():
    class Quantised(nn.Linear):
        def __init__(self, linear):
            super().__init__(linear.in_features, linear.out_features)
            weight = self._parameters.pop("weight")
            self.scale = 0.01
            self.register_buffer("weight", (weight.detach() / self.scale).round().to(torch.int8))

        def forward(self, x):
            return nn.functional.linear(x, self.weight.float() * self.scale, self.bias)

    network = perceptron()
    network[2] = seeded(lambda: Quantised(network[2]))
    view = netspectra.lens(network, vectors(), null=3)
    (why,) = view.skipped[view.skipped.layer == "2"].why
    assert why == "its weights are torch.int8, quantised; dequantise the network first"
    assert netspectra.wrap(network).layers().set_index("layer").why["2"] == why
    assert view.facts["layers"] == ["0", "4"]
    assert len(view.table[(view.table.layer == "4") & (view.table.quantity == "activation_dimension")])


def test_a_mode_that_changes_outputs_is_said():
    network = nn.Sequential(perceptron(), nn.Dropout(0.5)).train()
    (note,) = netspectra.lens(network, vectors(), lenses="spectra").notes
    assert "training mode, where its outputs differ by" in note
    assert not netspectra.lens(network.eval(), vectors(), lenses="spectra").notes


def test_check_refuses_outputs_that_are_random_or_no_numbers():
    class Noisy(nn.Linear):
        def forward(self, x):
            return super().forward(x) + torch.randn(len(x), 3)

    class Infinite(nn.Linear):
        def forward(self, x):
            return super().forward(x) / 0

    with pytest.raises(NetspectraError, match=r"runs twice: wanted.*\nRemedy: the network draws random numbers"):
        netspectra.wrap(seeded(lambda: Noisy(5, 3))).check(vectors())
    with pytest.raises(NetspectraError, match=r"outputs: NaN or infinity.*\nRemedy: look for the first layer"):
        netspectra.wrap(seeded(lambda: Infinite(5, 3))).check(vectors())


def test_what_is_compared_must_be_of_the_same_inputs():
    net = netspectra.wrap(perceptron())
    acts = net.record(vectors(40))
    with pytest.raises(ValueError, match="rows of the same inputs for all layers"):
        netspectra.compare(acts, net.record(vectors(41)))
    with pytest.raises(ValueError, match="by: wanted some of cca, svcca"):
        netspectra.compare(acts, acts, by=["ccca"])
    with pytest.raises(ValueError, match="wanted activations that vary, found all 4 neurons constant"):
        netspectra.compare(torch.ones(40, 4), torch.ones(40, 4))


def test_figures_that_are_not_there_say_why():
    view = netspectra.lens(perceptron(), [x for x, _ in vectors()], null=3)
    with pytest.raises(ValueError, match=r"found 'attack'\. all: the data have no labels"):
        view.figure("attack")
