"""Requests that end: every byte is waited for only so long, all of them only so long, and redirects stay on the web."""

import io
import socket
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin

REDIRECTS = 5
REDIRECTING = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Deadline:
    """How long to wait.

    Attributes:
        silence_s: Seconds for the next byte.
        total_s: Seconds for everything.
        end: When that is over, by the monotonic clock.
    """

    silence_s: float
    total_s: float
    end: float

    @classmethod
    def of(cls, silence_s: float, total_s: float) -> "Deadline":
        """A deadline that starts now."""
        return cls(silence_s, total_s, time.monotonic() + total_s)

    @property
    def left_s(self) -> float:
        """Seconds that are left."""
        return self.end - time.monotonic()

    def next_s(self) -> float:
        """Seconds to wait for the next byte; raises `TimeoutError` when the time is over."""
        if self.left_s <= 0:
            raise TimeoutError(f"not done after {self.total_s:g} s, all in all")
        return min(self.silence_s, self.left_s)


def request(address: str, deadline: Deadline, headers: dict[str, str]) -> Any:
    """Open an http:// or https:// address, following a few redirects, from https:// only to https://.

    Returns:
        The response: a stream with `status`, `headers` and `read1`.

    Raises:
        HTTPError: The server refuses.
        OSError: No answer in time, or a redirect that is not followed.
        HTTPException, ValueError: Something else than HTTP, or not such an address.
    """
    for _ in range(REDIRECTS + 1):
        try:
            asked = urllib.request.Request(address, headers=headers)
            return _opener(deadline).open(asked, timeout=deadline.next_s())
        except HTTPError as error:
            error.close()  # unread: what stands there may have no end
            if error.code not in REDIRECTING or not error.headers.get("Location"):
                raise
            address = _onward(address, error.headers["Location"])
    raise ConnectionError(f"more than {REDIRECTS} redirects")


def _onward(address: str, location: str) -> str:
    new = urljoin(address, location)
    allowed = ("https://",) if address.startswith("https://") else ("https://", "http://")
    if not new.startswith(allowed):
        raise PermissionError(f"redirected to {new}, followed is only {' or '.join(allowed)}")
    return new


def _opener(deadline: Deadline) -> urllib.request.OpenerDirector:
    """An opener for the web alone; `urllib`'s own would read the body of a redirect to its end."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Web(deadline),
    ):
        opener.add_handler(handler)
    return opener


class _Web(urllib.request.AbstractHTTPHandler):
    """Opens both kinds of address, each with the deadline."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self.deadline = deadline

    def http_open(self, asked: urllib.request.Request) -> Any:
        return self.do_open(_connecting(HTTPConnection, self.deadline), asked)

    def https_open(self, asked: urllib.request.Request) -> Any:
        return self.do_open(_connecting(HTTPSConnection, self.deadline), asked)

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_


def _connecting(kind: type[HTTPConnection], deadline: Deadline) -> Callable[..., HTTPConnection]:
    def connect(*args: Any, **kwargs: Any) -> HTTPConnection:
        connection = kind(*args, **kwargs)
        connection.response_class = partial(_Response, deadline=deadline)
        return connection

    return connect


class _Response(HTTPResponse):
    """A response whose head and body are both read against the deadline: a server that drips is never silent."""

    def __init__(self, sock: socket.socket, *args: Any, deadline: Deadline, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Timely(self.fp.detach(), sock, deadline))


class _Timely(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: Deadline) -> None:
        self.raw, self.sock, self.deadline = raw, sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self.sock.settimeout(self.deadline.next_s())
        try:
            return self.raw.readinto(buffer)
        except TimeoutError:
            self.deadline.next_s()
            raise

    def close(self) -> None:
        self.raw.close()
        super().close()
