"""Copy one address to one file: resumed where it stopped, tried again where that may help."""

import errno
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError

CHUNK = 1 << 20
FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSALS = (OSError, HTTPException, ValueError)  # all that a source which does not deliver may raise
T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How a source is waited for.

    Attributes:
        retries: Tries after the first.
        timeout_s: Seconds of silence after which a try is given up.
        pause_s: Seconds before the first retry; doubled before each further one.
    """

    retries: int
    timeout_s: float
    pause_s: float


def download(address: str, part: Path, size: int | None, patience: Patience) -> None:
    """Bring what `address` holds to `part`, going on behind what is there where the server can.

    Args:
        address: Path, or file://, http:// or https:// address.
        part: File to write; what it holds already is taken for the beginning.
        size: Bytes to expect, or None if only the server knows.
        patience: How long to try.

    Raises:
        OSError: No answer, a refusal, a full disk, or a connection cut too often.
        HTTPException: Something else than HTTP answered.
        ValueError: Not such an address.
    """
    patiently(lambda: _download(address, part, size, patience.timeout_s), address, patience)


def read_text(address: str, patience: Patience) -> str:
    """The first MiB of a small text file; raises as `download` does."""

    def read() -> str:
        with _open(address, 0, patience.timeout_s)[0] as stream:
            return stream.read(CHUNK).decode(errors="replace")

    return patiently(read, address, patience)


def patiently(action: Callable[[], T], address: str, patience: Patience) -> T:
    """Result of an action, tried again, after doubling pauses, when it may have failed in passing."""
    for attempt in range(patience.retries):
        try:
            return action()
        except (OSError, HTTPException) as error:
            if not _is_passing(error, address):
                raise
            log(f"  {address}: {error}; trying again")
            time.sleep(patience.pause_s * 2**attempt)
    return action()


def _is_passing(error: Exception, address: str) -> bool:
    if isinstance(error, HTTPError):
        return error.code >= 500 or error.code in (408, 429)
    return address.startswith("http") and getattr(error, "errno", None) not in FULL


def _download(address: str, part: Path, size: int | None, timeout_s: float) -> None:
    done = part.stat().st_size if part.exists() else 0
    stream, start = _open(address, done, timeout_s)
    with stream:
        length = stream.headers.get("Content-Length") if hasattr(stream, "headers") else None
        _copy(stream, part, start, size or (start + int(length) if length else None), address)


def _copy(stream: Any, part: Path, start: int, total: int | None, address: str) -> None:
    done, tenths = start, 0
    with part.open("ab" if start else "wb") as file:
        while block := stream.read(CHUNK):
            file.write(block)
            done += len(block)
            if total and done > total:
                return  # more than was promised: the checksum will say so, without filling the disk
            if total and 10 * done // total > tenths:
                log(f"  {address}: {done / 1e6:.2f} of {total / 1e6:.2f} MB")
                tenths = 10 * done // total
    if total and done < total:
        raise ConnectionError(f"cut off after {done} of {total} bytes")


def _open(address: str, start: int, timeout_s: float) -> tuple[Any, int]:
    """A stream of a path, file:// or http(s):// address and the byte it begins with: `start` where the server can."""
    if "://" not in address:
        return Path(address).open("rb"), 0
    if not address.startswith(("file://", "http://", "https://")):
        raise ValueError(f"wanted a path or a file://, http:// or https:// address, found {address}")
    if start and address.startswith("http"):
        stream = _request(address, timeout_s, {"Range": f"bytes={start}-"}, allowed=416)
        if stream.status == 206 and stream.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            return stream, start
        if stream.status == 200:
            return stream, 0
        stream.close()
    return _request(address, timeout_s, {}), 0


def _request(address: str, timeout_s: float, headers: dict[str, str], allowed: int | None = None) -> Any:
    try:
        return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=timeout_s)
    except HTTPError as error:
        if error.code == allowed:
            return error
        error.close()
        raise


def log(line: str) -> None:
    """Write a line to standard error at once."""
    print(line, file=sys.stderr, flush=True)
