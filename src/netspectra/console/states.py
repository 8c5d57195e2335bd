"""Saved states of trainings, read for a few numbers and without torch."""

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

FORMATS = {"F64": "d", "F32": "f", "I64": "q"}  # of safetensors, and of struct
LARGEST_HEADER = 10**7


@dataclass(frozen=True)
class State:
    """Where a group of networks is.

    Attributes:
        step: Steps that were made.
        networks: How many networks are in the group, as it is trained.
        loss: Of the last step, a mean over those that are still in training; None before the first.
        accuracy: Of the last step, from 0 to 100.
        tests: Steps after which the networks were tested.
        series: What was recorded: "" for every step, "test", and a name for each probe.
        stops: Whether networks end when they reach an accuracy.
    """

    step: int
    networks: int
    loss: float | None
    accuracy: float | None
    tests: tuple[int, ...]
    series: frozenset[str]
    stops: bool


def read(file: Path) -> State | None:
    """What a file of a training's state says; None for one that is gone, or of another kind."""
    try:
        with file.open("rb") as stream:
            return _state(_Header.of(stream), stream)
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return None


@dataclass(frozen=True)
class _Header:
    """Where each tensor of a safetensors file lies."""

    entries: dict
    start: int

    @classmethod
    def of(cls, stream: BinaryIO) -> "_Header":
        (size,) = struct.unpack("<Q", stream.read(8))
        if size > LARGEST_HEADER:
            raise ValueError(f"header: wanted at most {LARGEST_HEADER} bytes, found {size}")
        return cls(json.loads(stream.read(size)), 8 + size)

    def rows(self, stream: BinaryIO, name: str, first: int = 0) -> list[tuple]:
        """Rows of a tensor from one on, each with all its numbers; a single number is one row."""
        entry = self.entries[name]
        count, *shape = entry["shape"] or [1]
        each = struct.Struct(f"<{math.prod(shape)}{FORMATS[entry['dtype']]}")
        first %= max(count, 1)
        stream.seek(self.start + entry["data_offsets"][0] + first * each.size)
        return list(each.iter_unpack(stream.read((count - first) * each.size)))


def _state(header: _Header, stream: BinaryIO) -> State:
    (step,) = header.rows(stream, "step")[0]
    names = [name.removeprefix("history/") for name in header.entries if name.startswith("history/")]
    tests = header.rows(stream, "history/test/step") if "test/step" in names else []
    return State(
        step,
        header.entries["history/loss"]["shape"][1] if "loss" in names else 1,
        _last(header, stream, "history/loss"),
        _last(header, stream, "history/accuracy"),
        tuple(at for (at,) in tests),
        frozenset(name.partition("/")[0] if "/" in name else "" for name in names),
        "stopped/step" in header.entries,
    )


def _last(header: _Header, stream: BinaryIO, name: str) -> float | None:
    """Mean of the last row, without the networks that have ended."""
    if name not in header.entries:
        return None
    values = [value for value in header.rows(stream, name, -1)[0] if math.isfinite(value)]
    return sum(values) / len(values) if values else None
