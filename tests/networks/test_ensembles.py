"""Ensembles: every executor gives what the networks give alone, in both modes, buffers and draws included."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from netspectra.networks import executors
from netspectra.networks.ensembles import Ensemble
from netspectra.networks.executors import Pass, batched, choose, loop, shared
from netspectra.networks.places import read
from netspectra.networks.zoo import build
from netspectra.training.descent import Descent

SEEDS = [3, 4, 5]
ARCHITECTURES = {
    "perceptron": {"type": "fully_connected", "widths": [64, 9, 7, 3], "bias": True},
    "convolution": {
        "type": "convolutional", "channels": [1, 4, 5], "kernel": 3, "stride": 2, "image": 8, "classes": 3,
        "bias": True,
    },
    "residual": {"type": "resnet", "depth": 8, "channels": [1, 3, 4, 5], "classes": 3},
    "lstm": {"type": "lstm_language_model", "vocabulary": 11, "embedding": 5, "hidden": 6, "layers": 2},
}  # fmt: skip
ABLE = {
    "perceptron": [shared, loop, batched],
    "convolution": [shared, loop, batched],
    "residual": [loop, batched],
    "lstm": [loop],
}


def batches(kind, count, own=False):
    """Inputs and targets of so many steps, (R or 1, samples, ...) each."""
    generator = torch.Generator().manual_seed(0)
    lead = (len(SEEDS) if own else 1, 10)
    for _ in range(count):
        if kind == "lstm":
            tokens = torch.randint(11, (*lead, 8), generator=generator)
            yield tokens[..., :-1], tokens[..., 1:]
        else:
            x = torch.randn(*lead, 1, 8, 8, generator=generator)
            yield x, (x.flatten(2).mean(-1) * 12 + 1.5).clamp(0, 2).long()


def alone(kind, x, y):
    """50 steps of each network by itself, with torch.optim: losses (steps, R) and states."""
    losses, states = [], []
    for i, seed in enumerate(SEEDS):
        torch.manual_seed(seed)
        network = build(ARCHITECTURES[kind]).double()
        optimiser = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
        losses.append([])
        for inputs, targets in zip(x, y, strict=True):
            inputs, targets = (t[i if len(t) > 1 else 0] for t in (inputs, targets))
            optimiser.zero_grad()
            outputs = network(inputs)
            loss = F.cross_entropy(outputs.flatten(0, -2), targets.flatten())
            loss.backward()
            optimiser.step()
            losses[-1].append(loss.item())
        states.append({n: t.detach() for n, t in network.state_dict().items()})
    return torch.tensor(losses, dtype=torch.float64).T, {
        n: torch.stack([state[n] for state in states]) for n in states[0]
    }


def together(kind, executor, x, y):
    ensemble = Ensemble.initial(ARCHITECTURES[kind], SEEDS)
    ensemble.network.double().train()
    ensemble.buffers = {n: b.double() if b.is_floating_point() else b for n, b in ensemble.buffers.items()}
    descent = Descent(
        {n: p.double() for n, p in ensemble.parameters.items()}, {"name": "sgd", "momentum": 0.9}, [0.05] * 3,
        {"name": "constant"}, None,
    )  # fmt: skip
    losses = []
    for inputs, targets in zip(x, y, strict=True):
        parameters = {n: p.requires_grad_() for n, p in descent.parameters.items()}
        outputs = executor(Pass(ensemble.network, parameters, ensemble.buffers, inputs)).outputs
        loss = F.cross_entropy(outputs.movedim(-1, 1), targets.expand(outputs.shape[:-1]), reduction="none")
        loss = loss.flatten(1).mean(1)
        gradients = torch.autograd.grad(loss.sum(), list(parameters.values()))
        with torch.no_grad():
            descent.step(dict(zip(parameters, gradients, strict=True)), None, 0.0)
        losses.append(loss.detach())
    return torch.stack(losses), {**descent.parameters, **ensemble.buffers}


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(("kind", "executor"), [(kind, e) for kind, able in ABLE.items() for e in able])
def test_executors_train_as_the_networks_train_alone(kind, executor, own):
    x, y = zip(*batches(kind, 50, own), strict=True)
    x = [t if kind == "lstm" else t.double() for t in x]
    losses, states = alone(kind, x, y)
    found, ended = together(kind, executor, x, y)
    torch.testing.assert_close(found, losses, rtol=0, atol=1e-6)
    assert ended.keys() == states.keys()
    assert losses[-1].mean() < losses[0].mean() - (0 if kind == "lstm" else 0.1)  # something was learned
    for name, t in states.items():
        torch.testing.assert_close(ended[name], t, rtol=0, atol=1e-6, msg=name)


PLACES = {
    "perceptron": ["fc1", "relu2"],
    "convolution": [],
    "residual": ["b1.res", "stem.bn"],
    "lstm": ["lstm1", "drop2"],
}


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_an_ensemble_gives_what_its_networks_give(kind, own):
    ensemble, (x, _) = Ensemble.initial(ARCHITECTURES[kind], SEEDS), next(batches(kind, 1, own))
    places = {"perceptron": ["fc1", "relu2"], "residual": ["b1.res", "stem.bn"], "lstm": ["lstm1", "drop2"]}.get(
        kind, []
    )
    found = ensemble(x if own else x[0], places, places, own=own)
    for i, network in enumerate(ensemble):
        wanted = read(network, x[i if own else 0], places, places)
        torch.testing.assert_close(found.outputs[i], wanted.outputs, rtol=1e-5, atol=1e-6)
        for sides in ((found.entering, wanted.entering), (found.leaving, wanted.leaving)):
            assert sides[0].keys() == sides[1].keys() == set(places)
            for place in places:
                t = sides[0][place]
                torch.testing.assert_close(t[i if len(t) > 1 else 0], sides[1][place], rtol=1e-5, atol=1e-6)


def test_initialisation_depends_on_the_seed_alone():
    ensemble = Ensemble.initial(ARCHITECTURES["residual"], SEEDS)
    torch.manual_seed(SEEDS[1])
    wanted = build(ARCHITECTURES["residual"]).state_dict()
    assert ensemble.state.keys() == wanted.keys()
    assert all(torch.equal(ensemble.state[name][1], t) for name, t in wanted.items())
    before = torch.get_rng_state()
    Ensemble.initial(ARCHITECTURES["residual"], [1])
    assert torch.equal(torch.get_rng_state(), before)


def test_batch_normalisation_learns_in_training_mode_alone():
    ensemble, (x, _) = Ensemble.initial(ARCHITECTURES["residual"], SEEDS), next(batches("residual", 1))
    before = copy.deepcopy(ensemble.buffers)
    ensemble(x[0])
    assert all(torch.equal(b, before[n]) for n, b in ensemble.buffers.items())
    ensemble(x[0], training=True, frozen=["stem", "stem.bn"])
    changed = {name for name, b in ensemble.buffers.items() if not torch.equal(b, before[name])}
    assert changed == {name for name in before if not name.startswith("stem")}
    assert ensemble.buffers["b1.bncv1.bn.num_batches_tracked"].tolist() == [1, 1, 1]


def test_nothing_done_to_an_ensemble_reaches_its_template_or_its_singles():
    torch.manual_seed(0)
    template = build(ARCHITECTURES["residual"])
    template.stem.eval()
    modes = [module.training for module in template.modules()]
    before = copy.deepcopy(template.state_dict())
    ensemble = Ensemble.from_state(template, {n: torch.stack([t, t + 1]) for n, t in template.state_dict().items()})
    single = ensemble.single(1)
    ensemble(torch.randn(4, 1, 8, 8), training=True)
    assert [module.training for module in template.modules()] == modes
    assert all(torch.equal(t, before[n]) for n, t in template.state_dict().items())
    assert all(torch.equal(t, before[n] + 1) for n, t in single.state_dict().items())
    assert not single.training and not any(p.requires_grad for p in single.parameters())


def test_a_readers_network_is_a_stack_of_one_and_stays_as_it_is():
    network, x = build(ARCHITECTURES["residual"]).train(), torch.randn(4, 1, 8, 8)
    before = copy.deepcopy(network.state_dict())
    ensemble = Ensemble.of(network)
    assert len(ensemble) == 1
    torch.testing.assert_close(ensemble(x).outputs[0], copy.deepcopy(network).eval()(x))
    assert network.training and all(torch.equal(t, before[n]) for n, t in network.state_dict().items())
    assert all(p.requires_grad and p.grad is None for p in network.parameters())


class Counting(nn.Module):
    """Replaces its buffer by another tensor in every pass."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.register_buffer("passes", torch.zeros(2))

    def forward(self, x):
        if self.training:
            self.passes = self.passes + 1
        return self.fc(x) * self.passes


@pytest.mark.parametrize("executor", [loop, batched])
def test_a_buffer_that_a_module_replaces_is_kept(executor):
    network = Counting()
    ensemble = Ensemble.from_state(network, {n: torch.stack([t, t + 2]) for n, t in network.state_dict().items()})
    one = Pass(network, ensemble.parameters, ensemble.buffers, torch.ones(1, 3, 4))
    executor(one)
    executor(one)
    assert ensemble.buffers["passes"].tolist() == [[2.0, 2.0], [4.0, 4.0]]
    assert network.passes.tolist() == [0.0, 0.0]


DROPPING = ARCHITECTURES["lstm"] | {"dropout": 0.5}


def test_dropout_depends_on_the_networks_own_seed_alone():
    ensemble, (x, _) = Ensemble.initial(DROPPING, SEEDS), next(batches("lstm", 1))
    before = torch.get_rng_state()
    found = ensemble(x[0], training=True, seeds=[7, 8, 9]).outputs
    assert torch.equal(torch.get_rng_state(), before)
    for i, seed in enumerate([7, 8, 9]):
        alone = ensemble[i : i + 1](x[0], training=True, seeds=[seed]).outputs
        assert torch.equal(alone[0], found[i])
    assert torch.equal(ensemble(x[0], training=True, seeds=[7, 8, 9]).outputs, found)
    assert not torch.allclose(ensemble(x[0], training=True, seeds=[1, 8, 9]).outputs[0], found[0])
    assert not torch.allclose(ensemble(x[0]).outputs, found)


def chosen(network, networks, *, inputs=1, entering=(), device="cpu"):
    parameters = {n: p.detach().expand(networks, *p.shape).to(device) for n, p in network.named_parameters()}
    buffers = {n: b.expand(networks, *b.shape).to(device) for n, b in network.named_buffers()}
    return choose(Pass(network, parameters, buffers, torch.zeros(inputs, 1, device=device), entering))


def test_the_executor_is_the_one_that_was_measured_to_pay():
    perceptron, convolution, residual, lstm = (build(a).eval() for a in ARCHITECTURES.values())
    assert [chosen(n, 3) for n in (perceptron, convolution, residual, lstm)] == [shared, loop, loop, loop]
    assert [chosen(n, 1) for n in (perceptron, convolution, residual)] == [shared, shared, loop]
    on_gpu = [chosen(n, 3, device="meta") for n in (perceptron, convolution, residual, lstm)]
    assert on_gpu == [shared, shared, batched, loop]
    dropping = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
    assert chosen(dropping.eval(), 3) is shared
    assert chosen(dropping.train(), 3, device="meta") is loop


relu = nn.ReLU()
first = nn.Linear(4, 4)
NOT_SHARED = {
    "a layer twice": nn.Sequential(first, relu, first),
    "writing in place": nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True)),
    "seeing other samples": nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4, affine=False, track_running_stats=False)),
    "circular padding": nn.Sequential(nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular")),
    "groups": nn.Sequential(nn.Conv2d(2, 2, 3, groups=2)),
    "flattening the samples": nn.Sequential(nn.Linear(4, 4), nn.Flatten(0)),
}


@pytest.mark.parametrize("name", NOT_SHARED)
def test_what_the_shared_path_does_not_know_runs_by_its_own_forward(name):
    assert chosen(NOT_SHARED[name].eval(), 3) is loop


def test_a_place_that_is_no_layer_of_the_chain_runs_by_the_networks_own_forward():
    assert chosen(build(ARCHITECTURES["perceptron"]), 3, entering=("fc1#1",)) is loop
    twice = nn.Sequential(nn.Linear(4, 4), relu, nn.Linear(4, 4), relu)
    ensemble = Ensemble.from_state(twice, {n: torch.stack([t, 2 * t]) for n, t in twice.state_dict().items()})
    x = torch.randn(5, 4)
    for i, network in enumerate(ensemble):
        torch.testing.assert_close(ensemble(x).outputs[i], network(x))


def test_wrong_ensembles_and_inputs_are_refused():
    network = build(ARCHITECTURES["residual"])
    state = {n: t[None] for n, t in network.state_dict().items()}
    with pytest.raises(ValueError, match=r"state: wanted the 21 names .*not known: b1\.bncv1\.bn"):
        Ensemble.from_state(network, {n: p[None] for n, p in network.named_parameters()})
    with pytest.raises(ValueError, match=r"state: wanted logits\.bias of shape \(1, 3\), found \(3, 2\)"):
        Ensemble.from_state(network, state | {"logits.bias": torch.zeros(3, 2)})
    with pytest.raises(ValueError, match="not known: more"):
        Ensemble.from_state(network, state | {"more": torch.zeros(1)})
    ensemble = Ensemble.from_state(network, state)
    with pytest.raises(ValueError, match=r"x: wanted inputs .* of 1 networks, found \(2, 4, 1, 8, 8\)"):
        ensemble(torch.zeros(2, 4, 1, 8, 8), own=True)
    with pytest.raises(ValueError, match="seeds: wanted one for each of 1 networks, found 2"):
        ensemble(torch.zeros(4, 1, 8, 8), seeds=[1, 2])
    with pytest.raises(ValueError, match="place: wanted one of"):
        ensemble(torch.zeros(4, 1, 8, 8), ["nowhere"])


def test_modules_that_draw_are_known():
    assert not executors.draws(build(ARCHITECTURES["lstm"]).train())
    assert executors.draws(build(DROPPING).train())
    assert not executors.draws(build(DROPPING).eval())
    assert executors.draws(nn.LSTM(2, 2, 2, dropout=0.1))
