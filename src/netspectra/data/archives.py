"""Archives read in memory and within bounds: nothing in a file decides how much is read, or where anything goes."""

import gzip
import lzma
import re
import struct
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from netspectra.data.damage import wrong

XZ_MEMORY = 1 << 27  # bytes that the decoder may take; the largest preset needs half of it
BLOCK = 512  # bytes of a tar header, and the unit that contents are padded to
SMALL = 1 << 16  # bytes of an extended tar header, of a member that nobody reads, of a zip directory
PADDING = 1 << 20  # bytes after the last member of a tar
ZIP_MEMBERS = 64
ZIP_END, ZIP64_LOCATOR = 22, 20  # bytes of the two records at the end of a zip
OCTAL = re.compile(rb"[ \0]*([0-7]+)[ \0]*")


def read_whole(path: Path, limit: int) -> bytes:
    """A file of at most `limit` bytes; raises `DataError` if it is longer."""
    with path.open("rb") as stream:
        return _within(path, stream.read(limit + 1), limit)


def read_gzip(path: Path, limit: int) -> bytes:
    """What a gzipped file unpacks to, at most `limit` bytes; raises as its decoder does, or `DataError` beyond."""
    with gzip.open(path) as stream:
        return _within(path, stream.read(limit + 1), limit)


def read_xz(path: Path, limit: int) -> bytes:
    """What an xz file unpacks to, at most `limit` bytes; raises as its decoder does, or `DataError` beyond."""
    decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)
    content = _within(path, decoder.decompress(read_whole(path, limit), limit + 1), limit)
    if not decoder.eof or decoder.unused_data:
        raise wrong(path, "one xz stream", "more" if decoder.eof else f"a cut after {len(content)} bytes")
    return content


def read_zip(path: Path, member: str, limit: int) -> bytes:
    """One member of a zip, stored or deflated, at most `limit` bytes.

    The record at the end is looked at first: `zipfile` believes whatever number of members it states.

    Raises:
        DataError: Too many members, none of that name, or one that is too long, encrypted or packed otherwise.
    """
    _check_zip_end(path)
    with zipfile.ZipFile(path) as archive:
        named = [info for info in archive.infolist() if info.filename == member]
        if len(named) != 1:
            raise wrong(path, f"one member {member}", len(named))
        kind = named[0].compress_type
        if kind not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or named[0].flag_bits & 1:
            raise wrong(path, f"{member} stored or deflated, not encrypted", f"method {kind}")
        with archive.open(named[0]) as stream:
            return _within(path, stream.read(limit + 1), limit)


def _check_zip_end(path: Path) -> None:
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - ZIP_END - ZIP64_LOCATOR))
        tail = stream.read()
    end = tail[-ZIP_END:]
    if len(end) < ZIP_END or end[:4] != b"PK\5\6" or end[-2:] != b"\0\0" or tail[:4] == b"PK\6\7":
        raise wrong(path, "a zip without comment and 64-bit sizes", "another end")
    members, directory = struct.unpack("<HL", end[10:16])
    if members > ZIP_MEMBERS or directory > SMALL:
        raise wrong(path, f"a zip of at most {ZIP_MEMBERS} members", f"{members} in {directory} bytes")


def read_tar(path: Path, wanted: Collection[str], others: Collection[str], limit: int) -> dict[str, bytes]:
    """Contents of a gzipped tar by name, in one pass: it cannot be read backwards without starting over.

    Args:
        path: The archive.
        wanted: Names of the members to read.
        others: Names of members that may be there too, and are passed over.
        limit: Bytes that one member may have.

    Raises:
        DataError: A member of another name, a link, a device, one that is too long or there twice.
        OSError, EOFError, zlib.error: Damaged.
    """
    contents = {}
    with gzip.open(path) as stream:
        for name, size in _members(path, stream, {*wanted, *others}):
            if name in contents or size > (limit if name in wanted else SMALL):
                raise wrong(path, f"{name} once, of at most {limit} bytes", f"{size} bytes")
            contents[name] = _take(path, stream, size)
        if len(stream.read(PADDING + 1)) > PADDING:
            raise wrong(path, "an end after the last member", "more")
    return {name: contents[name] for name in contents if name in wanted}


def _members(path: Path, stream: BinaryIO, names: set[str]) -> Iterator[tuple[str, int]]:
    """Name and size of each plain file, the stream standing at its content."""
    folders = {name.rpartition("/")[0] for name in names}
    for _ in range(4 * len(names)):
        header = _take(path, stream, BLOCK)
        if header == bytes(BLOCK):
            return
        name, kind, size = _header(path, header)
        if kind in b"xg" and size <= SMALL:
            _check_extension(path, _take(path, stream, size))
        elif kind in b"0\0" and name in names:
            yield name, size
        elif kind not in b"50\0" or name.rstrip("/") not in folders or size:
            raise wrong(path, "members " + ", ".join(sorted(names)), f"{name!r} of type {kind!r} and {size} bytes")
    raise wrong(path, f"at most {4 * len(names)} headers", "more")


def _header(path: Path, header: bytes) -> tuple[str, bytes, int]:
    size, stated = (OCTAL.fullmatch(header[part]) for part in (slice(124, 136), slice(148, 156)))
    if not size or not stated or int(stated[1], 8) != sum(header) - sum(header[148:156]) + 8 * ord(" "):
        raise wrong(path, "a tar header", header[:100])
    name = header[:100].split(b"\0")[0]
    if header[257:263] == b"ustar\0" and header[345] != 0:
        name = header[345:500].split(b"\0")[0] + b"/" + name
    return name.decode("ascii", "backslashreplace"), header[156:157], int(size[1], 8)


def _check_extension(path: Path, records: bytes) -> None:
    """Records about times and owners change nothing; those that rename or resize the next member are refused."""
    if re.search(rb" (path|linkpath|size|GNU\.[^=]*)=", records):
        raise wrong(path, "plain names and sizes", "an extended header that changes them")


def _take(path: Path, stream: BinaryIO, size: int) -> bytes:
    padded = -(-size // BLOCK) * BLOCK
    content = stream.read(padded)
    if len(content) < padded:
        raise wrong(path, f"{padded} more bytes", f"the end after {len(content)}")
    return content[:size]


def _within(path: Path, content: bytes, limit: int) -> bytes:
    if len(content) > limit:
        raise wrong(path, f"at most {limit} bytes", "more")
    return content
