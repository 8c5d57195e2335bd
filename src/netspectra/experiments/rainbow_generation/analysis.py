"""Networks drawn from the covariances of trained ones, layer by layer and at other widths (rainbow document)."""

from collections.abc import Iterator
from math import ceil

import numpy as np
import pandas as pd
import torch
from torch import nn

from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.hidden import hidden_layers, replicates
from netspectra.lenses.rainbow import Recipe, generate_many
from netspectra.statistics.contrasts import difference
from netspectra.statistics.estimates import jackknife, of_replicates
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.predictions import of_single_draw

Batches = list[tuple[torch.Tensor, torch.Tensor]]
Draws = dict[tuple[str, float], np.ndarray]
FORMS = {"all layers": "all layers flat", "isotropic": "isotropic flat"}


def analyse(given: Given) -> Findings:
    """Draw from every replicate and tabulate the test accuracy (%) of trained and drawn networks."""
    frames, metrics, shares = [], Metrics(), {}
    for name, networks in given.networks.items():
        data, kind, batch = given.data(name), networks.variants[0], given.settings["batch"][name]
        train, test = list(data.train.batches(batch)), list(data.test.batches(batch))
        few = train[: ceil(given.settings["images"][name] / batch)]
        rows = pd.DataFrame(_rows(replicates(networks), train, few, test, given.settings)).assign(network=kind)
        frames.append(rows)
        shares[kind] = summarise(metrics, kind, draws_of(rows))
    if {"mlp", "cnn"} <= set(shares):
        compare(metrics, shares["mlp"], shares["cnn"])
    return Findings(pd.concat(frames), metrics)


def _rows(trained: list[nn.Sequential], train: Batches, few: Batches, test: Batches, settings: dict) -> Iterator[dict]:
    for i, network in enumerate(trained):
        yield {"replicate": i, "draw": 0, "condition": "trained", "x": 1.0, "value": accuracy(network, test)}
        generator = torch.Generator().manual_seed(settings["seed"] + i)
        for batches, conditions in ((train, _document(network, settings)), (few, _beyond(trained, i, settings))):
            drawn = generate_many(network, batches, [recipe for _, recipe in conditions], generator)
            counts: dict[tuple[str, float], int] = {}
            for (condition, recipe), found in zip(conditions, drawn, strict=True):
                k = counts[condition, recipe.width] = counts.get((condition, recipe.width), -1) + 1
                row = {"replicate": i, "draw": k, "condition": condition, "x": recipe.width}
                yield row | {"value": accuracy(found, test)}


def maps_flattened(network: nn.Sequential) -> bool:
    """Whether the classifier reads flattened feature maps, so that the two forms of alignment differ."""
    return any(isinstance(module, nn.Conv2d) for module in network)


def _document(network: nn.Sequential, settings: dict) -> list[tuple[str, Recipe]]:
    """The document's condition and its controls, aligned on all training images; in both forms where they differ."""
    draws, controls = settings["draws"], settings["control_draws"]
    named = [("all layers", Recipe())] * (settings["channel_draws"] if maps_flattened(network) else draws)
    named += [("isotropic", Recipe(isotropic=True))] * controls + [("not aligned", Recipe(aligned=False))]
    if maps_flattened(network):
        named += [("all layers flat", Recipe(flat=True))] * draws
        named.append(("isotropic flat", Recipe(isotropic=True, flat=True)))
    return named


def _beyond(trained: list[nn.Sequential], i: int, settings: dict) -> list[tuple[str, Recipe]]:
    """What is drawn beyond the document from network i: single layers, fixed spatial filters, pooling, widths."""
    named = [(f"layer {h.number} alone", Recipe(sampled=[h.layer])) for h in hidden_layers(trained[i])]
    named.append(("average covariance", Recipe(others=[*trained[:i], *trained[i + 1 :]])))
    if maps_flattened(trained[i]):
        named.append(("spatial filters kept", Recipe(spatial=True)))
    named += [("width", Recipe(width=width)) for width in settings["widths"]]
    return named * settings["other_draws"]


def accuracy(network: nn.Sequential, test: Batches) -> float:
    """Share of right answers in %."""
    with torch.no_grad():
        hits = sum(int((network(x).argmax(-1) == y).sum()) for x, y in test)
    return 100 * hits / sum(len(y) for _, y in test)


def draws_of(rows: pd.DataFrame) -> Draws:
    """Accuracies (networks, draws) by condition and width; alike in both forms where those do not differ."""
    found = {
        key: group.pivot_table(index="replicate", columns="draw", values="value").to_numpy()
        for key, group in rows.groupby(["condition", "x"], sort=False)
    }
    for condition, flat in FORMS.items():
        found.setdefault((flat, 1.0), found[condition, 1.0])
    return found


def summarise(metrics: Metrics, kind: str, draws: Draws) -> np.ndarray:
    """Add accuracies (%) and what follows from them; return the trained share that every network's draws keep."""
    means = {key: values.mean(1) for key, values in draws.items()}
    for (condition, x), values in means.items():
        ending = f"_{x:g}" if condition == "width" else ""
        metrics.put(f"{kind}_{condition.replace(' ', '_')}{ending}", of_replicates(values, "percent"))
    trained = means["trained", 1.0]
    for condition in ("all layers", "isotropic", *FORMS.values()):
        name, values = condition.replace(" ", "_"), draws[condition, 1.0]
        metrics.put(f"{kind}_{name}_one_draw", of_single_draw(list(values), "percent"))
        metrics.put(f"{kind}_{name}_share_one_draw", of_single_draw(list(values / trained[:, None]), "log"))
        metrics.number(f"{kind}_{name}_draws", values.size)
    drawn = draws["all layers flat", 1.0]
    metrics.number(f"{kind}_sd_over_draws", drawn.std(1, ddof=1).mean() if drawn.shape[1] > 1 else 0.0)
    add_gains(metrics, kind, draws)
    widths = sorted(x for condition, x in means if condition == "width")
    metrics.put(
        f"{kind}_widest_over_narrowest", difference(means["width", widths[-1]], means["width", widths[0]], paired=True)
    )
    return means["all layers flat", 1.0] / trained


def _ratio_of_means(columns: np.ndarray) -> float:
    return float(columns[:, 0].mean() / columns[:, 1].mean())


def add_gains(metrics: Metrics, kind: str, draws: Draws) -> None:
    """What the covariances add to a draw that keeps only their trace: in points, and as a share of what training adds.

    The control takes a second isotropic draw for the drawn network, which leaves nothing to add.
    """
    trained, isotropic = draws["trained", 1.0][:, 0], draws["isotropic flat", 1.0]
    whole = trained - isotropic.mean(1)
    first, *_, second = draws["isotropic", 1.0].T
    for name, gain in {
        "drawn": draws["all layers flat", 1.0].mean(1) - isotropic.mean(1),
        "control": second - first,
    }.items():
        metrics.put(f"{kind}_gain_{name}", of_replicates(gain))
        metrics.put(f"{kind}_most_{name}", jackknife(_ratio_of_means, np.stack([gain, whole], 1)))
    if ("spatial filters kept", 1.0) in draws:
        pairs = {"": "spatial filters kept", "_control": "isotropic"}
        for ending, condition in pairs.items():
            gain = draws[condition, 1.0].mean(1) - draws["all layers", 1.0].mean(1)
            metrics.put(f"{kind}_spatial_gain{ending}", of_replicates(gain))
        forms = draws["all layers flat", 1.0].mean(1) - draws["all layers", 1.0].mean(1)
        metrics.put(f"{kind}_flat_over_channels", of_replicates(forms))


def compare(metrics: Metrics, mlp: np.ndarray, cnn: np.ndarray) -> None:
    """By how much the fully connected network keeps more; the control deals the two kinds out in turn."""
    metrics.put("mlp_share_over_cnn_share", difference(mlp, cnn, paired=False))
    dealt = [np.concatenate([mlp[i::2], cnn[1 - i :: 2]]) for i in (0, 1)]
    metrics.put("mlp_share_over_cnn_share_shuffled", difference(*dealt, paired=False))
