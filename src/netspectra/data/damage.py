"""One error for whatever a decoder stumbles over, in words that a file cannot choose."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netspectra.errors import DataError

LONGEST = 300  # characters of what a file or a server says, in a message of ours


def printable(text: object) -> str:
    """What others say, as one line that neither scrolls a terminal away nor commands it."""
    said = str(text)[: LONGEST + 1]
    shown = "".join(c if c.isprintable() else "?" for c in said[:LONGEST])
    return shown + "..." * (len(said) > LONGEST)


def wrong(path: Path, wanted: object, found: object) -> DataError:
    """The error for a file that holds something else than wanted."""
    return DataError(f"{path}: wanted {wanted}, found {printable(found)}")


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """One error that names the file, whatever a decoder raises over it."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{path}: not {what} ({type(error).__name__}: {printable(error)})") from error
