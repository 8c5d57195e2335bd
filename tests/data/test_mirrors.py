import hashlib
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from official import digest, put

from netspectra.data.download import Patience
from netspectra.data.mirrors import Held, Mirror, beside, held, mirrors_in_force, stated_by
from netspectra.errors import DataError

PATIENCE = Patience(retries=0, timeout_s=5)
ONE, TWO = "1" * 64, "2" * 64
FACTS = {"sha256": ONE, "bytes": 3}


def test_mirrors_of_the_environment_come_first(monkeypatch):
    assert mirrors_in_force([]) == []
    monkeypatch.setenv("NETSPECTRA_MIRRORS", "file:///a/, http://b:80/x ,,")
    entries = ["/c", {"address": "http://d/", "sums_sha256": "A" * 64}, {"address": "https://e"}]
    assert mirrors_in_force(entries) == [
        Mirror("file:///a"),
        Mirror("http://b:80/x"),
        Mirror("/c"),
        Mirror("http://d", "a" * 64),
        Mirror("https://e"),
    ]


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "/",
        "a\nb",
        "a\x1b[2J",
        3,
        None,
        {},
        {"adress": "/a"},
        {"address": "/a", "sums_sha256": "12"},
        {"address": "/a", "pin": ONE},
    ],
)
def test_other_entries_are_refused(entry):
    with pytest.raises(DataError, match=r"^download\.mirrors: wanted an address, or .*found .*\nRemedy: correct"):
        mirrors_in_force([entry])


@pytest.mark.parametrize(
    ("address", "pin", "may"),
    [
        ("/a", None, True),
        ("file:///a", None, True),
        ("https://a", None, True),
        ("http://a", None, False),
        ("http://a", ONE, True),
    ],
)
def test_who_may_state_checksums(address, pin, may):
    assert Mirror(address, pin).may_state is may


@pytest.mark.parametrize(
    ("mirrors", "said"),
    [
        ([], False),
        ([Mirror("https://b")], False),
        ([Mirror("https://b"), Mirror("https://a")], True),
        ([Mirror("https://a", TWO)], True),
        ([Mirror("https://a", ONE)], False),
    ],
)
def test_checksum_is_in_force_while_its_mirror_is_named_and_its_list_the_pinned_one(mirrors, said):
    assert Held(ONE, "https://a", TWO).in_force(mirrors) is said
    assert Held(ONE).in_force(mirrors)


def test_checksum_that_came_over_http_unpinned_is_not_in_force():
    assert not Held(ONE, "http://a", TWO).in_force([Mirror("http://a")])
    assert Held(ONE, "http://a", TWO).in_force([Mirror("http://a", TWO)])


def test_record_says_who_stated_the_checksum(tmp_path):
    own = Held(TWO, "file:///m", ONE)
    put(beside(tmp_path / "a"), own.record("a").encode())
    assert beside(tmp_path / "a").read_text() == (
        f"{TWO}  a\n# stated by file:///m/SHA256SUMS (sha256 {ONE}), not by params.yaml\n"
    )
    assert held(tmp_path / "a", FACTS) == own
    assert Held(ONE).record("a") == f"{ONE}  a\n"


@pytest.mark.parametrize(
    "record", [b"", b"\n", TWO.encode(), f"{TWO}  a\n# stated by x\n".encode(), b"\xff\0" * 9, b"a\n" * 10**6]
)
def test_any_other_record_leaves_the_settings_in_force(tmp_path, record):
    put(beside(tmp_path / "a"), record)
    assert held(tmp_path / "a", FACTS) == Held(ONE)
    assert held(tmp_path / "b", FACTS) == Held(ONE)


def listed(folder, text):
    put(folder / "SHA256SUMS", text.encode())
    return stated_by(Mirror(str(folder)), PATIENCE)


def test_list_is_read_as_sha256sum_writes_it(tmp_path):
    text = f"{ONE}  tiny/a\n{TWO.upper()} *./tiny/b c\r\n\n# words\n{ONE[1:]}  tiny/short\n{ONE}\n"
    found = listed(tmp_path, text)
    own = hashlib.sha256(text.encode()).hexdigest()
    address = str(tmp_path)
    assert found == {
        "tiny/a": Held(ONE, address, own),
        "tiny/b c": Held(TWO, address, own),
        "": Held(ONE, address, own),
    }


@pytest.mark.parametrize(
    "line", [ONE + " " * (1 << 20), f"{ONE}  a" + " b" * (1 << 19), "\n" * (1 << 20), ONE * 16_000]
)
def test_list_is_read_in_a_time_that_grows_with_its_length(tmp_path, line):
    started = time.perf_counter()
    listed(tmp_path, line[: 1 << 20])
    assert time.perf_counter() - started < 2


def test_list_that_is_missing_or_another_than_the_pinned_one_does_not_count(tmp_path, capfd):
    assert stated_by(Mirror(str(tmp_path)), PATIENCE) == {}
    put(tmp_path / "SHA256SUMS", f"{ONE}  tiny/a\n".encode())
    assert stated_by(Mirror(str(tmp_path), TWO), PATIENCE) == {}
    assert f"wanted {TWO}; it does not count" in capfd.readouterr().err
    pinned = Mirror(str(tmp_path), digest(f"{ONE}  tiny/a\n".encode()))
    assert stated_by(pinned, PATIENCE)["tiny/a"].sha256 == ONE


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200) | st.text("0123456789abcdef *./\n#", max_size=300).map(str.encode))
def test_any_list_gives_checksums_or_nothing(tmp_path_factory, content):
    folder = tmp_path_factory.getbasetemp()
    put(folder / "SHA256SUMS", f"{ONE}  a\n".encode() + content)
    found = stated_by(Mirror(str(folder)), PATIENCE)
    assert all(len(own.sha256) == 64 and set(own.sha256) <= set("0123456789abcdef") for own in found.values())
    assert found["a"].sums_sha256 == digest(f"{ONE}  a\n".encode() + content)
