"""What a command says: results on stdout, as JSON or for people; progress on stderr."""

import json
import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

WIDE = 200  # columns where nobody has said how many there are, so that nothing is cut in a pipe


def say(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


def emit_json(found: Any) -> None:
    """A result as JSON on stdout; what is not a finite number is null."""
    print(json.dumps(_plain(found), indent=1, ensure_ascii=False, allow_nan=False))


def emit_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Rows for people, on stdout."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else WIDE, highlight=False).print(table)


def emit_facts(facts: dict[str, object]) -> None:
    """Names with their values for people, one a line; a list takes a line for each entry."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        entries = value if isinstance(value, list | tuple) else [value]
        for i, entry in enumerate(entries or ["none"]):
            print(f"{'' if i else name:<{width}}  {entry}")


def _plain(found: Any) -> Any:
    if isinstance(found, dict):
        return {str(key): _plain(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [_plain(value) for value in found]
    if isinstance(found, float) and not math.isfinite(found):
        return None
    return found if isinstance(found, str | int | float | None) else str(found)
