"""Nothing that the instrument does changes a network, its outputs, its data or the random numbers around it."""

import copy

import pytest
import torch
from own_networks import Grouped, Reused, seeded, vectors
from readers import NETWORKS, facts, network_and_batches

import netspectra
from netspectra.networks.flow import first_tensor

OTHERS = {
    "grouped": (Grouped, lambda g: torch.randn(30, 4, 7, 7, generator=g)),
    "reused": (Reused, lambda g: torch.randn(30, 5, generator=g)),
}


def made(kind):
    if kind in NETWORKS:
        return network_and_batches(kind)
    build, inputs = OTHERS[kind]
    generator = torch.Generator().manual_seed(0)
    x, y = inputs(generator), torch.randint(3, (30,), generator=generator)
    return seeded(build).train(), [(x[:20], y[:20]), (x[20:], y[20:])]


@pytest.mark.parametrize("kind", [*NETWORKS, *OTHERS])
def test_every_lens_leaves_a_network_as_it_was(kind):
    network, batches = made(kind)
    own = copy.deepcopy(network).eval()
    before = facts(network, batches)
    view = netspectra.lens(network, batches, against=copy.deepcopy(network), null=3)
    net = netspectra.wrap(network)
    assert set(net.check(batches).check) > {"runs twice", "is looked at"}
    net.record(batches)
    assert facts(network, batches) == before
    assert {"spectra", "alignment", "similarity", "against", "clipping"} <= set(view.table.lens)
    assert set(view.skipped.why).isdisjoint({""})
    network.eval()
    for x, _ in batches:
        with torch.no_grad():
            assert torch.equal(first_tensor(network(x)), first_tensor(own(x)))
    same = view.table[(view.table.lens == "against") & (view.table.quantity == "cka")].value
    assert same.tolist() == pytest.approx([1.0] * len(same))


def test_a_loader_of_torch_draws_no_random_numbers_of_the_caller():
    x, y = (torch.cat(parts) for parts in zip(*vectors(40), strict=True))
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=16, shuffle=True)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    view = netspectra.lens(seeded(Reused), loader, null=3)
    assert torch.equal(torch.get_rng_state(), before)
    assert view.table.value.notna().any()


def test_layers_that_are_reused_or_never_called():
    view = netspectra.lens(seeded(Reused), vectors(40), null=3)
    assert view.facts["layers"] == ["first", "again#1", "again#2", "fc"]
    reasons = view.skipped[view.skipped.layer == "never"]
    assert reasons.why.tolist() == ["never called on these data"]
    network = seeded(Reused)
    x = torch.cat([x for x, _ in vectors(40)])
    with torch.no_grad():
        second = network.again(network.again(network.first(x).relu()).relu())
    recorded = netspectra.wrap(network).record(vectors(40))
    torch.testing.assert_close(torch.from_numpy(recorded["again#2"].values), second)
    assert "never" in recorded.skipped


def test_an_interrupted_run_gives_what_it_has_and_leaves_the_network_alone():
    network, batches = network_and_batches("perceptron")
    before = facts(network, batches)

    def stop(text):
        if text.startswith("pruning"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="interrupted before pruning, attack, rainbow") as caught:
        netspectra.lens(network, batches, null=3, progress=stop)
    assert facts(network, batches) == before
    assert {"alignment", "spectra", "clipping"} <= set(caught.value.view.table.lens)
    assert "Remedy: " in str(caught.value)
