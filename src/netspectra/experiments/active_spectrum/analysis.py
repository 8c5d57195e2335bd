"""Active subspace of a loss under a prior of the parameters: spectrum, eigenvectors, layers, sample size."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses import prior
from netspectra.lenses.gradients import blocks
from netspectra.lenses.prior import importance, layer_means, layer_places, rows
from netspectra.measures import decay, subspaces
from netspectra.measures.eigenspectra import Spectrum
from netspectra.measures.gradient_covariance import GradientCovariance
from netspectra.measures.subspace_accuracy import bootstrap, largest_angle
from netspectra.statistics.estimates import of_replicates
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.resampling import bias_corrected_eigenvalues

SHUFFLES = 20
SCALES = {
    "half": "log",
    "last": "log",
    "after": "log",
    "first": "log",
    "output": "log",
    "hidden": "log",
    "decade": "log",
}
SCALES |= {"share": "logit", "directions": "logit", "scale": "log", "error": "log", "sine": "logit", "distance": "log"}


@dataclass(frozen=True)
class Estimate:
    """Eigenvalues (parameters,) and leading eigenvectors (parameters, k) from so many samples."""

    samples: int
    values: torch.Tensor
    leading: torch.Tensor


@dataclass(frozen=True)
class Draw:
    """What one independent set of samples says: an estimate per number of samples, and the diagonal of C from all."""

    estimates: list[Estimate]
    mean_squares: torch.Tensor

    @property
    def last(self) -> Estimate:
        """From all samples of the set."""
        return self.estimates[-1]


def analyse(given: Given) -> Findings:
    """Draw independent sets of gradients; the first gives the pictures, all together what errors are measured from."""
    settings = given.settings
    net = prior.network(settings["setting"])
    draws, tables, total = [], [], GradientCovariance(prior.parameters(net), given.device)
    for replicate in range(settings["replicates"]):
        g = prior.draw(settings["setting"], settings["samples"], settings["seed"] + replicate, given.device)
        estimates, covariance = estimate(g, settings)
        draws.append(Draw(estimates, covariance.mean_squares()))
        total += covariance
        if not replicate:
            tables += pictures(net, g, covariance.covariance(), settings)
        del g, covariance  # before the next set is drawn
    if settings["setting"]["activation"] == "tanh":
        truth = prior.limit(total.covariance(), net)
    else:
        truth = one(total.covariance(), total.count, settings).values
    errors = error_table(draws, truth, settings)
    table = pd.concat([*tables, eigenvalue_rows(draws, truth), sensitivity_rows(draws, net), errors])
    return Findings(table, summarise(draws, net, errors, given))


def estimate(g: torch.Tensor, settings: dict) -> tuple[list[Estimate], GradientCovariance]:
    """Eigenvalues and leading eigenvectors from the first samples (samples, parameters), for every number of them."""
    parameters, covariance, done, found = g.shape[1], GradientCovariance(g.shape[1], g.device), 0, []
    for count in [*(round(f * parameters) for f in settings["fractions"]), len(g)]:
        if count < parameters:
            lead = leading(g[:count], "gradients", settings)
            found.append(Estimate(count, subspaces.active_eigenvalues(g[:count]), lead))
        else:
            covariance.update(g[done:count])
            found.append(one(covariance.covariance(), count, settings))
            done = count
    return found, covariance


def one(c: torch.Tensor, samples: int, settings: dict) -> Estimate:
    """The estimate from a C of at least as many samples as parameters."""
    values = subspaces.covariance_spectrum(c, samples, vectors=False, resolution=settings["resolution"]).values
    return Estimate(samples, values, leading(c, "covariance", settings))


def leading(matrix: torch.Tensor, of: str, settings: dict) -> torch.Tensor:
    """Leading eigenvectors by the randomised path."""
    generator = torch.Generator().manual_seed(settings["seed"])
    return subspaces.leading_subspace(
        matrix, settings["directions"], of=of, generator=generator, **settings["randomised"]
    ).vectors


def pictures(net: nn.Sequential, g: torch.Tensor, c: torch.Tensor, settings: dict) -> list[pd.DataFrame]:
    """What needs all eigenvectors: bands of the eigenvalues, the picture of the coefficients, shares of the layers."""
    spectrum = subspaces.covariance_spectrum(c, len(g), resolution=settings["resolution"])
    generator = torch.Generator().manual_seed(settings["seed"])
    count = settings["bootstrap"]["directions"]
    resampled = bootstrap(
        g, spectrum.vectors[:, :count], resamples=settings["bootstrap"]["resamples"], generator=generator
    )
    shown = settings["bootstrap"]["shown"]
    band = bias_corrected_eigenvalues(resampled[:, :shown].cpu(), spectrum.values[:shown].cpu())
    index, corner = np.arange(1, shown + 1), settings["corner"]
    return [
        rows("eigenvalue_low", index, band.low),
        rows("eigenvalue_high", index, band.high),
        image_rows("coefficient", spectrum, settings["cell"]),
        image_rows("corner", Spectrum(spectrum.values, spectrum.vectors[:corner, :corner]), 1),
        image_rows("bottom", Spectrum(spectrum.values, spectrum.vectors[-corner:, :corner]), 1),
        share_rows(net, spectrum, settings["bins"]),
    ]


def image_rows(quantity: str, spectrum: Spectrum, cell: int) -> pd.DataFrame:
    """log10 of the root mean square coefficient in squares of cell x cell; x and y are their first indices."""
    squares = spectrum.vectors.square()[None]
    pooled = torch.nn.functional.avg_pool2d(squares, cell, ceil_mode=True)[0]
    y, x = np.indices(pooled.shape)
    value = 0.5 * pooled.clamp(min=1e-300).log10().cpu().numpy()
    return rows(quantity, cell * x.ravel() + 1, value.ravel().round(3), y=cell * y.ravel() + 1)


def share_rows(net: nn.Sequential, spectrum: Spectrum, bins: int) -> pd.DataFrame:
    """Share of every layer in the squared length of the eigenvectors, averaged over bins of equal log index."""
    squares, count = spectrum.vectors.square(), spectrum.vectors.shape[1]
    edges = np.unique(np.geomspace(1, count + 1, bins).round().astype(int))
    frames = []
    for layer, place in layer_places(net).items():
        share = squares[place].sum(0).cpu().numpy()
        means = np.add.reduceat(share, edges[:-1] - 1) / np.diff(edges)
        frames.append(rows("share", np.sqrt(edges[:-1] * (edges[1:] - 1)), means, layer=layer))
    return pd.concat(frames)


def eigenvalue_rows(draws: list[Draw], truth: torch.Tensor) -> pd.DataFrame:
    """All eigenvalues of every set from all its samples, and the true ones."""
    index = np.arange(1, len(truth) + 1)
    frames = [rows("eigenvalue", index, d.last.values.cpu(), replicate=r) for r, d in enumerate(draws)]
    return pd.concat([*frames, rows("truth", index, truth.cpu())])


def sensitivity_rows(draws: list[Draw], net: nn.Sequential) -> pd.DataFrame:
    """Mean square of the derivative by a parameter of every tensor, and of its coefficients in leading eigenvectors."""
    frames = []
    for r, d in enumerate(draws):
        for quantity, scores in (("sensitivity", d.mean_squares), ("leading", leading_squares(d))):
            means = layer_means(scores, blocks(net))
            frames.append(rows(quantity, 0, list(means.values()), layer=list(means), replicate=r))
    return pd.concat(frames)


def error_table(draws: list[Draw], truth: torch.Tensor, settings: dict) -> pd.DataFrame:
    """Errors and ratios of eigenvalues, angles between one set and the next, share of zeros, against samples.

    Layer says of which eigenvalue or of how many eigenvectors, y which of the numbers of samples it is.
    """
    frames = []
    for replicate, d in enumerate(draws):
        for i, (mine, other) in enumerate(zip(d.estimates, draws[replicate - 1].estimates, strict=True)):
            found = {
                "ratio": eigenvalue_ratios(mine.values, truth, settings["ranks"]),
                "error": {"median": float(((mine.values - truth).abs() / truth).quantile(0.5))},
                "sine": {f"first{k}": sine(mine, other, k) for k in settings["subspaces"]},
                "zeros": {"all": float((mine.values == 0).double().mean())},
            }
            for quantity, by_name in found.items():
                layers, values = list(by_name), list(by_name.values())
                x = mine.samples / len(truth)
                frames.append(rows(quantity, x, values, y=i, layer=layers, replicate=replicate))
    return pd.concat(frames)


def eigenvalue_ratios(found: torch.Tensor, truth: torch.Tensor, ranks: list[float]) -> dict[str, float]:
    """Eigenvalues over the true ones: of the first one, and at shares of the parameters."""
    chosen = {"first": 1, **{f"{share:g}P": round(share * len(truth)) for share in ranks}}
    return {name: float(found[rank - 1] / truth[rank - 1]) for name, rank in chosen.items()}


def sine(one: Estimate, other: Estimate, k: int) -> float:
    """Sine of the largest angle between the spans of the first k eigenvectors of two estimates."""
    return float(np.sin(largest_angle(one.leading[:, :k], other.leading[:, :k])))


def summarise(draws: list[Draw], net: nn.Sequential, errors: pd.DataFrame, given: Given) -> Metrics:
    """Shape and scale of the spectrum, importance of the layers, errors by number of samples, and their controls."""
    metrics, settings = Metrics(), given.settings
    spectra = [d.last.values.cpu().numpy() for d in draws]
    generator = torch.Generator().manual_seed(settings["seed"])
    noise = [decay.of_noise(len(spectra[0]), settings["samples"], generator) for _ in draws]
    for suffix, of in (("", spectra), ("_noise", noise)):
        add(metrics, decay.all_of([numbers(values, given) for values in of]), suffix)
    for name, of in (("leading", map(leading_squares, draws)), ("all", (d.mean_squares for d in draws))):
        found = list(of)
        add(metrics, decay.all_of([importance(layer_means(f, layer_places(net))) for f in found]), f"_{name}")
        add(metrics, decay.all_of([shuffled(f, net, generator) for f in found]), f"_{name}_shuffled")
    add(metrics, decay.all_of([places_of(d.last.leading, net, settings["gap"]) for d in draws]))
    mixed = [d.last.leading[torch.randperm(len(d.last.leading), generator=generator)] for d in draws]
    add(metrics, decay.all_of([places_of(vectors, net, settings["gap"]) for vectors in mixed]), "_shuffled")
    names = [*(f"{f:g}" for f in settings["fractions"]), "all"]
    for (quantity, layer, i), found in errors[errors.quantity.isin(["error", "sine"])].groupby(
        ["quantity", "layer", "y"]
    ):
        where = "before_gap" if layer == f"first{settings['gap']}" else layer
        add(metrics, {f"{quantity}_{where}_{names[i]}": found.value.tolist()})
    zeros = [(int((e.values == 0).sum()), max(0, len(e.values) - e.samples)) for d in draws for e in d.estimates]
    metrics.number("zeros_off", max(abs(found - expected) for found, expected in zeros))
    return metrics


def shuffled(scores: torch.Tensor, net: nn.Sequential, generator: torch.Generator) -> dict[str, float]:
    """Importance of the layers with the parameters' scores in random order, geometric means over some orders."""
    places, found = layer_places(net), []
    for _ in range(SHUFFLES):
        order = torch.randperm(len(scores), generator=generator).to(scores.device)
        found.append(importance(layer_means(scores[order], places)))
    return {name: float(np.exp(np.log(values).mean())) for name, values in decay.all_of(found).items()}


def places_of(leading: torch.Tensor, net: nn.Sequential, gap: int) -> dict[str, float]:
    """Share of eigenvectors before the gap that lies on the first weights, of as many behind it on the first biases."""
    first = next(iter(layer_places(net)))
    squares, at = leading.square(), blocks(net)
    return {
        "share_on_first_weights": float(squares[at[f"{first}.weight"], :gap].sum(0).mean()),
        "share_on_first_biases": float(squares[at[f"{first}.bias"], gap : 2 * gap].sum(0).mean()),
    }


def add(metrics: Metrics, found: dict[str, list[float]], suffix: str = "") -> None:
    """Add the mean over independent sets of every number, on the scale of its kind."""
    for name, values in found.items():
        metrics.put(f"{name}{suffix}", of_replicates(values, SCALES[name.split("_")[0]]))


def numbers(values: np.ndarray, given: Given) -> dict[str, float]:
    """Shape of a spectrum, its distance from the published one, and its scale over that at the gap, read both ways.

    The scale is that of the snapshot matrix G / sqrt(N), as the document writes C, or of G / N.
    """
    settings, read = given.settings, dict(zip(given.published["index"], given.published["eigenvalue"], strict=True))
    scale = values[settings["gap"] - 1] / read.get(settings["gap"], 1.0)
    return decay.shape(values, gap=settings["gap"], middle=settings["middle"], held=settings["held"]) | {
        "distance": decay.distance(values, list(read), list(read.values())),
        "scale_over_published": scale,
        "scale_over_published_if_over_n": scale / settings["samples"],
    }


def leading_squares(draw: Draw) -> torch.Tensor:
    """Mean squared coefficient of every parameter in the leading eigenvectors, (parameters,)."""
    return draw.last.leading.square().mean(1)
