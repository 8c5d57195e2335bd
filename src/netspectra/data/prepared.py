"""Prepared files: tensors of one data set with what is known of it, checked as they are opened."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import safetensors

from netspectra.data.damage import printable
from netspectra.errors import DataError


@contextmanager
def opened(path: Path, wanted: str, keys: Collection[str], device: str) -> Iterator[tuple[safetensors.safe_open, dict]]:
    """The file of a data set, and its facts by name; whatever is found wrong inside is said with the remedy.

    Args:
        path: File that `netspectra.data.prepare` wrote.
        wanted: Name of the set that it is to hold.
        keys: Facts that it must state, "set" among them.
        device: Where tensors go.

    Raises:
        DataError: Missing or damaged file, or another set than asked for.
    """
    remedy = f"snakemake --forcerun prepare_{wanted}"
    try:
        with safetensors.safe_open(path, framework="pt", device=device) as file:
            facts = {key: json.loads(file.metadata()[key]) for key in keys}
            if facts["set"] != wanted:
                raise DataError(f"{path}: data.set asks for {wanted!r}, the file holds {facts['set']!r}", remedy)
            yield file, facts
    except FileNotFoundError:
        raise DataError(f"{path}: no such prepared data", remedy) from None
    except (safetensors.SafetensorError, OSError, TypeError, KeyError, ValueError) as error:
        raise DataError(f"{path}: damaged ({type(error).__name__}: {printable(error)})", remedy) from None
