"""What every public measure promises of what it is given: arrays alike, any precision and scale, nothing changed."""

import dataclasses
import importlib
import inspect
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch

from netspectra.measures import (
    alignment,
    canonical,
    cca_inference,
    cka,
    dependence,
    dft_cca,
    eigenspectra,
    gradient_covariance,
    moments,
    power_laws,
    procrustes,
    projection,
    pwcca,
    rainbow,
    random_matrices,
    sample_subspaces,
    subspace_accuracy,
    subspaces,
)
from netspectra.measures.checks import Array
from netspectra.measures.eigenspectra import Spectrum

MODULES = (
    *("alignment", "canonical", "cca_inference", "cka", "dependence", "dft_cca", "eigenspectra", "gradient_covariance"),
    *("moments", "power_laws", "procrustes", "projection", "pwcca", "rainbow", "random_matrices", "sample_subspaces"),
    *("subspace_accuracy", "subspaces"),
)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def layer(seed):
    return 2 * normal(60, 5, seed=seed) @ normal(5, 5, seed=9) + 1


def second_moment(seed):
    return layer(seed).T @ layer(seed) / 60


def source():
    return torch.Generator().manual_seed(3)


def spectrum():
    values, vectors = torch.linalg.eigh(second_moment(4))
    return Spectrum(values.flip(0), vectors.flip(1))


@dataclasses.dataclass(frozen=True)
class Case:
    """A call with good arguments.

    free: what of the result does not depend on the scale of the arguments, if anything.
    named: what errors call the arguments, where they have another name.
    unread: whether NaN is let through for speed.
    """

    call: Callable
    given: dict[str, torch.Tensor]
    free: Callable | None = None
    named: dict[str, str] = dataclasses.field(default_factory=dict)
    unread: bool = False


def whole(result):
    return result


def vectors(result):
    return result.vectors.square()


def streamed(dim, *batches):
    total = moments.Moments(dim)
    for x in batches:
        total.update(x)
    return total.mean, total.covariance(), total.covariance(centred=False)


def streamed_gradients(gradients):
    total = gradient_covariance.GradientCovariance(6).update(gradients)
    return total.covariance(), total.mean_squares()


def factors(entering, delta):
    return [sample_subspaces.SampleFactor("fc", entering, delta, True)]


def sample_activity(entering, delta):
    subspace = sample_subspaces.SampleSubspace(normal(12).abs(), torch.linalg.qr(normal(12, 12))[0])
    return sample_subspaces.sample_activity(factors(entering, delta), subspace, 3)


PAIR = {"x": layer(0), "y": layer(1) + layer(0)}
MAPS = {"x": normal(40, 3, 4, 4), "y": normal(40, 2, 4, 4, seed=1)}
RHO = {"correlations": torch.tensor([0.9, 0.5, 0.25], dtype=torch.float64)}
VALUES = {"values": torch.linspace(9, 1, 20, dtype=torch.float64) ** 2}
GRADIENTS = {"gradients": normal(20, 6) * torch.arange(1, 7)}
MOMENTS = {"cross": layer(0).T @ layer(1) / 60, "x_cov": second_moment(0), "y_cov": second_moment(1)}
ALIGNED = {**MOMENTS, "alignment": torch.linalg.qr(normal(5, 5))[0]}
FACTORS = {"entering": normal(12, 4), "delta": normal(12, 3, seed=1)}
FACTOR_NAMES = {"entering": "entering of fc", "delta": "delta of fc"}
WEIGHT = {"weight": normal(7, 5)}
OUTPUTS = {"inputs": layer(0), "outputs": layer(0) @ normal(7, 5).T, "weight": normal(7, 5)}

CASES = {
    "alignment.alignment": Case(alignment.alignment, {"inputs": layer(0), **WEIGHT}, whole),
    "alignment.alignment, of second moments": Case(
        lambda inputs, weight: alignment.alignment(inputs, weight, centred=False), {"inputs": layer(0), **WEIGHT}, whole
    ),
    "alignment.of_outputs": Case(alignment.of_outputs, OUTPUTS, unread=True),
    "alignment.chance": Case(alignment.chance, {"inputs": layer(0)}, whole),
    "canonical.cca": Case(canonical.cca, PAIR, lambda found: found.correlations),
    "canonical.cca, in float32": Case(lambda x, y: canonical.cca(x, y, single=True).correlations, PAIR, whole),
    "canonical.cca, shrunk": Case(lambda x, y: canonical.cca(x, y, ridge=0.1).correlations, PAIR, whole),
    "canonical.correlate": Case(canonical.correlate, PAIR, lambda found: found.correlations),
    "canonical.svcca": Case(lambda x, y: canonical.svcca(x, y, keep=3), PAIR, lambda found: found.correlations),
    "pwcca.pwcca": Case(pwcca.pwcca, PAIR, whole),
    "pwcca.pwcca, tutorial": Case(lambda x, y: pwcca.pwcca(x, y, form="tutorial"), PAIR, whole),
    "canonical.mean_correlation": Case(canonical.mean_correlation, RHO),
    "canonical.all_pairs": Case(lambda x, y: canonical.all_pairs({"x": x, "y": y}), PAIR, whole),
    "cca_inference.bartlett_tests": Case(partial(cca_inference.bartlett_tests, samples=30, dx=3, dy=4), RHO),
    "cca_inference.bartlett_rank": Case(partial(cca_inference.bartlett_rank, samples=30, dx=3, dy=4), RHO),
    "cca_inference.permutation_null": Case(
        lambda x, y: cca_inference.permutation_null(x, y, groups=4, permutations=3, generator=source()), PAIR, whole
    ),
    "cka.cka": Case(cka.cka, PAIR, whole),
    "cka.cka, debiased": Case(lambda x, y: cka.cka(x, y, debiased=True), PAIR, whole),
    "dependence.effective_samples": Case(lambda x, y: dependence.effective_samples(x, y, groups=4), PAIR, whole),
    "dft_cca.dft_cca": Case(dft_cca.dft_cca, MAPS, whole),
    "eigenspectra.eigenspectrum": Case(eigenspectra.eigenspectrum, {"cov": second_moment(0)}, vectors),
    "eigenspectra.weight_spectrum": Case(eigenspectra.weight_spectrum, WEIGHT, vectors),
    "eigenspectra.participation_ratio": Case(eigenspectra.participation_ratio, VALUES, whole),
    "moments.Moments": Case(lambda x: streamed(5, x, x), {"x": layer(0)}),
    "power_laws.power_law": Case(
        lambda values: power_laws.power_law(values, resamples=20, generator=source()),
        VALUES,
        lambda found: (found.exponent, found.interval, found.r_squared),
    ),
    "power_laws.density_power_law": Case(
        lambda values: power_laws.density_power_law(values, 1.0, 81.0, resamples=20, generator=source()), VALUES
    ),
    "procrustes.align": Case(procrustes.align, {"cross": MOMENTS["cross"]}, whole),
    "procrustes.correlation": Case(procrustes.correlation, MOMENTS, whole),
    "procrustes.correlation, held out": Case(
        lambda cross, x_cov, y_cov, alignment: procrustes.correlation(cross, x_cov, y_cov, alignment=alignment), ALIGNED
    ),
    "procrustes.explained_variance": Case(procrustes.explained_variance, MOMENTS, whole),
    "procrustes.explained_variance, unscaled": Case(
        lambda cross, x_cov, y_cov: procrustes.explained_variance(cross, x_cov, y_cov, rescale=False), MOMENTS, whole
    ),
    "projection.keep_high_variance": Case(
        lambda weight: projection.keep_high_variance(weight, spectrum(), 0.1), WEIGHT, lambda w: w / w.abs().max()
    ),
    "power_laws.lognormal_ratio": Case(lambda values: power_laws.lognormal_ratio(values, 1.0, 81.0), VALUES),
    "rainbow.sample_weights": Case(
        lambda weight: rainbow.sample_weights(weight, source()), WEIGHT, lambda w: w / w.abs().max()
    ),
    "random_matrices.marchenko_pastur_density": Case(
        lambda values: random_matrices.marchenko_pastur_density(values, 40, 20, 20.0), VALUES
    ),
    "random_matrices.bulk_variance": Case(lambda values: random_matrices.bulk_variance(values, 40, 20), VALUES),
    "sample_subspaces.sample_gram": Case(
        lambda entering, delta: sample_subspaces.sample_gram(factors(entering, delta)), FACTORS, named=FACTOR_NAMES
    ),
    "sample_subspaces.sample_subspace": Case(
        lambda entering, delta: sample_subspaces.sample_subspace(factors(entering, delta)).values,
        FACTORS,
        named=FACTOR_NAMES,
    ),
    "sample_subspaces.sample_activity": Case(sample_activity, FACTORS, named=FACTOR_NAMES),
    "gradient_covariance.GradientCovariance": Case(streamed_gradients, GRADIENTS),
    "subspaces.active_subspace": Case(subspaces.active_subspace, GRADIENTS, vectors),
    "subspaces.active_eigenvalues": Case(subspaces.active_eigenvalues, GRADIENTS),
    "subspaces.covariance_spectrum": Case(
        lambda covariance: subspaces.covariance_spectrum(covariance, 60), {"covariance": second_moment(0)}, vectors
    ),
    "subspaces.leading_subspace": Case(
        lambda matrix: subspaces.leading_subspace(matrix, 2, generator=source()), {"matrix": normal(20, 6)}, vectors
    ),
    "subspace_accuracy.bootstrap": Case(
        lambda gradients, vectors: subspace_accuracy.bootstrap(gradients, vectors, resamples=5, generator=source()),
        {**GRADIENTS, "vectors": torch.linalg.qr(normal(6, 3))[0]},
    ),
    "subspace_accuracy.largest_angle": Case(
        subspace_accuracy.largest_angle, {"first": normal(6, 2), "second": normal(6, 2, seed=1)}, whole
    ),
}  # fmt: skip
NUMBERS_ONLY = {
    "cca_inference.null_edges", "cca_inference.null_edge", "cca_inference.null_mean", "cca_inference.warn_few_samples",
    "random_matrices.marchenko_pastur_edges", "random_matrices.marchenko_pastur_spectrum",
    "eigenspectra.enough_samples",
}  # fmt: skip
INSIDE = {
    # Parts of others that are handed what was checked already, and what the convolutions' own tests hold.
    "cca_inference.ordered", "dependence.effective", "dependence.rows_of_inputs", "rainbow.draw_rows",
    "rainbow.draw_channels",
    "canonical.whitened_pair", "subspaces.of_scaled", "subspaces.activity", "alignment.of_convolution",
    "alignment.patches", "dft_cca.frequency_weights", "dft_cca.mean_over_frequencies", "dft_cca.whiten_frequencies",
}  # fmt: skip
EACH = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
ARGUMENTS = [(name, argument) for name, case in CASES.items() for argument in case.given]


def parts(result) -> list[torch.Tensor]:
    """All numbers of a result, as tensors."""
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, dict):
        result = list(result.values())
    if dataclasses.is_dataclass(result):
        result = [getattr(result, field.name) for field in dataclasses.fields(result)]
    if isinstance(result, list | tuple):
        return [part for item in result for part in parts(item)]
    return [torch.tensor(result)]


def close(found, wanted, rtol):
    found, wanted = parts(found), parts(wanted)
    assert len(found) == len(wanted) > 0
    for a, b in zip(found, wanted, strict=True):
        scale = float(b[b.isfinite()].abs().max())
        torch.testing.assert_close(a.double(), b.double(), rtol=rtol, atol=rtol * scale)


def test_the_table_is_whole():
    public = {
        f"{name}.{member}"
        for name in MODULES
        for member, value in vars(importlib.import_module(f"netspectra.measures.{name}")).items()
        if inspect.isfunction(value) and not member.startswith("_") and value.__module__.endswith(f".{name}")
    }
    tabled = {name.split(",")[0] for name in CASES}
    assert public - tabled - NUMBERS_ONLY - INSIDE == set()
    assert (tabled | NUMBERS_ONLY | INSIDE) - public == {"moments.Moments", "gradient_covariance.GradientCovariance"}


@EACH
def test_arrays_are_as_good_as_tensors(case):
    arrays = {name: x.numpy() for name, x in case.given.items()}
    for found, wanted in zip(parts(case.call(**arrays)), parts(case.call(**case.given)), strict=True):
        assert found.dtype == wanted.dtype
        assert torch.equal(found, wanted)


@EACH
def test_arrays_of_any_layout_are_as_good(case):
    wanted = case.call(**case.given)
    backwards = {name: np.ascontiguousarray(x.numpy()[::-1])[::-1] for name, x in case.given.items()}
    swapped = {name: x.numpy().astype(">f8") for name, x in case.given.items()}
    fixed = {name: x.numpy().copy() for name, x in case.given.items()}
    for x in fixed.values():
        x.flags.writeable = False
    for arrays in (backwards, swapped, fixed):
        close(case.call(**arrays), wanted, 1e-9)


@EACH
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_any_precision_gives_what_float64_gives_of_the_same_numbers(case, dtype):
    given = {name: x.to(dtype) for name, x in case.given.items()}
    found, wanted = case.call(**given), case.call(**{name: x.double() for name, x in given.items()})
    returned = [torch.finfo(part.dtype).eps for part in parts(found) if part.is_floating_point()]
    close(found, wanted, max([1e-4, *(4 * eps for eps in returned)]))


@EACH
def test_nothing_is_changed_and_no_graph_is_kept(case):
    given = {name: x.clone().requires_grad_() for name, x in case.given.items()}
    for part in parts(case.call(**given)):
        assert not part.requires_grad
    for name, x in given.items():
        assert torch.equal(x.detach(), case.given[name])
        assert x.requires_grad
        assert x.grad is None
    parameters = {name: torch.nn.Parameter(x) for name, x in given.items()}
    assert not any(part.requires_grad for part in parts(case.call(**parameters)))


@pytest.mark.parametrize("factor", [1e-170, 1e-60, 1e60, 1e150])
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.free])
def test_scale_is_immaterial(name, factor):
    case = CASES[name]
    scaled = {argument: factor * x for argument, x in case.given.items()}
    tolerance = 1e-5 if "float32" in name else 1e-7
    close(case.free(case.call(**scaled)), case.free(case.call(**case.given)), tolerance)


def test_directions_are_those_of_the_activations_as_given():
    for factor in (1e-170, 1.0, 1e150):
        found = canonical.cca(factor * PAIR["x"], PAIR["y"])
        variables = (factor * PAIR["x"] - (factor * PAIR["x"]).mean(0)) @ found.x_directions
        torch.testing.assert_close(variables.T @ variables, torch.eye(5, dtype=torch.float64), rtol=0, atol=1e-9)


def spoiled(x, value):
    bad = x.clone(memory_format=torch.contiguous_format)
    bad.view(-1)[0] = value
    return bad


BAD = {
    "NaN": (lambda x: spoiled(x, torch.nan), r"wanted finite values, found [12] NaN or infinite of \d+; remove"),
    "infinity": (lambda x: spoiled(x, torch.inf), r"wanted finite values, found [12] NaN or infinite of \d+; remove"),
    "empty": (lambda x: x[:0], "wanted .*(empty tensor of shape|\\(0)"),
    "complex": (lambda x: x + 1j, "wanted a floating tensor or numpy array, found torch.complex128; pass its real"),
    "whole": (
        lambda x: x.long(),
        "wanted a floating tensor or numpy array, found torch.int64; convert it with .double",
    ),
    "whole array": (
        lambda x: x.long().numpy(),
        "wanted a floating tensor or numpy array, found numpy int64; convert it",
    ),
    "complex array": (lambda x: (x + 1j).numpy(), "wanted a floating tensor .*, found torch.complex128; pass its real"),
    "list": (lambda x: x.tolist(), "wanted a floating tensor or numpy array, found list; convert it with torch.tensor"),
    "sparse": (lambda x: x.to_sparse(), "wanted a dense tensor, found layout torch.sparse_coo; convert it"),
}


if np.finfo(np.longdouble).bits > 64:
    BAD["long double"] = (lambda x: x.numpy().astype(np.longdouble), "wanted a floating tensor .*, found numpy float")
READ = ("NaN", "infinity")


@pytest.mark.parametrize(
    ("name", "argument", "kind"),
    [(*pair, kind) for pair in ARGUMENTS for kind in BAD if kind not in READ or not CASES[pair[0]].unread],
)
def test_bad_arguments_are_named(name, argument, kind):
    case, (spoil, message) = CASES[name], BAD[kind]
    given = {**case.given, argument: spoil(case.given[argument])}
    with pytest.raises(ValueError, match=f"^{case.named.get(argument, argument)}: {message}"):
        case.call(**given)


OF_ANY_SHAPE = "random_matrices.marchenko_pastur_density"
OF_ANY_DEPTH = ("eigenspectra.weight_spectrum", "rainbow.sample_weights")  # (nodes, ...)


@pytest.mark.parametrize(
    ("name", "argument", "shape"),
    [
        (name, argument, (3,) if name in OF_ANY_DEPTH else shape)
        for name, argument in ARGUMENTS
        for shape in ((3, 3, 3, 3, 3), ())
        if name != OF_ANY_SHAPE
    ],
)
def test_wrong_shapes_are_named(name, argument, shape):
    case = CASES[name]
    named = case.named.get(argument, argument)
    if name == "alignment.of_outputs" and shape:  # stacks of any depth, which have to fit each other
        named = "outputs"
    with pytest.raises(ValueError, match=rf"{named}.*: wanted .*found"):
        case.call(**{**case.given, argument: torch.ones(shape, dtype=torch.float64)})


def test_half_precision_has_alignment_where_its_squares_have_none():
    """What the fault was: products of small numbers are zero in float16, and NaN follows."""
    inputs, weight = 1e-4 * layer(0), 1e-4 * normal(7, 5)
    half = [x.half() for x in (inputs, inputs @ weight.T * 1e4, weight)]
    found = alignment.of_outputs(*half)
    assert found.dtype == torch.float32
    close(found, alignment.of_outputs(*(x.double() for x in half)), 1e-4)
    assert torch.isfinite(found).all()


@pytest.mark.parametrize("value", [0.0, 0.1, 3.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_inputs_that_never_vary_have_no_alignment(value, dtype):
    inputs, weight = torch.full((50, 5), value, dtype=dtype), normal(7, 5).to(dtype)
    for call in (alignment.alignment, lambda x, w: alignment.alignment(x, w, relative=False)):
        with pytest.raises(ValueError, match="inputs: wanted activations that vary over samples, found all 5 neurons"):
            call(inputs, weight)
    with pytest.raises(ValueError, match="inputs: wanted activations that vary"):
        alignment.chance(inputs)
    stack = torch.stack([inputs, layer(0)[:50].to(dtype)])
    found = alignment.of_outputs(stack, stack @ weight.T + 0.3, weight.expand(2, 7, 5))
    assert found[0].isnan().all()
    close(found[1], alignment.alignment(stack[1], weight), 1e-4)
    if value:
        assert alignment.alignment(inputs, weight, centred=False).isfinite().all()
    else:
        with pytest.raises(ValueError, match="inputs: wanted activations that vary"):
            alignment.alignment(inputs, weight, centred=False)


def test_nodes_of_any_length_have_their_alignment_and_those_without_weights_none():
    weight = normal(4, 5)
    lengths = torch.tensor([[1.0], [1e-200], [1e200], [0.0]], dtype=torch.float64)
    found, wanted = alignment.alignment(layer(0), lengths * weight), alignment.alignment(layer(0), weight)
    close(found[:3], wanted[:3], 1e-12)
    assert found[3].isnan()
    projected = projection.keep_high_variance(lengths * weight, spectrum(), 0.1)
    close(projected[1] / 1e-200, projection.keep_high_variance(weight, spectrum(), 0.1)[1], 1e-12)


@pytest.mark.parametrize(
    "call",
    [
        lambda: streamed(5, 1e160 * layer(0)),
        lambda: streamed_gradients(1e160 * GRADIENTS["gradients"]),
        lambda: subspaces.active_subspace(1e160 * GRADIENTS["gradients"]),
        lambda: subspaces.active_eigenvalues(1e160 * GRADIENTS["gradients"]),
        lambda: eigenspectra.weight_spectrum(1e160 * WEIGHT["weight"]),
        lambda: alignment.alignment(1e160 * layer(0), WEIGHT["weight"], relative=False),
    ],
)
def test_what_float64_cannot_hold_is_refused(call):
    with pytest.raises(ValueError, match=": wanted values whose squares float64 can hold"):
        call()


def test_accumulators_of_unequal_size_do_not_add():
    with pytest.raises(ValueError, match="moments: wanted dim 5 on both sides, found 1"):
        moments.Moments(5) + moments.Moments(1).update(torch.ones(3, 1))
    total = gradient_covariance.GradientCovariance(5).update(torch.ones(3, 5))
    with pytest.raises(ValueError, match="covariance: wanted 5 parameters on both sides, found 1"):
        total += gradient_covariance.GradientCovariance(1).update(torch.ones(3, 1))
    assert total.count == 3
    with pytest.raises(TypeError):
        moments.Moments(5) + 1
    with pytest.raises(TypeError):
        total += torch.ones(5, 5)


class OnMPS(torch.Tensor):
    """A tensor that says that it lies where there is no float64, and refuses it."""

    @property
    def device(self):
        return torch.device("mps")

    def cpu(self):
        return self.as_subclass(torch.Tensor)

    def double(self):
        raise TypeError("Cannot convert a MPS Tensor to float64 dtype")


@EACH
def test_what_lies_where_there_is_no_float64_is_measured_on_the_cpu(case):
    given = {name: x.float().as_subclass(OnMPS) for name, x in case.given.items()}
    wanted = parts(case.call(**{name: x.float() for name, x in case.given.items()}))
    for found, expected in zip(parts(case.call(**given)), wanted, strict=True):
        assert type(found) is torch.Tensor
        assert torch.equal(found, expected)


def test_accumulators_live_where_there_is_float64():
    assert moments.Moments(3, "mps").mean.device.type == "cpu"
    assert gradient_covariance.GradientCovariance(3, "mps").covariance.__self__._lower.device.type == "cpu"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: moments.Moments(0), "dim: wanted 1 or more, found 0"),
        (lambda: moments.Moments(2.5), "dim: wanted 1 or more, found 2.5"),
        (lambda: gradient_covariance.GradientCovariance(3).mean_squares(), "covariance: wanted at least one gradient"),
        (lambda: subspaces.covariance_spectrum(torch.eye(3), 0), "samples: wanted 1 or more, found 0"),
        (lambda: subspaces.covariance_spectrum(torch.ones(3, 3).tril(), 4), "covariance: wanted a symmetric matrix"),
        (lambda: subspace_accuracy.largest_angle(torch.ones(4, 2), normal(4, 2)), "first: wanted columns that span"),
        (lambda: eigenspectra.participation_ratio(torch.tensor([2.0, -1.0])), "values: wanted no negative eigenvalue"),
        (lambda: power_laws.power_law(torch.tensor([1.0, 2.0, 3.0])), "values: wanted descending order, found 2"),
        (lambda: random_matrices.bulk_variance(torch.ones(3), 5, 4), r"values: wanted .* = 4, found 3"),
        (lambda: random_matrices.bulk_variance(torch.ones(3), 0, 4), "nodes: wanted a number above zero, found 0"),
        (lambda: cca_inference.null_mean(10, 0, 3), "dx: wanted 1 or more, found 0"),
        (lambda: cca_inference.null_edge(float("nan"), 2, 3), "samples: wanted 1 or more, found nan"),
        (lambda: sample_subspaces.sample_gram([]), "factors: wanted one layer or more, found none"),
        (
            lambda: sample_subspaces.sample_gram(factors(torch.ones(3, 2), torch.ones(4, 2))),
            r"delta of fc: wanted as many samples as entering of fc \(3\), found 4",
        ),
        (lambda: alignment.of_outputs(normal(4, 3), normal(4, 2), normal(2, 4)), r"weight: wanted .* 2, 3\), found"),
        (lambda: alignment.of_outputs(normal(4, 3), normal(5, 2), normal(2, 3)), r"outputs: wanted .* 4, 2\), found"),
    ],
)  # fmt: skip
def test_bad_options_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_annotations_offer_arrays():
    """Whoever reads a signature sees what it takes."""
    for name in ("eigenspectra.eigenspectrum", "procrustes.align", "subspaces.active_subspace"):
        module, function = name.split(".")
        signature = inspect.signature(getattr(importlib.import_module(f"netspectra.measures.{module}"), function))
        assert next(iter(signature.parameters.values())).annotation == Array
