"""What a server may do to a reader: send without end, drip, and send elsewhere."""

import contextlib
import os
import time
from http.server import BaseHTTPRequestHandler

import pytest
from loopback import serving, speaking
from official import CONTENT, digest, put

from netspectra.data import download as downloading
from netspectra.data import web
from netspectra.data.download import Patience, WrongContentError, download, read_small
from netspectra.data.fetch import fetch
from netspectra.data.mirrors import Mirror
from netspectra.data.targets import Part
from netspectra.errors import DataError

QUICK = Patience(retries=0, timeout_s=5, total_s=5, pause_s=0, max_bytes=100_000)
DRIPPING = Patience(retries=5, timeout_s=5, total_s=0.3, pause_s=0.01)
HEAD = b"HTTP/1.1 200 OK\r\n"
MIB = bytes(1 << 20)


def bring(address, folder, size=None, patience=QUICK):
    """What has come, which stays in the part while it is open."""
    with Part(folder / "a.bin") as part:
        download(f"{address}/a.bin", part, size, patience)
        return part.path.read_bytes()


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "pieces", [(HEAD + b"\r\n", MIB), (CHUNKED, b"100000\r\n" + MIB + b"\r\n")], ids=["bare", "chunks"]
)
@pytest.mark.parametrize(("size", "written"), [(None, 100_001), (50_000, 50_001), (0, 1)])
def test_stream_without_end_is_left_one_byte_beyond_what_is_expected(tmp_path, pieces, size, written):
    with speaking(*pieces) as server:
        assert bring(server.url, tmp_path, size) == bytes(written)
    assert server.sent < 1 << 26  # what the sockets hold


class Endless(BaseHTTPRequestHandler):
    """A mirror with a list, whose files have no size and no end."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        if self.path.endswith("SHA256SUMS"):
            self.wfile.write(LIST)
            return
        with contextlib.suppress(OSError):
            while self.server.sent < 1 << 28:
                self.wfile.write(MIB)
                self.server.sent += len(MIB)

    def log_message(self, *_):
        pass


LIST = f"{'1' * 64}  tiny/a.bin\n".encode()


def test_mirror_that_states_its_own_checksums_does_not_fill_the_disk(tmp_path):
    """Nobody states a size there; reproduced: 940 MB in 5 s."""
    block = {"sources": [], "files": {"a.bin": {"sha256": "0" * 64, "bytes": 10}}}
    with serving(Endless) as server:
        server.sent = 0
        with pytest.raises(DataError, match=r"expected sha256 1111.*more than 100000 bytes"):
            fetch("tiny", block, tmp_path / "raw", mirrors=[Mirror(server.url, digest(LIST))], patience=QUICK)
    assert server.sent < 1 << 26
    assert list((tmp_path / "raw").iterdir()) == []


@pytest.mark.parametrize("stated", ["100001", "9" * 30])
def test_size_beyond_the_bound_is_not_even_begun(tmp_path, stated):
    with (
        speaking(HEAD + f"Content-Length: {stated}\r\n\r\n".encode(), MIB) as server,
        pytest.raises(WrongContentError, match=f"expected at most 100000 bytes, found {stated}"),
    ):
        bring(server.url, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stated", ["-1", "1e9", "", "١٢"])
def test_senseless_size_is_no_size(tmp_path, stated):
    with speaking(HEAD + b"Content-Length: " + stated.encode() + b"\r\n\r\n", MIB) as server:
        assert len(bring(server.url, tmp_path)) in (0, 100_001)


@pytest.mark.parametrize(
    "pieces",
    [
        (HEAD + b"\r\n", b"a"),
        (CHUNKED, b"1\r\na\r\n"),
        (b"HTTP/1.1 ", b"2"),
        (HEAD + b"X: ", b"a"),
        (HEAD, b"X: a\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n",),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    ],
    ids=["body", "chunks", "status", "header", "headers", "continue", "chunk size"],
)
def test_dripping_server_is_given_up_in_time(tmp_path, pieces):
    started = time.monotonic()
    with (
        speaking(*pieces, pause=0.02) as server,
        pytest.raises(Exception, match=r"not done after 0\.3 s|timed out|line|headers|chunk|IncompleteRead") as error,
    ):
        bring(server.url, tmp_path, patience=DRIPPING)
    assert isinstance(error.value, downloading.REFUSALS)
    assert time.monotonic() - started < 2


def test_what_dripped_is_kept_and_gone_on_from(tmp_path, server):
    with speaking(HEAD + b"\r\n" + CONTENT[:500], CONTENT[500:501], pause=0.02) as slow, pytest.raises(TimeoutError):
        bring(slow.url, tmp_path, len(CONTENT), DRIPPING)
    part = tmp_path / "a.bin.part"
    kept = part.stat().st_size
    assert 500 < kept < 1000
    put(part, CONTENT[:kept])
    assert bring(server.url, tmp_path, len(CONTENT)) == CONTENT
    assert server.asked == [f"bytes={kept}-"]


def test_pauses_end_with_the_time(tmp_path, server, monkeypatch):
    pauses = []
    monkeypatch.setattr(downloading.time, "sleep", pauses.append)
    server.manner = 503
    with pytest.raises(OSError, match="503"):
        bring(server.url, tmp_path, patience=Patience(retries=50, pause_s=1, total_s=10))
    assert pauses == [1, 2, 4, 8]


@pytest.mark.parametrize("pieces", [(HEAD + b"\r\n", MIB), (HEAD + b"Content-Length: 99999999\r\n\r\n", MIB)])
def test_list_without_end_is_left(pieces):
    with speaking(*pieces) as server, pytest.raises(ValueError, match="more than 1048576 bytes"):
        read_small(f"{server.url}/SHA256SUMS", QUICK)
    assert server.sent < 1 << 26


def test_list_that_drips_is_left():
    started = time.monotonic()
    with (
        speaking(HEAD + b"\r\n", b"a", pause=0.02) as server,
        pytest.raises(TimeoutError, match=r"not done after 0\.3 s"),
    ):
        read_small(f"{server.url}/SHA256SUMS", DRIPPING)
    assert time.monotonic() - started < 2


# ---------------------------------------------------------------- redirects


def redirect(location):
    return b"HTTP/1.1 302 Found\r\nLocation: " + location.encode() + b"\r\n"


def test_redirect_is_followed(tmp_path, server):
    with speaking(redirect(f"{server.url}/b.bin") + b"Content-Length: 0\r\n\r\n") as first:
        assert bring(first.url, tmp_path, len(CONTENT)) == CONTENT


def test_redirects_end(tmp_path):
    with (
        speaking(redirect("/again") + b"Content-Length: 0\r\n\r\n") as server,
        pytest.raises(OSError, match="5 redirects"),
    ):
        bring(server.url, tmp_path)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/a", "data:text/plain,a", "javascript:1"])
def test_redirect_off_the_web_is_refused_at_once(tmp_path, location):
    with (
        speaking(redirect(location) + b"\r\n") as server,
        pytest.raises(PermissionError, match=f"redirected to {location}, followed is only https:// or http://"),
    ):
        bring(server.url, tmp_path, patience=Patience(retries=3, pause_s=60))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("location", ["http://a.test/x", "//a.test/x", "/x", "https://b.test/x", "file:///x"])
def test_redirect_leaves_https_for_https_alone(location):
    stays = {"//a.test/x": "https://a.test/x", "/x": "https://start.test/x", "https://b.test/x": "https://b.test/x"}
    if location in stays:
        assert web._onward("https://start.test/a", location) == stays[location]
    else:
        with pytest.raises(PermissionError, match="followed is only https://"):
            web._onward("https://start.test/a", location)


def test_body_of_a_redirect_is_not_read(tmp_path):
    with speaking(redirect("/again") + b"\r\n", MIB) as server, pytest.raises(OSError, match="5 redirects"):
        bring(server.url, tmp_path)
    assert server.sent < 1 << 26


# ---------------------------------------------------------------- what is no plain file, and what is said


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_source_that_is_no_plain_file_is_refused(tmp_path_factory, tmp_path, make):
    make(tmp_path / "a.bin")
    with pytest.raises(ValueError, match="wanted a plain file"):
        bring(str(tmp_path), tmp_path_factory.mktemp("out"))


@pytest.mark.parametrize("address", ["ftp://a.test", "file://elsewhere/x", "gopher://x", "FILE:///x"])
def test_other_addresses_are_refused(tmp_path, address):
    with pytest.raises((ValueError, FileNotFoundError)):
        bring(address, tmp_path)


def test_what_a_server_says_is_shown_without_its_commands(tmp_path, capfd):
    block = {"sources": [], "files": {"a.bin": {"sha256": "0" * 64, "bytes": 10}}}
    with (
        speaking(b"HTTP/1.1 404 \x1b[2Jgone\x07" + b"!" * 5000 + b"\r\n\r\n") as server,
        pytest.raises(DataError) as error,
    ):
        fetch("tiny", block | {"sources": [server.url]}, tmp_path / "raw", patience=QUICK)
    for said in (str(error.value), capfd.readouterr().err):
        assert "404" in said
        assert "?[2Jgone?!!!" in said
        assert len(said) < 1000
