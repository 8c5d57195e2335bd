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
from netspectra.measures import subspaces
from netspectra.measures.eigenspectra import Spectrum
from netspectra.statistics.intervals import Metrics


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
    net = prior.network(settings["setting"]["widths"], settings["setting"]["activation"])
    draws, tables, total = [], [], subspaces.GradientCovariance(prior.parameters(net), given.device)
    for replicate in range(settings["replicates"]):
        g = prior.draw(settings["setting"], settings["samples"], settings["seed"] + replicate, given.device)
        estimates, covariance = estimate(g, settings)
        draws.append(Draw(estimates, covariance.mean_squares()))
        total += covariance
        if not replicate:
            tables += pictures(net, g, covariance.covariance(), settings)
        del g, covariance  # before the next set is drawn
    if prior.is_odd(settings["setting"]):
        truth = prior.limit(total.mean_squares(), net)
    else:
        truth = one(total.covariance(), total.count, settings).values
    errors = error_table(draws, truth, settings)
    table = pd.concat([*tables, eigenvalue_rows(draws, truth), sensitivity_rows(draws, net), errors])
    return Findings(table, summarise(draws, net, errors, settings))


def estimate(g: torch.Tensor, settings: dict) -> tuple[list[Estimate], subspaces.GradientCovariance]:
    """Eigenvalues and leading eigenvectors from the first samples (samples, parameters), for every number of them."""
    parameters, covariance, done, found = g.shape[1], subspaces.GradientCovariance(g.shape[1], g.device), 0, []
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
    bands = subspaces.bootstrap(
        g, spectrum.vectors[:, :count], resamples=settings["bootstrap"]["resamples"], generator=generator
    )
    index = np.arange(1, count + 1)
    return [
        rows("eigenvalue_low", index, bands.low.cpu()),
        rows("eigenvalue_high", index, bands.high.cpu()),
        image_rows("coefficient", spectrum, settings["cell"]),
        image_rows(
            "corner", Spectrum(spectrum.values, spectrum.vectors[: settings["corner"], : settings["corner"]]), 1
        ),
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
    """Errors of eigenvalues, angles between one set and the next, and share of zeros, against samples over parameters.

    Layer says of which eigenvalue or of how many eigenvectors, y which of the numbers of samples it is.
    """
    frames = []
    for replicate, d in enumerate(draws):
        for i, (mine, other) in enumerate(zip(d.estimates, draws[replicate - 1].estimates, strict=True)):
            found = {
                "error": eigenvalue_errors(mine.values, truth, settings["ranks"]),
                "sine": {f"first{k}": sine(mine, other, k) for k in settings["subspaces"]},
                "zeros": {"all": float((mine.values == 0).double().mean())},
            }
            for quantity, by_name in found.items():
                layers, values = list(by_name), list(by_name.values())
                x = mine.samples / len(truth)
                frames.append(rows(quantity, x, values, y=i, layer=layers, replicate=replicate))
    return pd.concat(frames)


def eigenvalue_errors(found: torch.Tensor, truth: torch.Tensor, ranks: list[float]) -> dict[str, float]:
    """Relative errors: median over all eigenvalues, of the first one, and at shares of the parameters."""
    relative = (found - truth).abs() / truth
    chosen = {"first": 1, **{f"{share:g}P": round(share * len(relative)) for share in ranks}}
    return {
        "median": float(relative.quantile(0.5)),
        **{name: float(relative[rank - 1]) for name, rank in chosen.items()},
    }


def sine(one: Estimate, other: Estimate, k: int) -> float:
    """Sine of the largest angle between the spans of the first k eigenvectors of two estimates."""
    return float(np.sin(subspaces.largest_angle(one.leading[:, :k], other.leading[:, :k])))


def summarise(draws: list[Draw], net: nn.Sequential, errors: pd.DataFrame, settings: dict) -> Metrics:
    """Shape of the spectrum, importance of the layers, and errors by number of samples."""
    metrics = Metrics()
    shapes = [shape(d.last.values.cpu().numpy(), settings) for d in draws]
    for name in shapes[0]:
        metrics.add(name, [found[name] for found in shapes])
    places = layer_places(net)
    for kind, scores in (("leading", map(leading_squares, draws)), ("all", (d.mean_squares for d in draws))):
        ratios = [importance(layer_means(found, places)) for found in scores]
        for name in ratios[0]:
            metrics.add(f"{name}_{kind}", [ratio[name] for ratio in ratios])
    names = [*(f"{f:g}" for f in settings["fractions"]), "all"]
    for (quantity, layer, i), found in errors[errors.quantity != "zeros"].groupby(["quantity", "layer", "y"]):
        where = "before_gap" if layer == f"first{settings['gap']}" else layer
        metrics.add(f"{quantity}_{where}_{names[i]}", found.value.tolist())
    wide = errors[(errors.quantity == "error") & (errors.layer == "median")].pivot(
        index="y", columns="replicate", values="value"
    )
    metrics.add("error_half_over_all", (wide.loc[settings["fractions"].index(0.5)] / wide.iloc[-1]).tolist())
    zeros = [(int((e.values == 0).sum()), max(0, len(e.values) - e.samples)) for d in draws for e in d.estimates]
    metrics.number("zeros_off", max(abs(found - expected) for found, expected in zeros))
    return metrics


def shape(values: np.ndarray, settings: dict) -> dict[str, float]:
    """Numbers that describe a spectrum without its scale."""
    size, gap, edge = len(values), settings["gap"], (1 - settings["middle"]) / 2
    middle = slice(round(edge * size), round((1 - edge) * size))
    held = np.cumsum(values) / values.sum()
    return {
        "half_over_first": values[size // 2 - 1] / values[0],
        "last_over_first": values[-1] / values[0],
        "after_gap_over_before": values[gap] / values[gap - 1],
        "first_over_gap": values[0] / values[gap - 1],
        "fifth_over_gap": values[size // 5 - 1] / values[gap - 1],
        "log_linearity": np.corrcoef(np.arange(size)[middle], np.log10(values[middle]))[0, 1] ** 2,
        "share_before_gap": held[gap - 1],
        **{f"directions_of_{100 * share:g}": (1 + np.searchsorted(held, share)) / size for share in settings["held"]},
    }


def leading_squares(draw: Draw) -> torch.Tensor:
    """Mean squared coefficient of every parameter in the leading eigenvectors, (parameters,)."""
    return draw.last.leading.square().mean(1)
