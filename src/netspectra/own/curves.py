"""The lenses of accuracy: clipping of every layer's weights, pruning of all layers' nodes, and attack."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import nn

from netspectra.lenses.clipping import clipping_curve
from netspectra.lenses.pruning import dropout_masks, evaluate_masked
from netspectra.measures.eigenspectra import weight_spectrum
from netspectra.networks import layouts
from netspectra.networks.flow import first_tensor
from netspectra.networks.weights import WeightLayer
from netspectra.own.aligning import resampled_alignments
from netspectra.own.attacking import Attacked, attack
from netspectra.own.batches import Source
from netspectra.own.spots import Map, Spot
from netspectra.own.streaming import stream
from netspectra.own.sums import BLOCKS, InputSums
from netspectra.own.tasks import Task
from netspectra.own.tidy import Row, curve, row, shares

FRACTIONS = (0.0, 0.1, 0.25, 0.5, 0.75)
STRENGTHS = (0.0, 0.01, 0.03, 0.1, 0.3)  # in standard deviations of the inputs
PARTS = (32, 8, 2)  # of all directions of a layer, how many are kept
PRUNED = ("linear", "convolution")


def clipping_rows(task: Task, layer: WeightLayer, ranks: Sequence[int] | None = None) -> list[Row]:
    """Accuracy with a layer's weights projected on their first directions: quantity clipped_accuracy by rank.

    Raises:
        ValueError: The layer cannot be clipped, or the labels do not fit.
    """
    spectrum = weight_spectrum(layer.weight(), full=False)
    full = min(layer.weight().shape)
    wanted = sorted({max(1, full // part) for part in PARTS}) if ranks is None else ranks
    with task.running():
        found = clipping_curve(task.network, layer.name, spectrum.vectors, task.batches(), ranks=wanted)
    hits = found.hits.tolist()
    return shares("clipping", layer.name, "clipped_accuracy", hits, found.samples, found.ranks.tolist())


def prunable(network: nn.Module, found: Map) -> tuple[dict[str, Spot], dict[str, str]]:
    """Places whose nodes can be silenced, all but the last, and why others cannot.

    Args:
        network: The network.
        found: What one run met.
    """
    places, why = {}, {}
    for spot in [spot for spot in found.spots if spot.layer.kind in PRUNED and not spot.layer.hidden]:
        nodes, shape = len(spot.layer.weight()), found.shapes[spot.place]
        try:
            layouts.dimension(network, spot.place, shape, nodes)
        except ValueError as error:
            why[spot.name] = str(error)
        else:
            places[spot.place] = spot
    last = list(places)[-1:]
    return {place: spot for place, spot in places.items() if place not in last}, why


def pruning_rows(
    task: Task,
    places: dict[str, Spot],
    fractions: Sequence[float] = FRACTIONS,
    orders: Iterable[str] = ("high", "random"),
) -> Iterator[Row]:
    """Accuracy as the same share of nodes is silenced in all layers, where they leave the layer.

    Quantities: pruned_high_accuracy (nodes of highest alignment first), pruned_low_accuracy, pruned_random_accuracy, by
    share; and the same with loss.

    Raises:
        ValueError: There is no place, or the labels do not fit.
    """
    if not places:
        raise ValueError("it has no layer before the last whose nodes can be silenced")
    named = alignments(task, places)
    for order in orders:
        masks = dropout_masks(named, fractions, order=order, generator=torch.Generator().manual_seed(0))
        with task.running():
            found = evaluate_masked(task.network, task.batches(), masks)
        count = sum(y.numel() for _, y in task.batches())
        yield from shares(
            "pruning", "", f"pruned_{order}_accuracy", (found.accuracy * count).tolist(), count, fractions
        )
        yield from curve("pruning", "", f"pruned_{order}_loss", found.loss.tolist(), fractions)


def alignments(task: Task, places: dict[str, Spot]) -> dict[str, torch.Tensor]:
    """Alignment of the nodes of every place, {place: (nodes,)}; zero where there is none."""
    sums = {place: InputSums(spot, covariances=False) for place, spot in places.items()}
    lost = stream(task.network, task.source, list(sums.values()), float("inf"))
    if failed := [f"{place}: {lost.of(one)}" for place, one in sums.items() if lost.of(one)]:
        raise ValueError(failed[0])
    every = {place: torch.ones(1, BLOCKS).to(one.blocks) for place, one in sums.items()}
    return {place: resampled_alignments(one, every[place])[0].nan_to_num() for place, one in sums.items()}


def attack_rows(found: Attacked) -> Iterator[Row]:
    """Accuracy by strength, attacked_accuracy; critical_epsilon by input from 0, and median_critical_epsilon."""
    count, xs = len(found.right), found.epsilons.tolist()
    yield from shares("attack", "", "attacked_accuracy", found.right.sum(0).tolist(), count, xs)
    yield from curve("attack", "", "critical_epsilon", found.critical.tolist(), first=0)
    fallen = found.critical[found.right[:, 0]]
    if len(fallen):
        yield row("attack", "", "median_critical_epsilon", float(fallen.median()))


def strengths(source: Source) -> list[float]:
    """Strengths of an attack in the units of the inputs: shares of their standard deviation in the first batch.

    Raises:
        ValueError: Inputs that are whole numbers, such as tokens.
    """
    pixels = first_tensor(next(iter(source)).inputs)
    if not pixels.is_floating_point():
        raise ValueError(f"inputs: wanted real numbers, which have a gradient, found {pixels.dtype}; tokens have none")
    return [share * float(pixels.double().std()) for share in STRENGTHS]


def attacked(task: Task, epsilons: Sequence[float] | None, loss: str) -> Attacked:
    """The attack at these strengths, or at the usual ones."""
    return attack(task, strengths(task.source) if epsilons is None else epsilons, loss)
