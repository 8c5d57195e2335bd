"""Tidy tables as they lie on the disk, read whole or refused."""

import csv
import io
from pathlib import Path

import pandas as pd

from netspectra.data.damage import printable
from netspectra.errors import DataError


def read(path: Path | str, experiment: str) -> pd.DataFrame:
    """The table of an experiment; empty fields are missing values, and nothing else is.

    Raises:
        DataError: Missing, cut short, or no table.
    """
    remedy = f"snakemake --forcerun {experiment}"
    try:
        text = Path(path).read_bytes().decode()
        _check(text)
        return pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise DataError(f"{path}: no such table", remedy) from None
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: damaged table ({printable(error)})", remedy) from None


def _check(text: str) -> None:
    """What pandas would fill up or skip without a word: a last line that is cut, rows of other lengths."""
    if not text.endswith("\n") or "\0" in text:
        raise ValueError("wanted text with a line feed at the end")
    rows = csv.reader(io.StringIO(text), strict=True)
    columns = next(rows)
    if not columns or not all(columns) or len(set(columns)) < len(columns):
        raise ValueError(f"wanted columns of different names, found {', '.join(columns)}")
    for number, row in enumerate(rows, 1):
        if len(row) != len(columns):
            raise ValueError(f"row {number}: wanted {len(columns)} fields, found {len(row)}")
