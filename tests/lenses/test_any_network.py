"""Every lens on networks of every kind: equal to the computation written out, and the network left as it was."""

import copy

import pytest
import readers
import torch
from readers import in_evaluation, network_and_batches, right_answers, scores_of
from torch import nn
from torch.nn import functional as F

from netspectra.lenses.alignment import layer_alignment
from netspectra.lenses.attacks import fgsm
from netspectra.lenses.clipping import clipping_curve
from netspectra.lenses.gradients import blocks, flat_parameters, gradients, sample_gradients
from netspectra.lenses.pruning import evaluate_masked, progressive_dropout
from netspectra.lenses.rainbow import generate
from netspectra.measures.alignment import alignment
from netspectra.networks.layers import out_of_reach, weight_layer, weight_layers
from netspectra.networks.places import read

KINDS = list(readers.NETWORKS)
# Where nodes are silenced, with their number and the dimension in which they stand.
PLACES = {
    "perceptron": {"relu1": (9, 1), "relu2": (8, 1)},
    "convolutions": {"0.2": (8, 1), "0.3": (12, 1)},
    "residual": {"blocks.0.relu#1": (6, 1), "blocks.1.bn2": (6, 1), "stem": (6, 1)},
    "recurrent": {"lstm": (6, -1)},
    "tokens": {"embedding": (7, -1), "lstm": (6, -1)},
    "attention": {"mlp.1": (12, -1), "attention": (8, -1)},
}


def basis(d, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64)).Q


@pytest.fixture(params=KINDS)
def given(request):
    """Kind, network and batches; whatever a test does with lenses, nothing of the network may change."""
    network, batches = network_and_batches(request.param)
    before = readers.facts(network, batches)
    yield request.param, network, batches
    assert readers.facts(network, batches) == before


def layers_of(network):
    """One layer per kind of weights and module."""
    found = {}
    for name, layer in weight_layers(network).items():
        found.setdefault((layer.kind, layer.parameter, type(layer.module)), name)
    return list(found.values())


def test_clipping_equals_a_copy_with_other_weights(given):
    _, network, batches = given
    for name in layers_of(network):
        layer = weight_layer(network, name)
        weight = layer.weight().double()
        directions, ranks = basis(weight.shape[1]), [0, 1, weight.shape[1] // 2]
        found = clipping_curve(network, name, directions, batches, ranks=ranks)
        hits = []
        for rank in ranks:
            copied = in_evaluation(network)
            clear = weight @ directions[:, :rank] @ directions[:, :rank].T
            copied.get_parameter(layer.parameter_name).data = layer.parameter_with(clear.float())
            hits.append(right_answers(copied, batches))
        assert found.hits.tolist() == hits, name
        assert found.samples == 40


def test_clipping_at_full_rank_is_the_network_itself(given):
    _, network, batches = given
    for name in weight_layers(network):
        d = weight_layer(network, name).weight().shape[1]
        found = clipping_curve(network, name, basis(d), batches, ranks=[d])
        assert found.hits.tolist() == [right_answers(in_evaluation(network), batches)], name


@pytest.mark.parametrize("order", ["high", "low"])
@pytest.mark.parametrize("rescale", ["none", "inverse"])
def test_dropout_equals_hooks_that_silence_nodes(given, order, rescale):
    kind, network, batches = given
    generator = torch.Generator().manual_seed(0)
    scores = {place: torch.rand(width, generator=generator) for place, (width, _) in PLACES[kind].items()}
    fractions = [0.0, 0.4, 0.8]
    found = progressive_dropout(network, batches, scores, fractions, order=order, rescale=rescale)
    own = in_evaluation(network)
    assert float(found.accuracy[0]) == pytest.approx(right_answers(own, batches) / 40)
    for fraction, accuracy, loss in zip(fractions, found.accuracy, found.loss, strict=True):
        silence = {
            place: silenced(score, fraction, order, rescale, PLACES[kind][place][1]) for place, score in scores.items()
        }
        with torch.no_grad():
            outputs = [scores_of(read(own, x, replace_leaving=silence).outputs) for x, _ in batches]
        logits, y = torch.cat(outputs), torch.cat([y for _, y in batches])
        assert float(accuracy) == pytest.approx(float((logits.argmax(1) == y).double().mean()))
        assert float(loss) == pytest.approx(float(F.cross_entropy(logits, y)), rel=1e-5)


def silenced(score, fraction, order, rescale, dim):
    """What leaves a place with its nodes silenced one by one."""
    dropped = score.sort(descending=order == "high").indices[: int(fraction * len(score) + 1e-9)]

    def change(t):
        t = t.clone() if rescale == "none" else t / (1 - fraction)
        for node in dropped:
            t.select(dim, int(node)).zero_()
        return t

    return change


def test_attacks_equal_one_attack_per_epsilon(given):
    kind, network, batches = given
    epsilons = [0.0, 0.05, 0.5]
    if kind == "tokens":
        with pytest.raises(ValueError, match=r"inputs: wanted real numbers.*found torch.int64; tokens have none"):
            fgsm(network, batches, epsilons)
        return
    own = in_evaluation(network)
    for bounds in (None, (-1.0, 1.0)):
        found = fgsm(network, batches, epsilons, bounds=bounds)
        for epsilon, hits in zip(epsilons, found.hits.tolist(), strict=True):
            moved = []
            for x, y in batches:
                x = x.clone().requires_grad_()
                F.cross_entropy(scores_of(own(x)), y, reduction="sum").backward()
                attacked = (x + epsilon * x.grad.sign()).detach()
                moved.append((attacked if bounds is None else attacked.clamp(*bounds), y))
            assert hits == right_answers(own, moved)
    assert fgsm(network, batches, [0.0]).hits.tolist() == [right_answers(own, batches)]


def test_alignment_equals_the_measure_on_all_rows_at_once(given):
    _, network, batches = given
    own, x = in_evaluation(network), torch.cat([x for x, _ in batches])
    for options in ({}, {"centred": False}, {"relative": False}):
        found = layer_alignment(network, batches, **options)
        assert set(found) == set(weight_layers(network)) - set(out_of_reach(network))
        for name, values in found.items():
            layer = weight_layer(own, name)
            rows = layer.inputs(read(own, x, layer.entering, layer.leaving)).values
            weights = layer.weight().unflatten(0, (layer.groups, -1))
            parts = zip(rows if layer.groups > 1 else [rows], weights, strict=True)
            expected = torch.cat([alignment(part, weight, **options) for part, weight in parts])
            torch.testing.assert_close(values, expected, rtol=1e-5, atol=1e-9)  # batches of other sizes


def test_gradients_equal_those_of_backward(given):
    _, network, batches = given
    (x, y), places, own = batches[1], blocks(network), in_evaluation(network)
    assert sorted(places) == sorted(name for name, _ in network.named_parameters())

    def backward(x, y):
        own.zero_grad()
        F.cross_entropy(scores_of(own(x)), y).backward()
        return torch.cat([own.get_parameter(name).grad.flatten() for name in places])

    found = sample_gradients(network, x, y, loss="cross_entropy")
    expected = torch.stack([backward(x[i : i + 1], y[i : i + 1]) for i in range(len(x))])
    torch.testing.assert_close(found, expected.double(), rtol=1e-3, atol=1e-6)
    thetas = torch.stack([flat_parameters(network), 0.5 * flat_parameters(network)])
    found = gradients(network, thetas, x, y, loss="cross_entropy")
    torch.testing.assert_close(found[0], backward(x, y), rtol=1e-3, atol=1e-6)
    for name, place in places.items():
        own.get_parameter(name).data = thetas[1, place].view_as(own.get_parameter(name))
    torch.testing.assert_close(found[1], backward(x, y), rtol=1e-3, atol=1e-6)


def test_squared_errors_have_gradients_too(given):
    _, network, batches = given
    x, own = batches[1][0][:2], in_evaluation(network)
    y = torch.randn(2, readers.CLASSES, generator=torch.Generator().manual_seed(0))
    F.mse_loss(scores_of(own(x)), y).backward()
    expected = torch.cat([own.get_parameter(name).grad.flatten() for name in blocks(network)])
    found = gradients(network, flat_parameters(network)[None], x, y)[0]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)
    with pytest.raises(ValueError, match=r"y: wanted shape \(2, 5\) for mse, found \(2, 4\)"):
        gradients(network, flat_parameters(network)[None], x, y[:, :4])


GENERATED = {
    "convolutions": r"found 0\.1: BatchNorm2d",
    "residual": "found Residuals",
    "recurrent": "found Recurrent",
    "tokens": "found Recurrent",
    "attention": "found Attention",
}


def test_generation_draws_what_it_can_and_names_what_stands_in_the_way(given):
    kind, network, batches = given
    if kind in GENERATED:
        with pytest.raises(ValueError, match="network: wanted a chain of Linear and Conv2d.*" + GENERATED[kind]):
            generate(network, batches, torch.Generator())
        return
    same = generate(network, batches, torch.Generator(), sampled=[])
    own = in_evaluation(network)
    torch.testing.assert_close(same(batches[0][0]), own(batches[0][0]), rtol=1e-3, atol=1e-4)
    drawn = generate(network, batches, torch.Generator(), sampled=["fc2"], others=[network])
    assert torch.equal(drawn.fc1.weight, network.fc1.weight)
    assert not torch.allclose(drawn.fc2.weight, network.fc2.weight)


def first_layer(network):
    return next(iter(weight_layers(network).values()))


LENSES = {
    "clipping": lambda n, b, _: clipping_curve(n, first_layer(n).name, basis(first_layer(n).weight().shape[1]), b),
    "dropout": lambda n, b, places: progressive_dropout(n, b, {p: torch.ones(w) for p, (w, _) in places.items()}, [0]),
    "attack": lambda n, b, _: fgsm(n, b, [0.1]),
    "alignment": lambda n, b, _: layer_alignment(n, b),
    "gradients": lambda n, b, _: sample_gradients(n, *b[0], loss="cross_entropy"),
}


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "tokens"])
def test_an_error_within_the_network_leaves_it_as_it_was(kind, lens):
    network, batches = network_and_batches(kind)

    def fail(module, args):
        raise KeyError("broken")

    list(weight_layers(network).values())[-1].module.register_forward_pre_hook(fail)
    before = readers.facts(network, batches)
    with pytest.raises(KeyError, match="broken"):
        LENSES[lens](network, batches, PLACES[kind])
    assert readers.facts(network, batches) == before


def test_outputs_with_and_without_reading_are_equal(given):
    _, network, batches = given
    own, x = in_evaluation(network), batches[0][0]
    layers = [layer for layer in weight_layers(own).values() if not layer.hidden]
    entering, leaving = ({p for layer in layers for p in getattr(layer, side)} for side in ("entering", "leaving"))
    torch.testing.assert_close(scores_of(read(own, x, entering, leaving).outputs), scores_of(own(x)))


def token_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(9, 6), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 9))


def test_every_token_may_have_a_label():
    network, x = token_model(), torch.randint(9, (8, 5), generator=torch.Generator().manual_seed(1))
    y = x.roll(-1, 1)
    hits = int((network(x).argmax(-1) == y).sum())
    found = progressive_dropout(network, [(x, y)], {"2": torch.rand(6)}, [0.0, 0.5])
    assert float(found.accuracy[0]) == hits / 40
    assert float(found.loss[0]) == pytest.approx(float(F.cross_entropy(network(x).flatten(0, 1), y.flatten()).detach()))
    assert clipping_curve(network, "3", basis(6), [(x, y)], ranks=[6]).hits.tolist() == [hits]
    own = copy.deepcopy(network)
    own[1].weight.data = (own[1].weight.double() @ basis(6)[:, :2] @ basis(6)[:, :2].T).float()
    found = clipping_curve(network, "1", basis(6), [(x, y)], ranks=[2])
    assert found.hits.tolist() == [int((own(x).argmax(-1) == y).sum())]
    assert found.samples == 40


@pytest.mark.parametrize(
    ("batches", "message"),
    [
        ([(torch.ones(3, 4), torch.zeros(3, 1, dtype=torch.long))], r"labels: wanted integers of shape \(3,\)"),
        ([(torch.ones(3, 4), torch.zeros(3))], r"labels: wanted integers.*found torch.float32 \(3,\)"),
        ([(torch.ones(3, 4), torch.tensor([0, 1, -100]))], "labels: wanted 0 to 1, found -100 to 1"),
        ([(torch.ones(3, 4), torch.tensor([0, 1, 2]))], "labels: wanted 0 to 1, found 0 to 2"),
        ([torch.ones(3, 4)], r"batches: wanted pairs \(inputs, labels\), found Tensor"),
        ([], "batches: wanted at least one sample, found none"),
    ],
)
def test_labels_that_do_not_fit_are_refused(batches, message):
    network = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    calls = (
        lambda: clipping_curve(network, "0", basis(4), batches),
        lambda: progressive_dropout(network, batches, {"1": torch.rand(3)}, [0.0]),
        lambda: fgsm(network, batches, [0.1]),
    )
    for call in calls:
        with pytest.raises(ValueError, match=message):
            call()


def test_masks_that_do_not_fit_are_refused():
    network, batches = network_and_batches("perceptron")
    calls = {
        r"scores\[relu1\]: wanted shape \(width,\), found \(9, 1\)": {"scores": {"relu1": torch.rand(9, 1)}},
        "wanted width 9, found 8": {"scores": {"relu1": torch.rand(8)}},
        "place: wanted one of .*; found 'relu9'": {"scores": {"relu9": torch.rand(8)}},
        "fractions: wanted values in .0, 1., found none": {"scores": {"relu1": torch.rand(9)}, "fractions": []},
        "draws: wanted at least 1, found 0": {"scores": {"relu1": torch.rand(9)}, "draws": 0},
        "masks: wanted at least one place": {"scores": {}},
    }
    for message, options in calls.items():
        with pytest.raises(ValueError, match=message):
            progressive_dropout(network, batches, **{"fractions": [0.5], "order": "random", **options})
    with pytest.raises(ValueError, match=r"masks\[relu1\]: wanted \(versions, width\)"):
        evaluate_masked(network, batches, {"relu1": torch.ones(2, 9), "relu2": torch.ones(3, 8)})


def test_tied_weights_are_clipped_in_their_own_layer_alone():
    network = token_model()
    network[3].weight = network[0].weight
    x = torch.randint(9, (8, 5), generator=torch.Generator().manual_seed(1))
    own = token_model()
    own[0].weight.data, own[3].weight.data = network[0].weight.data, torch.zeros(9, 6)
    own.load_state_dict({**network.state_dict(), "3.weight": torch.zeros(9, 6)})
    wrapped = nn.Sequential(network)
    wrapped.register_forward_hook(lambda module, args, out: None)  # no chain any more
    for one, name in ((network, "3"), (wrapped, "0.3")):
        found = clipping_curve(one, name, basis(6), [(x, x)], ranks=[0])
        assert found.hits.tolist() == [int((own(x).argmax(-1) == x).sum())]


def test_a_layer_that_is_used_twice_is_clipped_in_all_uses():
    torch.manual_seed(0)
    shared = nn.Linear(4, 4)
    network, x = nn.Sequential(shared, nn.Tanh(), shared), torch.randn(30, 4)
    clear = (shared.weight.double() @ basis(4)[:, :1] @ basis(4)[:, :1].T).float()
    outputs = F.linear(F.linear(x, clear, shared.bias).tanh(), clear, shared.bias)
    y = torch.arange(30) % 4
    for name in ("0", "2"):
        found = clipping_curve(network, name, basis(4), [(x, y)], ranks=[1])
        assert found.hits.tolist() == [int((outputs.argmax(1) == y).sum())]
    with pytest.raises(ValueError, match="wanted '0', whose weights all its calls share, found '0#1'"):
        clipping_curve(network, "0#1", basis(4), [(x, y)])


def test_computed_weights_are_refused_with_the_remedy():
    network = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 2)))
    before = network[0].weight.clone()
    with pytest.raises(ValueError, match="found '0', where they are computed; remove the parametrization"):
        clipping_curve(network, "0", basis(4), [(torch.ones(3, 4), torch.zeros(3, dtype=torch.long))])
    assert torch.equal(network[0].weight, before)
    x = torch.randn(30, 4)
    torch.testing.assert_close(layer_alignment(network, [x])["0"], alignment(x, before))


def test_groups_may_have_a_basis_each():
    torch.manual_seed(0)
    conv = nn.Conv2d(4, 6, 3, groups=2)
    network, x = nn.Sequential(conv, nn.Flatten(), nn.Linear(24, 3)), torch.randn(30, 4, 4, 4)
    y = network(x).argmax(1)
    for d in (18, 2):
        directions = torch.stack([basis(d, seed) for seed in (0, 1)])
        own = copy.deepcopy(network)
        for group, part in zip(directions.float(), own[0].weight.data.split(3), strict=True):
            projector = group[:, :1] @ group[:, :1].T
            part.copy_(
                torch.einsum("ncr,cd->ndr", part.flatten(1).unflatten(1, (d, -1)), projector).reshape(part.shape)
            )
        found = clipping_curve(network, "0", directions, [(x, y)], ranks=[1, d])
        assert found.hits.tolist() == [right_answers(own, [(x, y)]), 30]
    with pytest.raises(ValueError, match="wanted one basis or 2, one per group, found 3"):
        clipping_curve(network, "0", torch.stack([basis(2)] * 3), [(x, y)])
    with pytest.raises(ValueError, match="directions: wanted 2 or 18 rows for layer 0, found 4"):
        clipping_curve(network, "0", basis(4), [(x, y)])


def test_recurrent_layers_with_samples_second_are_not_put_side_by_side():
    """Versions stacked along the first dimension would be further time steps."""

    class Last(nn.Module):
        def forward(self, x):
            return x[0][-1]

    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 5), nn.LSTM(5, 5), Last(), nn.Linear(5, 3))
    x, y = torch.randn(6, 20, 4), torch.randint(3, (20,))
    score = torch.rand(5)
    found = progressive_dropout(network, [(x, y)], {"0": score}, [0.0, 0.4])
    with torch.no_grad():
        silent = silenced(score, 0.4, "high", "none", -1)(network[0](x))
        expected = [network(x), network[3](network[1](silent)[0][-1])]
    assert found.accuracy.tolist() == [float((out.argmax(1) == y).double().mean()) for out in expected]


@pytest.mark.parametrize("shape", [(3, 1, 1), (1, 4, 4), ()])
def test_bounds_may_differ_by_channel(shape):
    network, batches = network_and_batches("convolutions")
    low = torch.linspace(-0.5, 0.1, 3 if shape[:1] == (3,) else 16 if shape else 1, dtype=torch.float64).reshape(shape)
    own, (x, y) = in_evaluation(network), batches[0]
    x.requires_grad_()
    F.cross_entropy(own(x), y).backward()
    attacked = (x + 0.3 * x.grad.sign()).detach()
    attacked = torch.maximum(attacked, low.float()).minimum(torch.tensor(0.4))
    found = fgsm(network, [(x.detach(), y)], [0.3], bounds=(low, 0.4))
    assert found.hits.tolist() == [right_answers(own, [(attacked, y)])]


@pytest.mark.parametrize("bound", [torch.zeros(3), torch.zeros(4), torch.zeros(25, 3, 1, 1), torch.zeros(2, 1, 1)])
def test_bounds_that_do_not_broadcast_with_a_sample_are_refused(bound):
    network, batches = network_and_batches("convolutions")
    with pytest.raises(ValueError, match=r"bounds: wanted as the least value a number or a tensor .*\(3, 4, 4\)"):
        fgsm(network, batches, [0.1], bounds=(bound, 1.0))


@pytest.mark.parametrize("epsilons", [[], [-0.1], [0.1, float("nan")]])
def test_strengths_are_checked(epsilons):
    network, batches = network_and_batches("perceptron")
    with pytest.raises(ValueError, match="epsilons: wanted one or more values >= 0"):
        fgsm(network, batches, epsilons)


class Several(nn.Module):
    """Two inputs, by position or by keyword, and several outputs."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 6), nn.Embedding(5, 6)
        self.fc = nn.Linear(6, 3)

    def forward(self, x, kind=None):
        hidden = (self.first(x) + self.second(kind)).relu()
        return self.fc(hidden), hidden


@pytest.mark.parametrize("keywords", [False, True])
def test_several_inputs_and_outputs(keywords):
    torch.manual_seed(0)
    network = Several()
    x, kind, y = torch.randn(30, 4), torch.randint(5, (30,)), torch.randint(3, (30,))
    given = {"x": x, "kind": kind} if keywords else (x, kind)
    plain = float((network(x, kind)[0].argmax(1) == y).double().mean())
    batches = [(given, y)]
    assert float(progressive_dropout(network, batches, {"first": torch.rand(6)}, [0.0]).accuracy) == plain
    assert float(fgsm(network, batches, [0.0]).accuracy) == plain
    assert float(clipping_curve(network, "second", basis(5), batches, ranks=[5]).accuracy) == plain
    assert set(layer_alignment(network, batches)) == {"first", "second", "fc"}
    own = copy.deepcopy(network)
    own.first.weight.data.zero_()
    found = clipping_curve(network, "first", basis(4), batches, ranks=[0])
    assert float(found.accuracy) == float((own(x, kind)[0].argmax(1) == y).double().mean())
    F.cross_entropy(own(x[:1], kind[:1])[0], y[:1]).backward()
    sampled = sample_gradients(own, given, y, loss="cross_entropy")
    expected = torch.cat([p.grad.flatten() for p in own.parameters()]).double()
    torch.testing.assert_close(sampled[0], expected, rtol=1e-4, atol=1e-7)


def test_numpy_arrays_are_taken_alike():
    network, batches = network_and_batches("perceptron")
    arrays = [(x.numpy(), y.numpy()) for x, y in batches]
    for lens in (
        lambda b, of: clipping_curve(network, "fc2", of(basis(9)), b).hits,
        lambda b, of: progressive_dropout(network, b, {"relu1": of(torch.arange(9.0))}, [0.5]).loss,
        lambda b, of: fgsm(network, b, [0.1]).hits,
        lambda b, of: layer_alignment(network, b)["fc1"],
        lambda b, of: sample_gradients(network, *b[0], loss="cross_entropy"),
        lambda b, of: gradients(network, of(flat_parameters(network)[None]), *b[0], loss="cross_entropy"),
    ):
        assert torch.equal(lens(batches, lambda t: t), lens(arrays, lambda t: t.numpy()))


def test_alignment_of_chosen_layers_streams_in_pieces(monkeypatch):
    network, batches = network_and_batches("convolutions")
    whole = layer_alignment(network, batches, ["0.0", "0.3"])
    monkeypatch.setattr("netspectra.lenses.alignment.LARGEST", 1)
    pieces = layer_alignment(network, [x for x, _ in batches], ["0.0", "0.3"])
    for name, values in whole.items():
        torch.testing.assert_close(pieces[name], values, rtol=1e-10, atol=0)


def test_alignment_of_what_never_varies_is_no_number():
    network = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    network[0].weight.data.zero_()
    found = layer_alignment(network, [torch.randn(20, 4)])
    assert found["0"].isnan().all()
    assert found["2"].isnan().all()


@pytest.mark.parametrize(
    ("layers", "batches", "message"),
    [
        (
            ["lstm.ih_l1.f"],
            [torch.ones(3, 4, dtype=torch.long)],
            r"whose inputs can be read, found lstm\.ih_l1\.f: what",
        ),
        (["fc9"], [], "found 'fc9'"),
        (["fc"], [], "batches: wanted at least 2 samples, found too few for layer fc"),
        (["fc"], [torch.ones(1, 4, dtype=torch.long)], "batches: wanted at least 2 samples"),
    ],
)
def test_alignment_that_cannot_be_had_is_refused(layers, batches, message):
    network, _ = network_and_batches("tokens")
    with pytest.raises(ValueError, match=message):
        layer_alignment(network, batches, layers)
