"""The lens of similarity: between the layers of a network, and between each layer and that of other networks."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from netspectra.networks.flow import map_tensors
from netspectra.own import pairs
from netspectra.own.joint import JointSums
from netspectra.own.pairs import MEASURES, Side
from netspectra.own.permuting import Null, Ready, nulls, orders
from netspectra.own.tidy import NAN, Row, row

NULLED = ("cca", "svcca", "cka")  # those whose null is drawn by default: the others take three times as long
Held = Mapping[str, tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Pair:
    """Two places that are compared.

    Attributes:
        lens: "similarity" within the network, "against" with another.
        layer: Of this network.
        first: Key of its sums.
        second: Key of the other's.
        x: In the table: number of the other layer, or of the other network.
    """

    lens: str
    layer: str
    first: str
    second: str
    x: float


def sides_of(sums: JointSums) -> dict[str, Side]:
    """Summary of every place that was not given up.

    Raises:
        ValueError: Fewer than two inputs.
    """
    scatter, mean = sums.moments.covariance() * (sums.moments.count - 1), sums.moments.mean
    found = {}
    for name, columns in ((n, c) for n, c in sums.columns.items() if n not in sums.lost):
        own = scatter[columns, columns]
        fourth = norm_product(sums, scatter, mean, name, name)
        found[name] = Side(name, sums.moments.count, mean[columns][:-1], own[:-1, :-1].contiguous(), fourth)
    return found


def norm_product(sums: JointSums, scatter: torch.Tensor, mean: torch.Tensor, a: str, b: str) -> float:
    """Sum over rows of the product of two places' squared norms about their means.

    A squared norm about the mean m is linear in the columns: |x - m|^2 = q - 2 (m - o)'(x - o) + |m - o|^2 for the norm
    q about the origin o.
    """
    first, second = (_linear(sums, mean, name) for name in (a, b))
    product = scatter[sums.columns[a], sums.columns[b]]
    means = [float(scatter[sums.columns[n], sums.columns[n]][:-1, :-1].trace()) for n in (a, b)]
    return float(first @ product @ second) + means[0] * means[1] / sums.moments.count


def seen(sums: JointSums, sides: Mapping[str, Side], wanted: Sequence[Pair]) -> dict[Pair, dict[str, float]]:
    """Similarities of the data for every pair."""
    scatter, mean = sums.moments.covariance() * (sums.moments.count - 1), sums.moments.mean
    found = {}
    for pair in wanted:
        a, b = sums.columns[pair.first], sums.columns[pair.second]
        x, y = sides[pair.first], sides[pair.second]
        whitened = x.basis.T @ scatter[a, b][:-1, :-1] @ y.basis
        norms = norm_product(sums, scatter, mean, pair.first, pair.second)
        found[pair] = pairs.similarities(x, y, whitened, norms)
    return found


def null_of(
    wanted: Sequence[Pair], sides: Mapping[str, Side], held: Held, values: dict, permutations: int, say: object
) -> dict[str, dict[str, Null]]:
    """Nulls of the pairs all of whose rows are held, by the pair's own name, and their "maximum".

    Raises:
        ValueError: No two inputs can change places.
    """
    usable = [pair for pair in wanted if pair.first in held and pair.second in held]
    if not usable or not permutations:
        return {}
    inputs = held[usable[0].first][1]
    drawn = orders(inputs, permutations, torch.Generator().manual_seed(0))
    names = {name for pair in usable for name in (pair.first, pair.second)}
    ready = {name: Ready(sides[name], _scores(held[name][0], sides[name])) for name in names}
    named = {_name(pair): (ready[pair.first], ready[pair.second]) for pair in usable}
    return nulls(named, {_name(pair): values[pair] for pair in usable}, drawn, NULLED, say)


def pair_rows(
    values: Mapping[Pair, Mapping[str, float]], sides: Mapping[str, Side], found: Mapping[str, Mapping[str, Null]]
) -> Iterator[Row]:
    """Everything about all pairs.

    Quantities: the measures; cca_floor, svcca_floor and largest_floor (Wachter); where a null was drawn <measure>_null
    (mean and what holds 95 % of the draws), <measure>_calibrated and <measure>_p. Layer "maximum" is the largest value.
    """
    for pair, measured in values.items():
        x, y = sides[pair.first], sides[pair.second]
        for measure in MEASURES:
            yield row(pair.lens, pair.layer, measure, measured.get(measure, NAN), pair.x)
        for measure, floor in pairs.floors(x.samples, x, y).items():
            yield row(pair.lens, pair.layer, f"{measure}_floor", floor, pair.x)
        yield from _null_rows(pair.lens, pair.layer, pair.x, found.get(_name(pair), {}))
    for lens in {pair.lens for pair in values}:
        yield from _null_rows(lens, "maximum", NAN, found.get("maximum", {}), value=True)


def _null_rows(lens: str, layer: str, x: float, found: Mapping[str, Null], value: bool = False) -> Iterator[Row]:
    for measure, null in found.items():
        ends = null.draws.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
        if value:
            yield row(lens, layer, measure, null.value, x)
        yield row(lens, layer, f"{measure}_null", float(null.draws.mean()), x, *ends)
        yield row(lens, layer, f"{measure}_calibrated", null.calibrated, x)
        yield row(lens, layer, f"{measure}_p", null.p_value, x)


def _name(pair: Pair) -> str:
    return f"{pair.first} | {pair.second}"


def _linear(sums: JointSums, mean: torch.Tensor, name: str) -> torch.Tensor:
    """Weights of a place's columns in its squared norm about the mean, but for a constant."""
    shift = mean[sums.columns[name]][:-1] - sums.origin[name]
    return torch.cat([-2 * shift, shift.new_ones(1)])


def _scores(x: torch.Tensor, side: Side) -> torch.Tensor:
    parts = x.split(max(1, 2**22 // x.shape[1]))
    return torch.cat([((part.double() - side.mean.cpu()) @ side.basis.cpu()).float() for part in parts])


class Together(nn.Module):
    """Several networks that are given the same inputs, so that one pass reads all; they are named "0", "1", ..."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        seen: set[int] = set()
        for number, network in enumerate(networks):
            self.add_module(str(number), copy.deepcopy(network) if id(network) in seen else network)
            seen.add(id(network))

    def forward(self, *args: object, **kwargs: object) -> object:
        """What the first returns; every network has inputs of its own, as layers may write over theirs."""
        outputs = None
        for network in self._modules.values():
            given, named = map_tensors(torch.clone, args), map_tensors(torch.clone, kwargs)
            found = network(*given, **named)
            outputs = found if outputs is None else outputs
        return outputs
