"""Attacks on networks from whose weights low-variance directions were removed (alignment document, last section)."""

import numpy as np
import pandas as pd
import torch
from torch import nn

from netspectra.data.images import Dataset, Split
from netspectra.experiments.align_adversarial.structure import structure_rows
from netspectra.experiments.measuring import Findings, Given
from netspectra.lenses.attacks import fgsm, sign_noise
from netspectra.lenses.components import input_spectra, without_high_variance
from netspectra.lenses.learning import alignment_rows, by_layer, learning_rows, size_rows
from netspectra.lenses.scoring import accuracy
from netspectra.measures.eigenspectra import Spectrum
from netspectra.networks.checkpoints import Networks, variant_settings
from netspectra.networks.layers import weight_layers
from netspectra.statistics.contrasts import ratio
from netspectra.statistics.estimates import of_replicates
from netspectra.statistics.intervals import Metrics

PERCENT = "percent"


def analyse(given: Given) -> Findings:
    """Tabulate learning, alignment, accuracy under attack for every cutoff, and the attack's components."""
    ((name, networks),) = given.networks.items()
    settings, data, plain = given.settings, given.data(name), networks.variants[0]
    attacked = attack_rows(networks, data, settings)
    spectrum = image_spectrum(networks.stack(plain).single(0), data.test)
    structure = structure_rows(networks.stack(plain), data.test, spectrum, settings)
    curves = [learning_rows(networks, settings["points"]), alignment_rows(networks, settings["points"])]
    metrics = Metrics()
    add_performance(metrics, networks, data.test, spectrum, settings)
    add_attacks(metrics, attacked, networks.variants, settings)
    add_structure(metrics, structure, settings["low"])
    add_alignment(metrics, networks, settings)
    removed = removal_rows(networks.settings, len(data.train))
    return Findings(pd.concat([*curves, attacked, structure, removed, size_rows(data)]), metrics)


def removal_rows(block: dict, images: int) -> pd.DataFrame:
    """Minibatches after which directions are removed, at the end of every so many epochs but the last."""
    epoch, every = -(-images // block["batch"]), block["intervention"]["every"]
    steps = [epoch * done for done in range(every, block["epochs"], every)]
    columns = {"variant": "removal", "replicate": 0, "layer": "", "quantity": "removal"}
    return pd.DataFrame({**columns, "x": steps, "value": 0.0})


def image_spectrum(network: nn.Module, split: Split) -> Spectrum:
    """Principal components of a split's images."""
    first = next(iter(weight_layers(network)))
    return input_spectra(network, split.batches(5000), layers=[first])[first]


def attack_rows(networks: Networks, data: Dataset, settings: dict) -> pd.DataFrame:
    """Accuracy (%) on the test set per epsilon, variant and replicate, with pixels clamped to their range or not.

    Beside it that of the first variant under random signs, "noise".
    """
    rows = []
    batches = list(data.test.batches(settings["batch"]))
    for variant in networks.variants:
        for replicate, network in enumerate(networks.stack(variant)):
            for mode in modes(settings, noise=variant == networks.variants[0]):
                found = _attacked(network, batches, mode, data.test, settings, replicate)
                rows += [
                    {"variant": variant, "replicate": replicate, "layer": mode,
                     "quantity": "attacked_accuracy", "x": epsilon, "value": value}
                    for epsilon, value in zip(settings["epsilons"], found, strict=True)
                ]  # fmt: skip
    return pd.DataFrame(rows)


def modes(settings: dict, *, noise: bool) -> list[str]:
    """What is done to the images of a variant."""
    return [*("clamped" if clamp else "free" for clamp in settings["clamp"]), *(["noise"] if noise else [])]


def _attacked(network: nn.Module, batches: list, mode: str, test: Split, settings: dict, replicate: int) -> list[float]:
    if mode == "noise":
        generator = torch.Generator().manual_seed(settings["seed"] + replicate)
        found = sign_noise(network, batches, settings["epsilons"], generator)
    else:
        bounds = pixel_range(test) if mode == "clamped" else None
        found = fgsm(network, batches, settings["epsilons"], bounds=bounds)
    return (100 * found.accuracy).tolist()


def pixel_range(split: Split) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised values of a black and of a white pixel, each (C, 1, 1)."""
    black = split.shift[:, None, None]
    return black, black + 255 * split.scale.sum(1)[:, None, None]


def cutoffs(networks: Networks) -> list[str]:
    """Variants that differ in the cutoff alone, not in the images that the removal looks at."""
    split = networks.settings["intervention"]["split"]
    found = {v: variant_settings(networks.settings, v)["intervention"] for v in networks.variants}
    return [variant for variant, action in found.items() if action["split"] == split]


def add_performance(metrics: Metrics, networks: Networks, test: Split, spectrum: Spectrum, settings: dict) -> None:
    """Test accuracies (%) and their spread over cutoffs; and without the high-variance directions instead."""
    final = {v: 100 * networks.history(v)["test/accuracy"][-1].double().numpy() for v in networks.variants}
    for variant, found in final.items():
        metrics.put(f"test_accuracy_{variant}", of_replicates(found, PERCENT))
    means = np.stack([final[variant] for variant in cutoffs(networks)])
    metrics.put("test_accuracy_spread", of_replicates(np.ptp(means, axis=0), (0, 100)))
    metrics.put("test_accuracy_least", of_replicates(means.min(0), PERCENT))
    batches = list(test.batches(settings["batch"]))
    maimed = [
        100 * accuracy(_maimed(n, spectrum, settings["high"]), batches) for n in networks.stack(networks.variants[0])
    ]
    metrics.put("test_accuracy_high_removed", of_replicates(maimed, PERCENT))
    metrics.put("test_accuracy_spread_high_removed", of_replicates(final[networks.variants[0]] - maimed, (0, 100)))


def _maimed(network: nn.Module, spectrum: Spectrum, cutoff: float) -> nn.Module:
    """The same network, changed in place: its first layer sees no direction of more than a share of the variance."""
    layer = next(iter(weight_layers(network).values()))
    weight = without_high_variance(layer.weight(), spectrum, cutoff)
    getattr(layer.module, layer.parameter).copy_(layer.parameter_with(weight))
    return network


def add_attacks(metrics: Metrics, attacked: pd.DataFrame, variants: list[str], settings: dict) -> None:
    """Areas under the curves per cutoff with the differences claimed, and how much accuracy is lost."""
    areas = {mode: area_under(rows) for mode, rows in attacked.groupby("layer")}
    for mode, area in areas.items():
        for variant, values in area.items():
            metrics.put(f"area_{mode}_{variant}", of_replicates(values, "logit"))
        for high, low in settings["compared"]:
            if {high, low} <= area.keys():
                metrics.put(f"area_{mode}_{high}_over_{low}", of_replicates(area[high] - area[low]))
    for name, mode in (("least_fall", "free"), ("least_fall_noise", "noise")):
        metrics.put(name, of_replicates(least_fall(attacked[attacked.layer == mode]), "logit"))


def area_under(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Area under accuracy (as a share) against epsilon, {variant: (replicates,)}."""
    wide = rows.pivot_table(index="x", columns=["variant", "replicate"], values="value") / 100
    span = wide.index[-1] - wide.index[0]
    area = pd.Series(np.trapezoid(wide.to_numpy(), wide.index, axis=0) / span, index=wide.columns)
    return {variant: area[variant].to_numpy() for variant in rows.variant.unique()}


def least_fall(rows: pd.DataFrame) -> np.ndarray:
    """Least share of the accuracy that any variant loses at the greatest epsilon, (replicates,)."""
    wide = rows.pivot_table(index="x", columns=["replicate", "variant"], values="value")
    left = wide.iloc[-1] / wide.iloc[0]
    return (1 - left.groupby("replicate").max()).clip(lower=0).to_numpy()


def add_structure(metrics: Metrics, structure: pd.DataFrame, low: float) -> None:
    """Share of the energy on components of little variance, of the attack, of random signs, and between images."""
    variance = structure[structure.quantity == "variance"].set_index("x").value
    chosen = structure[(structure.quantity == "energy") & structure.x.map(variance < low)]
    for change, rows in chosen.groupby("layer"):
        shares = rows.groupby("replicate").value.sum().clip(0, 1)
        metrics.put(f"{change.replace(' ', '_')}_low_variance_share", of_replicates(shares, "logit"))


def add_alignment(metrics: Metrics, networks: Networks, settings: dict) -> None:
    """Alignment (%) at the end of training per layer, and over that of the networks from which nothing is removed."""
    last, plain = settings["last"], networks.variants[0]
    end = {v: {n: 100 * a[-last:].mean(0) for n, a in by_layer(networks.history(v)).items()} for v in networks.variants}
    for variant, layers in end.items():
        for layer, values in layers.items():
            metrics.put(f"alignment_{layer}_{variant}", of_replicates(values, PERCENT))
            if variant != plain:
                metrics.put(f"alignment_{layer}_{variant}_ratio", ratio(values, end[plain][layer], paired=True))
