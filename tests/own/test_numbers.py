"""Every number of a view equals a computation that is written down here, over all data at once."""

import copy

import numpy as np
import pytest
import torch
from own_networks import Grouped, seeded, value, values, vectors
from torch import nn
from torch.nn import functional as F

import netspectra
from netspectra.lenses.gradients import sample_gradients
from netspectra.lenses.rainbow import generate
from netspectra.measures.alignment import alignment, chance
from netspectra.measures.cca import cca, cka, pwcca, svcca
from netspectra.measures.cca_inference import null_mean
from netspectra.measures.random_matrices import bulk_variance, marchenko_pastur_edges
from netspectra.measures.subspaces import active_subspace
from netspectra.measures.unfolding import grouped_patches

ALL = ["cca", "svcca", "pwcca", "cka", "cka_debiased", "procrustes"]


def perceptron(seed=0):
    return seeded(lambda: nn.Sequential(nn.Linear(5, 9), nn.ReLU(), nn.Linear(9, 8), nn.ReLU(), nn.Linear(8, 3)), seed)


@pytest.fixture(scope="module")
def made():
    """A perceptron whose labels are mostly its own answers, its data whole, and its view."""
    network, batches = perceptron(), vectors(200, batch=70)
    with torch.no_grad():
        batches = [
            (x + 0.5, torch.where(torch.arange(len(x)) % 4 > 0, network(x + 0.5).argmax(1), y)) for x, y in batches
        ]
    view = netspectra.lens(network, batches, against=[perceptron(1), perceptron(2)], null=20)
    x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return network, batches, x, y, view


def activations(network, x):
    with torch.no_grad():
        return {str(i): network[: i + 1](x).double() for i in (0, 2, 4)}


def test_alignment_chance_and_drawn(made):
    network, _, x, _, view = made
    with torch.no_grad():
        entering = network[:2](x)
    found = values(view, "alignment", "alignment", "2")
    torch.testing.assert_close(found, alignment(entering, network[2].weight), rtol=1e-6, atol=0)
    assert value(view, "alignment", "mean_alignment", "2") == pytest.approx(float(found.mean()))
    wanted = chance(entering)
    own = view.table[(view.table.quantity == "chance") & (view.table.layer == "2")].iloc[0]
    assert own.value == wanted.mean
    assert own.high == pytest.approx(wanted.mean + 2 * wanted.sd)
    c = torch.cov(entering.double().T)
    normal = torch.randn(257, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    drawn = normal @ torch.linalg.cholesky(c + 1e-12 * c.trace() * torch.eye(9)).T
    assert value(view, "alignment", "drawn", "2") == pytest.approx(float(alignment(entering, drawn).mean()))


def test_alignment_of_groups_and_its_bootstrap():
    network = seeded(Grouped)
    generator = torch.Generator().manual_seed(1)
    data = [torch.randn(30, 4, 7, 7, generator=generator) for _ in range(2)]
    view = netspectra.lens(network, data, lenses="alignment")
    x = torch.cat(data)
    with torch.no_grad():
        entering = network.grouped(x).relu()
    parts = grouped_patches(entering, network.dilated)
    weights = network.dilated.weight.flatten(1).chunk(2)
    wanted = torch.cat([alignment(p, w) for p, w in zip(parts, weights, strict=True)])
    torch.testing.assert_close(values(view, "alignment", "alignment", "dilated"), wanted, rtol=1e-6, atol=0)
    row = view.table[(view.table.quantity == "mean_alignment") & (view.table.layer == "dilated")].iloc[0]
    assert row.low < row.value < row.high


def test_a_resample_of_blocks_is_the_data_repeated():
    from netspectra.networks.layers import weight_layers
    from netspectra.own.aligning import resampled_alignments
    from netspectra.own.dimensions import resampled_ratios
    from netspectra.own.rows import Selected
    from netspectra.own.spots import Spot
    from netspectra.own.sums import BLOCKS, ActivationSums, InputSums

    generator = torch.Generator().manual_seed(0)
    x = torch.randn(90, 5, generator=generator, dtype=torch.float64) * torch.arange(1, 6) + 3
    inputs = torch.arange(90)
    sums = ActivationSums("a", nn.Linear(5, 5), 5, "all", 10)
    sums.add(Selected(x[:50], inputs[:50]), 0)
    sums.add(Selected(x[50:], inputs[:40]), 50)
    weights = torch.randint(4, (3, 10), generator=generator).double()
    layer = nn.Linear(5, 4)
    aligned = InputSums(Spot("", weight_layers(layer)[""], ""))
    aligned._add_blocks(x[None], inputs % BLOCKS)
    of_blocks = torch.randint(3, (3, BLOCKS), generator=generator).double()
    for i in range(3):
        repeated = x.repeat_interleave(weights[i][inputs % 10].long(), 0)
        eigenvalues = torch.linalg.eigvalsh(torch.cov(repeated.T))
        wanted = float(eigenvalues.sum() ** 2 / eigenvalues.square().sum())
        assert float(resampled_ratios(sums.blocks, weights)[i]) == pytest.approx(wanted, rel=1e-9)
        repeated = x.repeat_interleave(of_blocks[i][inputs % BLOCKS].long(), 0)
        found = resampled_alignments(aligned, of_blocks)[i]
        torch.testing.assert_close(found, alignment(repeated, layer.weight), rtol=1e-6, atol=0)


def test_spectra_of_activations_and_weights(made):
    network, _, x, _, view = made
    for place, own in activations(network, x).items():
        wanted = torch.linalg.eigvalsh(torch.cov(own.T)).flip(0)
        found = values(view, "spectra", "activation_eigenvalue", place)
        torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-12)
        dimension = float(wanted.sum() ** 2 / wanted.square().sum())
        assert value(view, "spectra", "activation_dimension", place) == pytest.approx(dimension)
        weight = network[int(place)].weight.detach().double()
        wanted = torch.linalg.svdvals(weight).square() / len(weight)
        torch.testing.assert_close(values(view, "spectra", "weight_eigenvalue", place), wanted, rtol=1e-6, atol=0)
        edge = marchenko_pastur_edges(*weight.shape, bulk_variance(wanted, *weight.shape))[1]
        assert value(view, "spectra", "weight_edge", place) == pytest.approx(edge)
        assert value(view, "spectra", "weight_spikes", place) == int((wanted > edge).sum())


def unbiased_square(x, inputs=None):
    """tr C^2 of rows (n, d): the unbiased HSIC with itself, its Gram matrix written out."""
    x = x - x.mean(0)
    gram, n = x @ x.T, len(x)
    if inputs is not None:
        other = inputs[:, None] != inputs
        return float(gram.square()[other].sum() / other.sum())
    gram = gram - gram.diagonal().diag()
    one = torch.ones(n, dtype=gram.dtype)
    total = (
        (gram @ gram).trace() + (one @ gram @ one) ** 2 / ((n - 1) * (n - 2)) - 2 * (one @ gram @ gram @ one) / (n - 2)
    )
    return float(total / (n * (n - 3)))


def test_dimension_corrected_for_few_samples(made):
    network, _, x, _, view = made
    own = activations(network, x)["2"]
    centred = own - own.mean(0)
    norms = centred.square().sum(1)
    trace = float(norms.sum() / (len(own) - 1))
    total = trace**2 - float(norms.var()) / len(own)
    found = value(view, "spectra", "activation_dimension_corrected", "2")
    assert found == pytest.approx(
        total / unbiased_square(own), rel=1e-2
    )  # the variance is about the first batch's mean


def test_dimension_of_rows_that_share_inputs_leaves_out_their_own_products():
    from netspectra.own.dimensions import corrected_ratio
    from netspectra.own.rows import Selected
    from netspectra.own.sums import ActivationSums

    generator = torch.Generator().manual_seed(3)
    inputs = torch.arange(30).repeat_interleave(4)
    x = (
        torch.randn(30, 6, generator=generator).double()[inputs]
        + 0.1 * torch.randn(120, 6, generator=generator).double()
    )
    x = x - x.mean(0)
    sums = ActivationSums("a", nn.Linear(6, 6), 6, "all", 1)
    sums.add(Selected(x, inputs), 0)
    norms = x.square().sum(1).unflatten(0, (30, 4)).sum(1)
    total = (float(norms.sum()) / 119) ** 2 - float(norms.var()) / 16 / 30
    assert corrected_ratio(sums) == pytest.approx(total / unbiased_square(x, inputs), rel=1e-9)
    true = 6.0  # of isotropic inputs; the naive one is too small by about d / inputs
    eigenvalues = torch.linalg.eigvalsh(torch.cov(x.T))
    naive = float(eigenvalues.sum() ** 2 / eigenvalues.square().sum())
    assert abs(corrected_ratio(sums) - true) < true - naive


def similar(a, b):
    """All measures of two layers by the package's own measures of whole activations."""
    x, y = a - a.mean(0), b - b.mean(0)
    nuclear = float(torch.linalg.svdvals(x.T @ y).sum())
    return {
        "cca": float(cca(a, b).correlations.mean()),
        "svcca": float(svcca(a, b).correlations.mean()),
        "pwcca": pwcca(a, b).similarity,
        "cka": cka(a, b),
        "cka_debiased": cka(a, b, debiased=True),
        "procrustes": nuclear / float(x.norm() * y.norm()),
    }


def test_similarity_within_and_against(made):
    network, _, x, _, view = made
    own = activations(network, x)
    places = list(own)
    for lens, pairs in (
        ("similarity", [(a, b, j) for i, a in enumerate(places) for j, b in enumerate(places) if j > i]),
        ("against", [(a, a, k) for a in places for k in (0, 1)]),
    ):
        for a, b, at in pairs:
            other = own if lens == "similarity" else activations(perceptron(at + 1), x)
            rows = view.table[(view.table.lens == lens) & (view.table.layer == a) & (view.table.x == at)]
            rows = rows.set_index("quantity").value
            for measure, wanted in similar(own[a], other[b]).items():
                assert rows[measure] == pytest.approx(wanted, rel=1e-6), (lens, a, b, measure)
            ranks = (int(torch.linalg.matrix_rank(z - z.mean(0), rtol=1e-5)) for z in (own[a], other[b]))
            assert rows["cca_floor"] == null_mean(199, *ranks)


def test_comparing_recorded_activations_permutes_inputs_together(made):
    network, batches, x, _, _ = made
    first, second = (netspectra.wrap(n).record(batches) for n in (network, perceptron(1)))
    recorded = torch.from_numpy(first["2"].values).double()
    torch.testing.assert_close(recorded, activations(network, x)["2"], rtol=1e-5, atol=1e-6)
    found = netspectra.compare(first, second, by=ALL, permutations=30)
    rows = found[(found["first"] == "2")].set_index("measure")
    a, b = activations(network, x)["2"], activations(perceptron(1), x)["2"]
    for measure, wanted in similar(a, b).items():
        assert rows.value[measure] == pytest.approx(wanted, rel=1e-5)
    draws, maxima = [], []
    generator = torch.Generator().manual_seed(0)
    for _ in range(30):
        order = torch.randperm(200, generator=generator)
        per_layer = [
            similar(activations(network, x)[p], activations(perceptron(1), x)[p][order])["cka"] for p in ("0", "2", "4")
        ]
        draws.append(per_layer[1])
        maxima.append(max(per_layer))
    draws, maxima = torch.tensor(draws).double(), torch.tensor(maxima).double()
    assert rows.null_mean["cka"] == pytest.approx(float(draws.mean()), rel=1e-4)
    assert rows.null_high["cka"] == pytest.approx(float(draws.quantile(0.95)), rel=1e-4)
    threshold = float(draws.quantile(0.95))
    wanted = max(0.0, (rows.value["cka"] - threshold) / (1 - threshold))
    assert rows.calibrated["cka"] == pytest.approx(wanted, rel=1e-3)
    assert rows.p["cka"] == (1 + int((draws >= rows.value["cka"]).sum())) / 31
    largest = found[(found["first"] == "maximum") & (found.measure == "cka")].iloc[0]
    assert largest.null_mean == pytest.approx(float(maxima.mean()), rel=1e-4)
    assert largest.value == found[(found.measure == "cka") & (found["first"] != "maximum")].value.max()


def test_rows_of_an_input_stay_together_and_change_places_with_as_many():
    from netspectra.own.permuting import orders

    inputs = torch.tensor([0, 0, 1, 1, 2, 3, 3, 4, 5, 5])
    for order in orders(inputs, 20, torch.Generator().manual_seed(0)):
        moved = inputs[order]
        assert sorted(order.tolist()) == list(range(10))
        for own in range(6):
            came = moved[inputs == own]
            assert len(came.unique()) == 1
            assert len(came) == int((inputs == came[0]).sum())
            assert bool((order[inputs == own].diff() == 1).all())
    with pytest.raises(ValueError, match="two of as many rows"):
        orders(torch.tensor([0, 1, 1, 2, 2, 2]), 2, torch.Generator())


def right(network, x, y):
    with torch.no_grad():
        return int((network(x).argmax(1) == y).sum())


def test_clipping_equals_a_changed_copy(made):
    network, _, x, y, view = made
    rows = view.table[(view.table.lens == "clipping") & (view.table.layer == "2")]
    assert rows.x.tolist() == [1, 4]
    for row in rows.itertuples():
        changed = copy.deepcopy(network)
        u, s, vh = torch.linalg.svd(network[2].weight.detach(), full_matrices=False)
        rank = int(row.x)
        changed[2].weight.data = (u[:, :rank] * s[:rank]) @ vh[:rank]
        assert row.value == right(changed, x, y) / 200
        assert row.low <= row.value <= row.high


def test_pruning_equals_a_changed_copy(made):
    network, _, x, y, view = made
    with torch.no_grad():
        scores = {0: alignment(x, network[0].weight), 2: alignment(network[:2](x), network[2].weight)}
    for fraction, found in zip((0, 0.1, 0.25, 0.5, 0.75), values(view, "pruning", "pruned_high_accuracy"), strict=True):
        changed = copy.deepcopy(network)
        for i, score in scores.items():
            gone = score.argsort(descending=True)[: int(fraction * len(score) + 1e-9)]
            changed[i].weight.data[gone] = 0
            changed[i].bias.data[gone] = 0
        assert float(found) == pytest.approx(right(changed, x, y) / 200)


@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
def test_attack_equals_one_per_epsilon_and_finds_where_inputs_fall(loss):
    network, batches = perceptron(), vectors(60)
    if loss == "bce":
        batches = [(x, F.one_hot(y, 3).float()) for x, y in batches]
    epsilons = [0.0, 0.1, 0.4, 1.0]
    found = netspectra.wrap(network).attack(batches, epsilons=epsilons, loss=loss)
    x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
    x = x.clone().requires_grad_()
    compared = F.cross_entropy if loss == "cross_entropy" else F.binary_cross_entropy_with_logits
    compared(network(x), y, reduction="sum").backward()

    def told(epsilon):
        with torch.no_grad():
            scores = network(x + epsilon * x.grad.sign())
        return scores.argmax(1) == y if loss == "cross_entropy" else ((scores > 0) == (y > 0.5)).all(1)

    accuracy = found[found.quantity == "attacked_accuracy"].value.tolist()
    assert accuracy == pytest.approx([float(told(e).double().mean()) for e in epsilons])
    critical = torch.tensor(found[found.quantity == "critical_epsilon"].value.to_numpy())
    whole = torch.stack([told(e) for e in epsilons], 1)
    assert torch.equal(critical == 0, ~whole[:, 0])
    assert torch.equal(critical.isinf(), whole.all(1))
    assert bool((critical.isfinite() & (critical > 0)).any())
    for i in (critical.isfinite() & (critical > 0)).nonzero()[:, 0].tolist():
        first = int((~whole[i]).int().argmax())
        assert not bool(told(float(critical[i]))[i])
        below = float(critical[i]) - (epsilons[first] - epsilons[first - 1]) / 2**8
        assert bool(told(below)[i])


def test_rainbow_networks_are_those_of_the_lens_of_generation(made):
    network, batches, x, y, view = made
    inputs = [part for part, _ in batches]
    for seed, found in enumerate(values(view, "rainbow", "rainbow_accuracy").tolist()):
        drawn = generate(network, inputs, torch.Generator().manual_seed(seed))
        assert found == right(drawn, x, y) / 200
    assert value(view, "rainbow", "accuracy") == right(network, x, y) / 200


def test_active_subspace_of_the_last_layer(made):
    network, batches, x, y, view = made
    gradients = sample_gradients(network, x[:128], y[:128], loss="cross_entropy")[:, -27:]
    wanted = active_subspace(gradients).values
    found = values(view, "active_subspace", "loss_eigenvalue", "4")
    torch.testing.assert_close(found[:15], wanted[:15], rtol=1e-4, atol=1e-8 * float(wanted[0]))
    both = netspectra.wrap(network).active_subspace(batches, layers=["2", "4"], samples=50)
    gradients = sample_gradients(network, x[:50], y[:50], loss="cross_entropy")[:, 54:]
    torch.testing.assert_close(both.values[:10], active_subspace(gradients).values[:10], rtol=1e-4, atol=1e-9)


def test_replicates_give_means_and_intervals_over_networks():
    batches = vectors(60)
    several = [perceptron(seed) for seed in range(3)]
    view = netspectra.lens(several, batches, lenses=["spectra"])
    alone = [
        value(netspectra.lens(n, batches, lenses=["spectra"]), "spectra", "activation_dimension", "2") for n in several
    ]
    row = view.table[(view.table.quantity == "activation_dimension") & (view.table.layer == "2")].iloc[0]
    assert row.value == pytest.approx(np.mean(alone))
    half = 4.302652729911275 * np.std(alone, ddof=1) / 3**0.5  # Student's quantile of two degrees of freedom
    assert (row.low, row.high) == pytest.approx((np.mean(alone) - half, np.mean(alone) + half))
    assert view.facts["networks"] == 3
