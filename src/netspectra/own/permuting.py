"""The permutation null of similarities: whole inputs change places, never single rows of one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from netspectra.own.pairs import Side, calibrated, similarities

NULLED = ("cca", "svcca", "pwcca", "cka", "procrustes")
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Ready:
    """A layer to be permuted: its summary, and its rows whitened, (rows, rank), float32."""

    side: Side
    scores: torch.Tensor


@dataclass(frozen=True)
class Null:
    """What one measure gives under permutations.

    Attributes:
        draws: (permutations,).
        value: What it gives for the data.
    """

    draws: torch.Tensor
    value: float

    @property
    def threshold(self) -> float:
        """The 95th percentile."""
        return float(self.draws.quantile(LEVEL))

    @property
    def calibrated(self) -> float:
        """The similarity beyond that, of what it could be."""
        return calibrated(self.value, self.threshold)

    @property
    def p_value(self) -> float:
        """Share of permutations, the data counted as one, that give as much."""
        return (1 + int((self.draws >= self.value).sum())) / (1 + len(self.draws))


def orders(inputs: torch.Tensor, count: int, generator: torch.Generator) -> list[torch.Tensor]:
    """Orders of rows in which whole inputs have changed places with others of as many rows.

    Args:
        inputs: Which input each row comes from, (rows,), rows of one input side by side.
        count: How many orders.
        generator: Source of the permutations, on the CPU.

    Raises:
        ValueError: No two inputs have as many rows, so that none can change places.
    """
    _, member, sizes = inputs.cpu().unique(return_inverse=True, return_counts=True)
    starts, rows = sizes.cumsum(0) - sizes, member.argsort(stable=True)
    blocks = [rows[starts[sizes == size][:, None] + torch.arange(int(size))] for size in sizes.unique()]
    if all(len(block) < 2 for block in blocks):
        raise ValueError(
            f"inputs: wanted two of as many rows to change places, found {len(sizes)} of different numbers; "
            "tokens='mean' or 'last' gives one row per input"
        )
    return [_order(blocks, len(inputs), generator) for _ in range(count)]


def nulls(
    pairs: Mapping[str, tuple[Ready, Ready]],
    seen: Mapping[str, Mapping[str, float]],
    drawn: Sequence[torch.Tensor],
    by: Iterable[str],
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, dict[str, Null]]:
    """The null of every pair and measure, and under the name "maximum" that of the largest value over all pairs.

    All pairs undergo the same permutations, so that the maximum over them has its own.

    Args:
        pairs: By name; the inputs of the second layer change places.
        seen: Similarities of the data, {pair: {measure: value}}.
        drawn: Orders of rows.
        by: Measures; debiased CKA has none, as its null lies at zero.
        say: Told which pair is next.
    """
    by = [name for name in by if name in NULLED]
    found: dict[str, dict[str, Null]] = {}
    for name, (x, y) in pairs.items():
        say(f"{len(drawn)} permutations of {name}")
        draws = [similarities(x.side, y.side, _crossed(x, y, order), by=by) for order in drawn]
        found[name] = {m: Null(torch.tensor([d[m] for d in draws]).double(), seen[name][m]) for m in by}
    if len(found) > 1:
        found["maximum"] = {measure: _maximum([null[measure] for null in found.values()]) for measure in by}
    return found


def _crossed(x: Ready, y: Ready, order: torch.Tensor) -> torch.Tensor:
    return x.scores.T @ y.scores[order]


def _maximum(of: Sequence[Null]) -> Null:
    return Null(torch.stack([null.draws for null in of]).amax(0), max(null.value for null in of))


def _order(blocks: Sequence[torch.Tensor], rows: int, generator: torch.Generator) -> torch.Tensor:
    order = torch.empty(rows, dtype=torch.int64)
    for block in blocks:
        order[block.flatten()] = block[torch.randperm(len(block), generator=generator)].flatten()
    return order
