"""What a page can hold of a table: all of a short one, rows at even steps of a long one."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

LETTERS = 32_000


@dataclass(frozen=True)
class Excerpt:
    """A table on the page.

    Attributes:
        text: CSV with a header.
        rows: How many it holds.
        total: How many the table has.
        step: Every so many of them; 1 where it holds all.
        columns: Their names.
    """

    text: str
    rows: int
    total: int
    step: int
    columns: list[str]


def excerpt(path: Path, letters: int = LETTERS) -> Excerpt:
    """The rows of a table at the least even step at which they have at most so many letters."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    step = max(1, -(-sum(len(line) + 1 for line in lines) // letters))
    kept = lines[::step]
    columns = next(csv.reader(io.StringIO(header)))
    return Excerpt("\n".join([header, *kept]), len(kept), len(lines), step, columns)
