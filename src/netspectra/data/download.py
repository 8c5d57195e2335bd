"""Copy one address to one file: resumed where it stopped, tried again where that may help, and never without end."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import url2pathname

from netspectra.data.damage import printable
from netspectra.data.targets import Part
from netspectra.data.web import Deadline, request

CHUNK = 1 << 20
REFUSALS = (OSError, HTTPException, ValueError)  # all that a source which does not deliver may raise
WEB = ("http://", "https://")
T = TypeVar("T")


class WrongContentError(ValueError):
    """A source delivers something else; trying again will not help."""


@dataclass(frozen=True)
class Patience:
    """How a source is waited for; the block `download` of params.yaml has the same keys.

    Attributes:
        retries: Tries after the first.
        timeout_s: Seconds of silence after which a try is given up.
        pause_s: Seconds before the first retry; doubled before each further one.
        total_s: Seconds after which a source is given up for a file, whatever it sends; what came is kept.
        max_bytes: Bytes that a file may have where nobody states its size.
    """

    retries: int = 3
    timeout_s: float = 60.0
    pause_s: float = 1.0
    total_s: float = 3600.0
    max_bytes: int = 1 << 30


def download(address: str, part: Part, size: int | None, patience: Patience) -> None:
    """Bring what `address` holds to `part`, going on behind what is there where the server can.

    At most one byte more than expected is written: the checksum will say the rest.

    Args:
        address: Path, or file://, http:// or https:// address.
        part: File to write; what it holds already is taken for the beginning.
        size: Bytes to expect, or None if only the server knows.
        patience: How long to try.

    Raises:
        OSError: No answer, a refusal, a connection cut too often, or too slow in all.
        HTTPException: Something else than HTTP answered.
        ValueError: Not such an address, or (`WrongContentError`) a file of another size.
        DataError: The part cannot be written.
    """
    limit = patience.max_bytes if size is None else size
    patiently(lambda deadline: _download(address, part, size, limit, deadline), address, patience)


def read_small(address: str, patience: Patience) -> bytes:
    """A small file, of at most one MiB; raises as `download` does."""

    def read(deadline: Deadline) -> bytes:
        content = b""
        with _open(address, 0, deadline)[0] as stream:
            while block := stream.read1(CHUNK + 1 - len(content)):
                content += block
                deadline.next_s()
        if len(content) > CHUNK:
            raise ValueError(f"more than {CHUNK} bytes")
        return content

    return patiently(read, address, patience)


def patiently(action: Callable[[Deadline], T], address: str, patience: Patience) -> T:
    """Result of an action, tried again, after doubling pauses, when it may have failed in passing."""
    deadline = Deadline.of(patience.timeout_s, patience.total_s)
    for attempt in range(patience.retries):
        try:
            return action(deadline)
        except (OSError, HTTPException) as error:
            pause = patience.pause_s * 2**attempt
            if not _is_passing(error, address) or pause >= deadline.left_s:
                raise
            log(f"  {address}: {printable(error)}; trying again")
            time.sleep(pause)
    return action(deadline)


def _is_passing(error: Exception, address: str) -> bool:
    if isinstance(error, HTTPError):
        return error.code >= 500 or error.code in (408, 429)
    return address.startswith(WEB) and not isinstance(error, PermissionError)


def _download(address: str, part: Part, size: int | None, limit: int, deadline: Deadline) -> None:
    if part.size > limit:
        part.restart()
    stream, start = _open(address, part.size, deadline)
    with stream:
        length = stream.headers.get("Content-Length", "") if hasattr(stream, "headers") else ""
        stated = start + int(length) if length.isascii() and length.isdecimal() else None
        if stated is not None and (stated > limit or (size is not None and stated != size)):
            raise WrongContentError(f"wrong size: expected {size or f'at most {limit}'} bytes, found {stated}")
        if not start:
            part.restart()
        _copy(stream, part, stated if size is None else size, limit, deadline, address)


def _copy(stream: Any, part: Part, total: int | None, limit: int, deadline: Deadline, address: str) -> None:
    """Copy to the end of the stream, or to the first byte beyond the limit; at most ten lines tell how far it is."""
    done, tenths = part.size, 0
    while done <= limit and (block := stream.read1(min(CHUNK, limit + 1 - done))):
        part.write(block)
        done += len(block)
        if total and done <= total and 10 * done // total > tenths:
            log(f"  {address}: {done / 1e6:.2f} of {total / 1e6:.2f} MB")
            tenths = 10 * done // total
        deadline.next_s()
    if total and done < total:
        cut = ConnectionError if address.startswith(WEB) else WrongContentError
        raise cut(f"cut off after {done} of {total} bytes")


def _open(address: str, start: int, deadline: Deadline) -> tuple[Any, int]:
    """A stream of a path, file:// or http(s):// address and the byte it begins with: `start` where the server can."""
    if not address.startswith(WEB):
        return _path(address).open("rb"), 0
    if start:
        try:
            stream = request(address, deadline, {"Range": f"bytes={start}-"})
        except HTTPError as error:
            if error.code != 416:
                raise
        else:
            if stream.status == 206 and stream.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                return stream, start
            if stream.status == 200:
                return stream, 0
            stream.close()
    return request(address, deadline, {}), 0


def _path(address: str) -> Path:
    """The plain file that a path or a file:// address names: not a pipe or a device, which may never end."""
    path = Path(address)
    if "://" in address:
        parts = urlsplit(address)
        if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
            raise ValueError(f"wanted a path or a file://, http:// or https:// address, found {address}")
        path = Path(url2pathname(parts.path))
    if path.exists() and not path.is_file():
        raise ValueError(f"wanted a plain file, found {path}")
    return path


def log(line: str) -> None:
    """Write a line to standard error at once."""
    print(line, file=sys.stderr, flush=True)
