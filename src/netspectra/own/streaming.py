"""Sums over all batches in as few passes as the memory allows: collectors say what they need and take what flows."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import nn

from netspectra.networks.looking import looking
from netspectra.networks.places import Reading, read
from netspectra.own.batches import Batch, Source
from netspectra.own.rows import Unusable

UNITS = {"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
Said = Callable[[str], None]


@dataclass(frozen=True)
class Seen:
    """What flowed in one batch.

    Attributes:
        batch: The batch.
        reading: What entered and left the places that somebody needs.
        first: Number of its first input, counted from the first batch on.
    """

    batch: Batch
    reading: Reading
    first: int


class Collector(Protocol):
    """Sums of something that flows.

    Attributes:
        lens: Which lens wants it.
        layer: Of which layer.
        bytes: Memory that it takes at most.
        entering: Places whose input it needs.
        leaving: Places whose output it needs.
    """

    lens: str
    layer: str
    bytes: float
    entering: Sequence[str]
    leaving: Sequence[str]

    def take(self, seen: Seen) -> None:
        """Add one batch.

        Raises:
            ValueError: It cannot go on; says why.
        """


@dataclass
class Lost:
    """Collectors that gave up, with the reason."""

    why: dict[int, str] = field(default_factory=dict)

    def of(self, collector: Collector) -> str:
        """Why a collector gave up; "" where it has not."""
        return self.why.get(id(collector), "")


def stream(
    network: nn.Module,
    source: Source,
    collectors: Sequence[Collector],
    budget: float,
    say: Said = lambda text: None,
    done: Callable[[Collector], None] = lambda collector: None,
) -> Lost:
    """Show all batches to all collectors, some of them at a time where not all fit into memory together.

    Args:
        network: Any module.
        source: Its data.
        collectors: What is wanted.
        budget: Bytes that they may take together.
        say: Told before every pass.
        done: Given every collector that has not given up after its pass, so that its sums can be forgotten.

    Returns:
        Which gave up, and why: one that does, or that alone needs more memory than there is, stops no other.
    """
    lost = Lost({id(c): _too_large(c, budget) for c in collectors if c.bytes > budget})
    rounds = list(packed([c for c in collectors if not lost.of(c)], budget))
    for number, together in enumerate(rounds, 1):
        say(f"pass {number} of {len(rounds)} over the data, {len(together)} sums")
        _one_pass(network, source, together, lost)
        for collector in together:
            if not lost.of(collector):
                done(collector)
    return lost


def packed(collectors: Sequence[Collector], budget: float) -> Iterator[list[Collector]]:
    """Collectors that fit into memory together, in their order."""
    together, used = [], 0.0
    for collector in collectors:
        if together and used + collector.bytes > budget:
            yield together
            together, used = [], 0.0
        together, used = [*together, collector], used + collector.bytes
    if together:
        yield together


def bytes_of(memory: str | float) -> float:
    """Bytes from "4GB", "500 MB", "2GiB" or a number.

    Raises:
        ValueError: None of these.
    """
    if isinstance(memory, int | float) and not isinstance(memory, bool) and memory > 0:
        return float(memory)
    match = re.fullmatch(r"([\d.]+)\s*([A-Za-z]*)", str(memory).strip())
    if not match or match[2].upper() not in UNITS or not float(match[1]):
        raise ValueError(f"memory: wanted a size such as '4GB' or a number of bytes, found {memory!r}")
    return float(match[1]) * UNITS[match[2].upper()]


def _one_pass(network: nn.Module, source: Iterable[Batch], collectors: list[Collector], lost: Lost) -> None:
    first, ends = 0, False
    with looking(network), torch.no_grad():
        for batch in source:
            alive = [collector for collector in collectors if not lost.of(collector)]
            if ends := not alive:
                break
            entering = {place for collector in alive for place in collector.entering}
            leaving = {place for collector in alive for place in collector.leaving}
            seen = Seen(batch, read(network, batch.inputs, entering, leaving, outputs=False), first)
            for collector in alive:
                _take(collector, seen, lost)
            first += batch.samples
    if not ends and not first:
        raise Unusable("no inputs")


def _too_large(collector: Collector, budget: float) -> str:
    needed = f"its sums take {collector.bytes / 1e9:.2g} GB and {budget / 1e9:.2g} GB are left for sums"
    return f"{needed}; pass a larger memory="


def _take(collector: Collector, seen: Seen, lost: Lost) -> None:
    try:
        collector.take(seen)
    except ValueError as error:
        where = f"in the batch that begins at input {seen.first + 1}: "
        lost.why[id(collector)] = (where if isinstance(error, Unusable) else "") + str(error)
