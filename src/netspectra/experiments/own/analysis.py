"""What the lenses see in a network of the reader's own, or in one that is trained here."""

import math
from collections.abc import Iterable

import pandas as pd
import torch
from torch import nn

from netspectra.experiments.measuring import Findings, Given
from netspectra.networks.flow import call, logits
from netspectra.networks.looking import looking
from netspectra.own.call import lens
from netspectra.own.named import model_of
from netspectra.own.samples import Preparation, Samples, from_arrays, from_folder, from_torchvision
from netspectra.own.view import View
from netspectra.statistics.intervals import Metrics

KEY = ("lens", "layer", "quantity", "x")


def analyse(given: Given) -> Findings:
    """The view of the network as a table, and every number that stands for a whole layer as a metric."""
    block = given.settings
    networks, samples = networks_of(given), samples_of(given)
    others = [model_of(one["model"], one["arguments"], one["weights"]) for one in block["against"].values()]
    networks, others = ([network.to(given.device) for network in group] for group in (networks, others))
    first = next(iter(samples))
    before = outputs(networks[0], first)
    view = lens(
        networks if len(networks) > 1 else networks[0],
        samples,
        layers=block["layers"],
        lenses=block["lenses"],
        against=others or None,
        null=block["null"],
        memory=block["memory"],
        progress=lambda text: print(text, flush=True),
    )
    changed = float((outputs(networks[0], first) - before).abs().max())
    return Findings(table_of(view), metrics_of(view.table, changed, len(networks)))


def networks_of(given: Given) -> list[nn.Module]:
    """The network and its replicates."""
    block = given.settings
    if own := block["network"]:
        files = [own["weights"], *block["further_weights"]]
        return [model_of(own["model"], own["arguments"], file) for file in files]
    (trained,) = given.networks.values()
    return list(trained.stack(trained.variants[0]))


def samples_of(given: Given) -> Iterable:
    """What the network is shown, in batches that can be gone through again."""
    block = given.settings["samples"]
    if block is None:
        (name,) = given.networks
        return list(given.data(name).test.batches(100))
    prepared = Preparation(block["side"], block["mean"], block["std"])
    return read(block, prepared)


def read(block: dict, prepared: Preparation) -> Samples:
    """Samples as their block has them."""
    kept = {"count": block["count"], "batch": block["batch"]}
    if block["npz"] is not None:
        return from_arrays(block["npz"], prepared, **kept)
    if block["folder"] is not None:
        return from_folder(block["folder"], prepared, **kept)
    return from_torchvision(block["torchvision"], block["root"], block["split"], prepared, **kept)


def outputs(network: nn.Module, batch: torch.Tensor | tuple) -> torch.Tensor:
    """What the network gives on a batch, in evaluation mode."""
    x = batch[0] if isinstance(batch, tuple | list) else batch
    with looking(network), torch.no_grad():
        return logits(call(network, x.to(next(network.parameters()).device)))


def table_of(view: View) -> pd.DataFrame:
    """The view's table, with what was skipped as rows without numbers, and facts for figures."""
    skipped = view.skipped.assign(quantity="skipped")
    facts = [{"quantity": "footer", "why": text} for text in view.facts.get("footer", []) if text]
    return pd.concat([view.table, skipped, pd.DataFrame(facts)], ignore_index=True)


def metrics_of(table: pd.DataFrame, changed: float, networks: int) -> Metrics:
    """Numbers of whole layers, <lens>.<layer>.<quantity>, with their intervals; and what looking changed.

    Those of the lens against end in the number of the network that is compared.
    """
    metrics = Metrics()
    whole = table[table.x.isna() | (table.lens == "against")].drop_duplicates(list(KEY))
    for row in whole[whole.value.map(math.isfinite)].itertuples():
        number = "" if math.isnan(row.x) else f"{row.x:.0f}"
        name = ".".join(part for part in (row.lens, row.layer, row.quantity, number) if part)
        metrics.number(name, row.value)
        if row.low <= row.value <= row.high and math.isfinite(row.low) and math.isfinite(row.high):
            metrics[f"{name}_low"], metrics[f"{name}_high"] = row.low, row.high
    metrics.number("outputs_changed", changed)
    metrics.number("networks", networks)
    return metrics
