"""JSON files that hold a dictionary by name, read whole or refused."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from netspectra.errors import DataError
from netspectra.files import replacing


def write(content: Mapping[str, Any], path: Path | str) -> None:
    """Write the file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read(path: Path | str) -> str:
    """The text of a file.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})", remedy(path)) from None


def parse(text: str, where: str, entry: Callable[[str, Any], Any]) -> dict[str, Any]:
    """What the text holds.

    Args:
        text: Of the file.
        where: Its name, for errors.
        entry: Takes a name and what is written there, and gives what that means.

    Raises:
        DataError: It is no dictionary, or an entry is refused.
    """
    try:
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError("wanted a dictionary by name")
        return {name: entry(name, value) for name, value in found.items()}
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"{where}: damaged, or of another version ({error})", remedy(where)) from None


def remedy(path: Path | str) -> str:
    """The command that makes a file of metrics or verdicts anew."""
    job = Path(path).stem
    return f"snakemake --forcerun {'judge' if job == 'claims' else job}"
