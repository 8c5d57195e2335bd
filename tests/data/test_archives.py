"""Archives that are bombs, or that lead elsewhere."""

import gzip
import io
import lzma
import struct
import tarfile
import time
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from official import BATCHES, put, splice, tar_bytes, within_bounds

from netspectra.data.archives import read_gzip, read_tar, read_whole, read_xz, read_zip
from netspectra.errors import DataError

WANTED, OTHERS, FOLDER = ["d/a", "d/b"], ["d/readme"], "d"
GOOD = {"d/a": b"first", "d/b": b"second" * 100}


def packed(raw):
    return gzip.compress(raw, 1)


def read(folder, raw, limit=1000):
    return read_tar(put(folder / "x.tar.gz", packed(raw)), WANTED, OTHERS, limit)


def member(name, kind=tarfile.REGTYPE, link="", size=0):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info


def header(info, form=tarfile.USTAR_FORMAT):
    return info.tobuf(form)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_come_back_whatever_stands_beside_them(tmp_path, form):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=form) as tar:
        tar.addfile(member(FOLDER, tarfile.DIRTYPE))
        for name, content in {"d/readme": b"words", **GOOD}.items():
            info = member(name, size=len(content))
            info.mtime, info.uname = 1_000_000_000.5, "kriz"  # half a second takes an extended header
            tar.addfile(info, io.BytesIO(content))
    assert read(tmp_path, raw.getvalue()) == GOOD


def test_name_in_two_halves_is_put_together(tmp_path):
    long = "e" * 60 + "/" + "f" * 60
    path = put(tmp_path / "x.tar.gz", packed(header(member(long)) + bytes(1024)))
    assert read_tar(path, [long], [], 10) == {long: b""}


@pytest.mark.parametrize("name", ["../d/a", "/d/a", "d/../d/a", "./d/a", "d//a", "d/c", "a", "", "D/A", "d/a\x7f"])
def test_other_names_are_refused(tmp_path, name):
    with pytest.raises(DataError, match="wanted members d/a, d/b, d/readme, found"):
        read(tmp_path, tar_bytes({name: b"x", **GOOD}))


@pytest.mark.parametrize("name", ["d/a", "d/readme", "d"])
@pytest.mark.parametrize(
    "kind",
    [b"1", b"2", b"3", b"4", b"6", b"7", b"S", b"L", b"K", b"V", b"?"],
)
def test_links_devices_and_whatever_else_are_refused(tmp_path, name, kind):
    with pytest.raises(DataError, match="wanted members d/a, d/b, d/readme, found"):
        read(tmp_path, header(member(name, kind, "/etc/passwd")) + tar_bytes(GOOD))


@pytest.mark.parametrize("key", ["path", "size", "linkpath", "GNU.sparse.name"])
def test_extended_header_that_renames_or_resizes_is_refused(tmp_path, key):
    record = f"{len(key) + 9} {key}=d/evil\n".encode()
    extended = header(member("x", tarfile.XHDTYPE, size=len(record))) + record.ljust(512, b"\0")
    with pytest.raises(DataError, match="an extended header that changes them"):
        read(tmp_path, extended + tar_bytes(GOOD))


def endless_headers(kind, size):
    """Headers by the thousand; packed, they take next to nothing."""
    return (header(member("d/x", kind, size=size)) + bytes(-(-size // 512) * 512)) * 100


BOMBS = {
    "huge extended header": header(member("x", tarfile.XHDTYPE, size=1 << 30)) + bytes(1 << 26),
    "huge global header": header(member("x", tarfile.XGLTYPE, size=1 << 30)) + bytes(1 << 26),
    "extended headers without end": endless_headers(tarfile.XHDTYPE, 60_000),
    "folders without end": header(member(FOLDER, tarfile.DIRTYPE)) * 100_000,
    "huge member": header(member("d/a", size=1 << 30)) + bytes(1 << 26),
    "huge member beside": header(member("d/readme", size=1 << 30)) + bytes(1 << 26),
    "member twice": tar_bytes(GOOD)[:1024] + tar_bytes(GOOD),
    "folder with content": header(member(FOLDER, tarfile.DIRTYPE, size=512)) + bytes(512),
    "content without end": tar_bytes(GOOD) + bytes(1 << 26),
    "size in base 256": header(member("d/a", size=1 << 40), tarfile.GNU_FORMAT),
    "negative size": header(member("d/a")).replace(b"0" * 11 + b"\0" + b"0" * 11, b"-0000000001\0" + b"0" * 11, 1),
    "another checksum": header(member("d/a")).replace(b"d/a", b"d/b", 1),
    "nothing": b"",
    "cut": tar_bytes(GOOD)[:700],
}


@pytest.mark.parametrize("kind", BOMBS)
def test_bombs_are_left_unread(tmp_path, kind):
    path = put(tmp_path / "x.tar.gz", packed(BOMBS[kind]))
    started = time.perf_counter()
    with pytest.raises(DataError, match="wanted"):
        read_tar(path, WANTED, OTHERS, 1000)
    assert time.perf_counter() - started < 2


def test_process_that_reads_a_huge_extended_header_lives(tmp_path):
    """Reproduced: 1.8 MB that a reader with an extended header's size never came to the end of."""
    pax = io.BytesIO()
    with gzip.GzipFile(fileobj=pax, mode="wb", compresslevel=1) as packed_:
        packed_.write(header(member("x", tarfile.XHDTYPE, size=1 << 27)))
        for _ in range(1 << 7):
            packed_.write(b"9 a=bcde\n" * (1 << 17))
    path = put(tmp_path / "cifar-10-python.tar.gz", pax.getvalue())
    block = {"classes": list("abcdefghij"), "counts": {"train": 25, "test": 5}}
    said = within_bounds(f"formats.read_cifar10(path.parent, {block})", path, memory=1 << 30)
    assert f"wanted members {BATCHES[0].partition('/')[0]}" in said


def test_bomb_of_gzip_and_xz_is_read_to_the_bound_alone(tmp_path):
    for name, pack, reader in [("x.gz", gzip.compress, read_gzip), ("x.xz", lzma.compress, read_xz)]:
        path = put(tmp_path / name, pack(bytes(1 << 24)))
        with pytest.raises(DataError, match="at most 100000 bytes, found more"):
            reader(path, 100_000)
        assert reader(put(path, pack(b"a" * 100_000)), 100_000) == b"a" * 100_000


def test_xz_stream_is_whole_and_alone(tmp_path):
    good = lzma.compress(b"words")
    for content in (good[:-1], good + b"\0\0\0\0", good + good):
        with pytest.raises(DataError, match="one xz stream"):
            read_xz(put(tmp_path / "x.xz", content), 1000)


def test_xz_that_asks_for_much_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("netspectra.data.archives.XZ_MEMORY", 1 << 20)
    with pytest.raises(lzma.LZMAError, match=r"[Mm]emory"):
        read_xz(put(tmp_path / "x.xz", lzma.compress(b"words", preset=6)), 1000)


def test_file_is_read_to_the_bound(tmp_path):
    assert read_whole(put(tmp_path / "x", b"abc"), 3) == b"abc"
    with pytest.raises(DataError, match="at most 2 bytes"):
        read_whole(tmp_path / "x", 2)


# ---------------------------------------------------------------- zip


def zipped(members, method=zipfile.ZIP_DEFLATED, comment=b""):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", method) as archive:
        archive.comment = comment
        for name, content in members:
            archive.writestr(name, content)
    return raw.getvalue()


def end(members, size, offset=0):
    return b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, members, members, size, offset, 0)


ONE = zipped([("a", b"words")])
BAD_ZIPS = {
    "bomb": (zipped([("a", bytes(1 << 26))]), "at most 1000 bytes"),
    "another member": (zipped([("../a", b"x")]), "one member a, found 0"),
    "too many members": (zipped([(str(i), b"x") for i in range(65)]), "at most 64 members"),
    "comment": (zipped([("a", b"x")], comment=b"c"), "another end"),
    "bzip2": (zipped([("a", b"x")], zipfile.ZIP_BZIP2), "stored or deflated"),
    "lzma": (zipped([("a", b"x")], zipfile.ZIP_LZMA), "stored or deflated"),
    "directory of all the disk": (bytes(1000) + end(64, (1 << 32) - 1), "at most 64 members, found 64 in 4294967295"),
    "64-bit sizes": (b"PK\6\7" + bytes(16) + end(1, 50), "another end"),
    "nothing": (b"", "another end"),
    "no zip": (b"<html>404</html>" * 100, "another end"),
}


@pytest.mark.parametrize("kind", BAD_ZIPS)
def test_other_zips_are_refused(tmp_path, kind):
    content, said = BAD_ZIPS[kind]
    with pytest.raises(DataError, match=said):
        read_zip(put(tmp_path / "x.zip", content), "a", 1000)


def test_member_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped([("a", b"x"), ("a", b"y")])
    with pytest.raises(DataError, match="one member a, found 2"):
        read_zip(put(tmp_path / "x.zip", content), "a", 1000)


def test_encrypted_member_is_refused(tmp_path):
    content = bytearray(ONE)
    content[6] |= 1
    content[ONE.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(DataError, match="not encrypted"):
        read_zip(put(tmp_path / "x.zip", bytes(content)), "a", 1000)


FUZZ = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@FUZZ
@given(st.binary(min_size=1, max_size=20), st.integers(0, 10**6))
def test_damaged_zip_gives_at_most_the_bound_or_an_error(tmp_path_factory, junk, at):
    path = put(tmp_path_factory.getbasetemp() / "fuzz.zip", splice(ONE, at, junk))
    try:
        assert len(read_zip(path, "a", 100)) <= 100
    except Exception as error:
        assert not isinstance(error, MemoryError | AssertionError)


@FUZZ
@given(st.binary(min_size=1, max_size=40), st.integers(0, 10**6))
def test_damaged_tar_gives_wanted_members_or_an_error(tmp_path_factory, junk, at):
    path = put(tmp_path_factory.getbasetemp() / "fuzz.tar.gz", packed(splice(tar_bytes(GOOD), at % 2048, junk)))
    try:
        found = read_tar(path, WANTED, OTHERS, 1000)
    except DataError:
        return
    assert found.keys() <= set(WANTED)
    assert all(len(content) <= 1000 for content in found.values())
