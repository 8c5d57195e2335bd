import errno
import os
import re
import socket
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from loopback import QuietFiles, serving
from official import CONTENT, digest, mirror, one_file, put

from netspectra.data import download as downloading
from netspectra.data import fetch as fetching
from netspectra.data import targets
from netspectra.data.download import Patience
from netspectra.data.fetch import fetch, verify
from netspectra.data.mirrors import Held, Mirror, held
from netspectra.errors import DataError

PROJECT = Path(__file__).parents[2]
write = targets.Part.write
bring = partial(fetch, "tiny", patience=Patience(retries=2, timeout_s=5, pause_s=0))


def named(*entries):
    return [Mirror.of(entry) for entry in entries]


# ---------------------------------------------------------------- fetch


def test_file_from_a_folder_is_kept_and_not_fetched_twice(tmp_path):
    source = put(tmp_path / "source/a.bin", CONTENT)
    block = one_file(source.parent)
    bring(block, tmp_path / "raw")
    source.unlink()
    bring(block, tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    assert sorted(p.name for p in (tmp_path / "raw").iterdir()) == ["a.bin", "a.bin.sha256"]
    assert (tmp_path / "raw/a.bin.sha256").read_text() == f"{digest(CONTENT)}  a.bin\n"


@pytest.mark.parametrize("scheme", ["path", "file", "http"])
def test_official_file_from_every_kind_of_address(tmp_path, scheme):
    put(tmp_path / "source/a.bin", CONTENT)
    with serving(partial(QuietFiles, directory=str(tmp_path / "source"))) as plain:
        source = {"path": tmp_path / "source", "file": (tmp_path / "source").as_uri(), "http": plain.url}[scheme]
        bring(one_file(f"{source}/"), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("manner", "requests"), [("ranges", 1), ("plain", 1), ("416", 2), ("shifted", 2)], ids=lambda v: str(v)
)
def test_partial_file_is_resumed_or_started_over(tmp_path, server, manner, requests):
    server.manner = manner
    put(tmp_path / "raw/a.bin.part", CONTENT[:15_000])
    bring(one_file(server.url), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    assert server.asked == ["bytes=15000-", None][:requests]
    assert server.sent[-1] == len(CONTENT) - (15_000 if manner == "ranges" else 0)


def test_cut_connection_is_resumed_where_it_broke(tmp_path, server):
    server.plan = ["cut", "cut"]
    bring(one_file(server.url), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=10000-", "bytes=20000-"]


def test_connection_cut_too_often_leaves_a_part_that_the_next_source_completes(tmp_path, server):
    server.plan = ["cut"] * 3
    bring(one_file(server.url, f"{server.url}/second"), tmp_path / "raw")
    assert server.asked == [None, "bytes=10000-", "bytes=20000-", "bytes=30000-"]
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT


def test_whole_part_of_a_killed_run_is_not_downloaded_again(tmp_path, server):
    put(tmp_path / "raw/a.bin.part", CONTENT)
    bring(one_file(server.url), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    assert server.asked == []


@pytest.mark.parametrize("size", [10_000, 40_000, 50_000])
def test_part_of_other_content_is_dropped(tmp_path, server, size):
    put(tmp_path / "raw/a.bin.part", bytes(size))
    bring(one_file(server.url), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT


def test_wrong_content_goes_on_to_the_next_source(tmp_path, server, capfd):
    put(tmp_path / "good/a.bin", CONTENT)
    server.content = bytes(len(CONTENT))
    bring(one_file(server.url, tmp_path / "good"), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    assert f"wrong checksum: expected sha256 {digest(CONTENT)}" in capfd.readouterr().err


@pytest.mark.parametrize("bad", [bytes(40_000), CONTENT + b"more"])
def test_wrong_content_everywhere_is_one_error_with_everything_in_it(tmp_path, server, bad):
    server.content = bad
    with pytest.raises(DataError) as error:
        bring(one_file(tmp_path / "absent", server.url), tmp_path / "raw")
    for part in (
        "raw/a.bin",
        digest(CONTENT),
        digest(bad) if len(bad) == 40_000 else "wrong size: expected 40000 bytes, found 40004",
        "absent/a.bin: ",
        f"{server.url}/a.bin: wrong ",
        "NETSPECTRA_MIRRORS",
    ):
        assert part in str(error.value)
    assert list((tmp_path / "raw").iterdir()) == []


def test_what_is_too_long_is_not_read_to_its_end(tmp_path, server, monkeypatch):
    written = []
    monkeypatch.setattr(targets.Part, "write", lambda part, block: written.append(len(block)) or write(part, block))
    server.content, server.manner = CONTENT * 3, "endless"
    with pytest.raises(DataError, match=r"\(more than 40000 bytes\)"):
        bring(one_file(server.url), tmp_path / "raw")
    assert sum(written) == 40_001


@pytest.mark.parametrize(
    ("status", "tries"), [(404, 1), (403, 1), (408, 3), (429, 3), (500, 3), (503, 3)], ids=lambda v: str(v)
)
def test_refusals_are_retried_only_where_it_may_help(tmp_path, server, status, tries):
    put(tmp_path / "good/a.bin", CONTENT)
    server.manner = status
    bring(one_file(server.url, tmp_path / "good"), tmp_path / "raw")
    assert len(server.asked) == tries
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT


def test_pauses_double(monkeypatch, tmp_path, server):
    pauses = []
    monkeypatch.setattr(downloading.time, "sleep", pauses.append)
    server.plan = [503, 503, 503]
    bring(one_file(server.url), tmp_path / "raw", patience=Patience(retries=3, pause_s=0.5, timeout_s=5))
    assert pauses == [0.5, 1.0, 2.0]


def test_silent_server_is_given_up(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(DataError, match="timed out"):
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        bring(one_file(url), tmp_path / "raw", patience=Patience(retries=0, timeout_s=0.1))


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "ftp://127.0.0.1/x", "file:///nonexistent", "http://["])
def test_dead_or_impossible_addresses_are_named(tmp_path, address):
    with pytest.raises(DataError) as error:
        bring(one_file(address), tmp_path / "raw")
    assert f"{address}/a.bin: " in str(error.value)


def test_server_that_does_not_speak_http(tmp_path):
    class Rude(BaseHTTPRequestHandler):
        def handle(self):
            self.wfile.write(b"SSH-2.0 go away\r\n\r\n")

    with serving(Rude) as rude, pytest.raises(DataError, match=r"SSH-2\.0"):
        bring(one_file(rude.url), tmp_path / "raw")


def test_truncated_embedded_file(tmp_path):
    put(tmp_path / "embedded/a.bin", CONTENT[:-1])
    with pytest.raises(DataError, match="cut off after 39999 of 40000 bytes"):
        bring(one_file(tmp_path / "embedded"), tmp_path / "raw")
    assert not (tmp_path / "raw/a.bin").exists()


@pytest.mark.parametrize(
    ("code", "said", "remedy"),
    [(errno.ENOSPC, "the disk is full", "free some space"), (errno.EROFS, "cannot be written", "make .*raw writable")],
)
def test_disk_that_takes_nothing_is_said_at_once(tmp_path, monkeypatch, server, code, said, remedy):
    def refuse(part, _):
        raise targets.unwritable(part.path, OSError(code, os.strerror(code)))

    monkeypatch.setattr(targets.Part, "write", refuse)
    with pytest.raises(DataError, match=rf"a\.bin\.part: {said}") as error:
        bring(one_file(server.url, f"{server.url}/second"), tmp_path / "raw")
    assert re.search(remedy, error.value.remedy)
    assert len(server.asked) == 1


def test_damaged_or_outdated_file_is_fetched_again(tmp_path):
    put(tmp_path / "source/a.bin", CONTENT)
    bring(one_file(tmp_path / "source"), tmp_path / "raw")
    put(tmp_path / "raw/a.bin", CONTENT[:-5])
    bring(one_file(tmp_path / "source"), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    put(tmp_path / "source/a.bin", b"second edition")
    bring(one_file(tmp_path / "source", content=b"second edition"), tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == b"second edition"


def test_progress_takes_at_most_ten_lines(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(downloading, "CHUNK", 100)
    put(tmp_path / "source/a.bin", CONTENT)
    bring(one_file(tmp_path / "source"), tmp_path / "raw")
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1].endswith("0.04 of 0.04 MB")


# ---------------------------------------------------------------- mirrors


@pytest.mark.parametrize("scheme", ["path", "file", "pinned http"])
def test_mirror_may_state_its_own_checksum(tmp_path, scheme, capfd):
    own = mirror(tmp_path / "mirror", b"other edition")
    block, list_ = one_file(tmp_path / "nowhere"), digest((own / "SHA256SUMS").read_bytes())
    with serving(partial(QuietFiles, directory=str(own))) as plain:
        address = {"path": str(own), "file": own.as_uri(), "pinned http": plain.url}[scheme]
        pin = {"sums_sha256": list_} if scheme == "pinned http" else {}
        bring(block, tmp_path / "raw", mirrors=named({"address": address} | pin))
    assert (tmp_path / "raw/a.bin").read_bytes() == b"other edition"
    assert f"held to {address}'s checksum" in capfd.readouterr().err
    assert held(tmp_path / "raw/a.bin", block["files"]["a.bin"]) == Held(digest(b"other edition"), address, list_)


@pytest.mark.parametrize("pin", [None, "1" * 64])
def test_list_over_http_does_not_overrule_the_settings(tmp_path, pin, capfd):
    own = mirror(tmp_path / "mirror", b"other edition")
    entry = "URL" if pin is None else {"address": "URL", "sums_sha256": pin}
    with serving(partial(QuietFiles, directory=str(own))) as plain:
        entry = plain.url if pin is None else entry | {"address": plain.url}
        with pytest.raises(DataError, match=f"expected sha256 {digest(CONTENT)}") as error:
            bring(one_file("http://127.0.0.1:1"), tmp_path / "raw", mirrors=named(entry))
    assert plain.url in error.value.remedy
    assert list((tmp_path / "raw").iterdir()) == []
    assert "does not count" in capfd.readouterr().err


def test_file_of_a_mirror_that_is_named_no_more_is_fetched_anew_or_refused(tmp_path):
    own = mirror(tmp_path / "mirror", b"other edition")
    block, raw = one_file(tmp_path / "good"), tmp_path / "raw"
    bring(block, raw, mirrors=named(str(own)))
    bring(one_file("nowhere"), raw, mirrors=named("elsewhere", f"{own}/"))  # still named
    with pytest.raises(DataError, match="which is a mirror no more") as error:
        verify("tiny", raw / "a.bin", block["files"]["a.bin"], named("elsewhere"))
    assert error.value.remedy == "snakemake --forcerun fetch_tiny"
    put(tmp_path / "good/a.bin", CONTENT)
    bring(block, raw)
    assert (raw / "a.bin").read_bytes() == CONTENT
    assert verify("tiny", raw / "a.bin", block["files"]["a.bin"], ()) == Held(digest(CONTENT))


def test_mirrors_come_first_and_in_order(tmp_path, server):
    one, two = mirror(tmp_path / "one", b"1"), mirror(tmp_path / "two", b"2")
    (one / "tiny/a.bin").unlink()
    bring(one_file(server.url), tmp_path / "raw", mirrors=named(str(one), two.as_uri()))
    assert (tmp_path / "raw/a.bin").read_bytes() == b"2"
    assert server.asked == []


def test_mirror_without_a_list_is_held_to_the_official_checksum(tmp_path):
    put(tmp_path / "good/a.bin", CONTENT)
    bare = mirror(tmp_path / "bare", b"other edition", listed=False)
    bring(one_file(tmp_path / "good"), tmp_path / "raw", mirrors=named(str(bare)))
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT


def test_mirror_is_held_to_what_it_states(tmp_path):
    liar = mirror(tmp_path / "liar", b"other edition", stated="1" * 64)
    with pytest.raises(DataError, match="wrong checksum: expected sha256 1111"):
        bring(one_file(tmp_path / "nowhere"), tmp_path / "raw", mirrors=named(str(liar)))


def test_source_may_not_state_its_own_checksum(tmp_path):
    source = mirror(tmp_path / "source", b"other edition")
    put(source / "a.bin", b"other edition")
    put(source / "SHA256SUMS", f"{digest(b'other edition')}  a.bin\n{digest(b'other edition')}  tiny/a.bin\n".encode())
    with pytest.raises(DataError):
        bring(one_file(source), tmp_path / "raw")


def test_official_file_replaces_that_of_a_mirror_and_its_record(tmp_path):
    put(tmp_path / "good/a.bin", CONTENT)
    block = one_file(tmp_path / "good")
    bring(block, tmp_path / "raw", mirrors=named(str(mirror(tmp_path / "mirror", b"other edition"))))
    (tmp_path / "raw/a.bin").unlink()
    bring(block, tmp_path / "raw")
    assert (tmp_path / "raw/a.bin").read_bytes() == CONTENT
    assert held(tmp_path / "raw/a.bin", block["files"]["a.bin"]) == Held(digest(CONTENT))


def test_run_reads_settings_and_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("NETSPECTRA_MIRRORS", str(mirror(tmp_path / "mirror", b"other edition")))
    how = {"mirrors": ["/nowhere"], "retries": 0, "timeout_s": 1}
    given = {"name": "tiny", "data": one_file("/nowhere"), "download": how}
    fetching.run({}, {"files": [str(tmp_path / "raw/a.bin")]}, given)
    assert (tmp_path / "raw/a.bin").read_bytes() == b"other edition"


# ---------------------------------------------------------------- the remedy is the one that applies


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"1", bytes(40_000), b"", None])
def test_damaged_embedded_file_is_mended_by_git(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        put(tmp_path / "data/embedded/tiny/a.bin", content)
    with pytest.raises(DataError, match=r"data/embedded/tiny/a\.bin: ") as error:
        bring(one_file("data/embedded/tiny", "http://127.0.0.1:1"), Path("data/raw/tiny"))
    assert error.value.remedy == "git checkout data/embedded/tiny"
    assert str(error.value).count("Remedy:") == 1


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"1", bytes(40_000)])
def test_wrong_file_of_a_mirror_names_the_mirror(tmp_path, content):
    bad = mirror(tmp_path / "bad", content, listed=False)
    with pytest.raises(DataError) as error:
        bring(one_file("http://127.0.0.1:1"), tmp_path / "raw", mirrors=named(str(tmp_path / "absent"), str(bad)))
    assert error.value.remedy == (
        f"mend tiny/a.bin at {bad}, or take that mirror out of NETSPECTRA_MIRRORS or download.mirrors"
    )


def test_mirror_over_http_is_told_how_its_list_would_count(tmp_path):
    own = mirror(tmp_path / "mirror", b"other edition")
    with serving(partial(QuietFiles, directory=str(own))) as plain, pytest.raises(DataError) as error:
        bring(one_file("http://127.0.0.1:1"), tmp_path / "raw", mirrors=named(plain.url))
    assert error.value.remedy.endswith("; its own SHA256SUMS counts once download.mirrors gives its sums_sha256")


def test_network_that_is_down_is_the_network(tmp_path):
    with pytest.raises(DataError) as error:
        bring(one_file("http://127.0.0.1:1"), tmp_path / "raw", mirrors=named(str(tmp_path / "absent")))
    assert error.value.remedy.startswith("bring the network up and run again, or set NETSPECTRA_MIRRORS")
