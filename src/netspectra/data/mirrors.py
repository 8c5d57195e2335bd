"""Mirrors: who may state a checksum, and which of a file's checksums held."""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from netspectra.data.damage import printable
from netspectra.data.download import REFUSALS, Patience, log, read_small
from netspectra.errors import DataError

VARIABLE = "NETSPECTRA_MIRRORS"
LIST = "SHA256SUMS"
DIGEST = re.compile(r"[0-9a-fA-F]{64}")
RECORD = re.compile(r"# stated by (.+)/SHA256SUMS \(sha256 ([0-9a-f]{64})\), not by params\.yaml")


@dataclass(frozen=True)
class Mirror:
    """An address that holds `<set>/<file>` of the sets.

    Attributes:
        address: Path, or file://, http:// or https:// address, without a slash at its end.
        sums_sha256: Checksum that its list of checksums, SHA256SUMS, has to meet; None if any will do.
    """

    address: str
    sums_sha256: str | None = None

    @classmethod
    def of(cls, entry: str | dict) -> Self:
        """A mirror from an entry of `download.mirrors`: an address, or {"address", "sums_sha256"}.

        Raises:
            DataError: Not such an entry.
        """
        parts = entry if isinstance(entry, dict) else {"address": entry}
        address, pin = parts.get("address"), parts.get("sums_sha256")
        right = isinstance(address, str) and address.isprintable() and address.strip("/") and parts.keys() <= KEYS
        if not right or (pin is not None and not DIGEST.fullmatch(str(pin))):
            raise DataError(
                f"download.mirrors: wanted an address, or {{address: ..., sums_sha256: 64 hexadecimal digits}}, "
                f"found {printable(repr(entry))}",
                remedy=f"correct download.mirrors in params.yaml, or {VARIABLE}",
            )
        return cls(address.rstrip("/"), pin and str(pin).lower())

    @property
    def may_state(self) -> bool:
        """Whether its own checksums count: over http:// whoever stands between could supply both list and file."""
        return self.sums_sha256 is not None or not self.address.startswith("http://")


KEYS = {"address", "sums_sha256"}


@dataclass(frozen=True)
class Held:
    """The checksum that a fetched file was held to, and who stated it.

    Attributes:
        sha256: The checksum.
        mirror: Address of the mirror that stated it; None if params.yaml did.
        sums_sha256: Checksum of that mirror's list.
    """

    sha256: str
    mirror: str | None = None
    sums_sha256: str | None = None

    def in_force(self, mirrors: Sequence[Mirror]) -> bool:
        """Whether params.yaml, or one of these mirrors, still vouches for it."""
        return self.mirror is None or any(
            m.address == self.mirror and m.may_state and m.sums_sha256 in (None, self.sums_sha256) for m in mirrors
        )

    def record(self, file: str) -> str:
        """What is written beside the file; `sha256sum --check` reads it too."""
        note = f"# stated by {self.mirror}/{LIST} (sha256 {self.sums_sha256}), not by params.yaml\n"
        return f"{self.sha256}  {file}\n" + (note if self.mirror else "")


def mirrors_in_force(entries: Sequence[str | dict]) -> list[Mirror]:
    """The user's own mirrors in NETSPECTRA_MIRRORS, a comma between two, and then those of `download.mirrors`."""
    own = [mirror.strip() for mirror in os.environ.get(VARIABLE, "").split(",") if mirror.strip()]
    return [Mirror.of(entry) for entry in (*own, *entries)]


def beside(path: Path) -> Path:
    """Where the record of a fetched file lies."""
    return path.with_name(path.name + ".sha256")


def held(path: Path, facts: dict) -> Held:
    """What a fetched file has to meet: its mirror's own checksum, where that was used, else that of params.yaml."""
    try:
        with beside(path).open("rb") as stream:
            first, *notes = stream.read(4096).decode(errors="replace").splitlines()
    except (OSError, ValueError):
        return Held(facts["sha256"])
    stated = RECORD.fullmatch(notes[0]) if notes else None
    return Held(first[:64], stated[1], stated[2]) if stated else Held(facts["sha256"])


def stated_by(mirror: Mirror, patience: Patience) -> dict[str, Held]:
    """{<set>/<file>: its checksum} of the mirror's list; empty where there is none, or where it does not count."""
    if not mirror.may_state:
        log(f"{mirror.address}: {LIST} does not count over http://, unless download.mirrors gives its sums_sha256")
        return {}
    try:
        content = read_small(f"{mirror.address}/{LIST}", patience)
    except REFUSALS as error:
        log(f"{mirror.address}: no {LIST} ({printable(error)}); the checksums of params.yaml hold")
        return {}
    digest = hashlib.sha256(content).hexdigest()
    if mirror.sums_sha256 not in (None, digest):
        log(f"{mirror.address}: {LIST} has sha256 {digest}, wanted {mirror.sums_sha256}; it does not count")
        return {}
    return {path: Held(own, mirror.address, digest) for path, own in _entries(content.decode(errors="replace"))}


def _entries(text: str) -> list[tuple[str, str]]:
    """Path and checksum of each line that `sha256sum` could have written."""
    halves = [line.strip().partition(" ") for line in text.splitlines()]
    return [(path.lstrip(" *").removeprefix("./"), own.lower()) for own, _, path in halves if DIGEST.fullmatch(own)]
