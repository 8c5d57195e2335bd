"""Bring the files of a data set from the first source that has them, checked before anything is opened."""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from netspectra.data.download import FULL, REFUSALS, Patience, download, log, read_text
from netspectra.errors import DataError
from netspectra.files import replacing

MIRRORS = "NETSPECTRA_MIRRORS"
STATED = "# stated by"  # of a mirror's own checksum, in the file beside


@dataclass(frozen=True)
class _Offer:
    """One address of a file, and what must come from it; `stated_by` a mirror if not by params.yaml."""

    address: str
    sha256: str
    bytes: int | None
    stated_by: str | None = None


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Fetch one data set; settings: {"name", "data": its block, "download": mirrors, retries and timeout_s}."""
    how = settings["download"]
    fetch(
        settings["name"],
        settings["data"],
        Path(outputs["files"][0]).parent,
        mirrors=[*mirrors_from_environment(), *how["mirrors"]],
        retries=how["retries"],
        timeout_s=how["timeout_s"],
    )


def mirrors_from_environment() -> list[str]:
    """The user's own mirrors in NETSPECTRA_MIRRORS, a comma between two."""
    return [mirror.strip() for mirror in os.environ.get(MIRRORS, "").split(",") if mirror.strip()]


def fetch(
    name: str,
    block: dict,
    folder: Path,
    *,
    mirrors: Sequence[str] = (),
    retries: int = 3,
    timeout_s: float = 60.0,
    pause_s: float = 1.0,
) -> None:
    """Bring every file of a set into `folder`; files that are there and right are left alone.

    A mirror holds `<set>/<file>`. It is the user's choice, so a SHA256SUMS file at its root takes the place of the
    checksums in params.yaml; the checksum that held is written beside the file as `<file>.sha256`.

    Args:
        name: Name of the set.
        block: Its block in params.yaml: sources in order, and files with sha256 and bytes.
        folder: Where the files go.
        mirrors: Paths, file:// or http(s):// addresses, tried before the block's sources.
        retries: Tries per source after the first; a partial file is resumed.
        timeout_s: Seconds of silence after which a source is given up.
        pause_s: Seconds before the first retry; doubled before each further one.

    Raises:
        DataError: No source gave a right file (says what each one answered), or the disk is full.
    """
    patience = Patience(retries, timeout_s, pause_s)
    missing = [file for file, facts in block["files"].items() if not _is_right(folder / file, facts)]
    lists = {mirror.rstrip("/"): _checksums(mirror.rstrip("/"), patience) for mirror in mirrors if missing}
    folder.mkdir(parents=True, exist_ok=True)
    for file in missing:
        offers = list(_offers(f"{name}/{file}", block["files"][file], lists, block["sources"]))
        _from_first(offers, folder / file, patience, f"{name}/{file}")


def sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stated_checksum(path: Path, facts: dict) -> str:
    """The checksum a fetched file has to meet: its mirror's own, where that was used, else that of params.yaml."""
    try:
        record = _beside(path).read_text(errors="replace")
    except FileNotFoundError:
        return facts["sha256"]
    return record[:64] if f"\n{STATED}" in record else facts["sha256"]


def verify(path: Path, facts: dict) -> Path:
    """Return the path of a fetched file whose checksum is right.

    Raises:
        DataError: Missing, or another checksum.
    """
    remedy = f"delete it and run again; or name a mirror in the environment variable {MIRRORS}"
    if not path.exists():
        raise DataError(f"{path}: missing; {remedy}")
    wanted, found = stated_checksum(path, facts), sha256(path)
    if found != wanted:
        size = path.stat().st_size
        raise DataError(f"{path}: wrong checksum: expected sha256 {wanted}, found {found} ({size} bytes); {remedy}")
    return path


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _is_right(path: Path, facts: dict) -> bool:
    return path.exists() and sha256(path) == stated_checksum(path, facts)


def _offers(path: str, facts: dict, lists: dict[str, dict[str, str]], sources: Sequence[str]) -> Iterator[_Offer]:
    official = facts["sha256"], facts["bytes"]
    for mirror, checksums in lists.items():
        own = checksums.get(path, facts["sha256"])
        yield _Offer(f"{mirror}/{path}", *(official if own == facts["sha256"] else (own, None, mirror)))
    for source in sources:
        yield _Offer(f"{source.rstrip('/')}/{Path(path).name}", *official)


def _checksums(mirror: str, patience: Patience) -> dict[str, str]:
    """{<set>/<file>: sha256} of the mirror's SHA256SUMS; empty where there is none."""
    try:
        text = read_text(f"{mirror}/SHA256SUMS", patience)
    except REFUSALS as error:
        log(f"{mirror}: no SHA256SUMS ({error}); the checksums of params.yaml hold")
        return {}
    return {path: own.lower() for own, path in re.findall(r"^([0-9a-fA-F]{64}) [ *](?:\./)?(.+?)\s*$", text, re.M)}


def _from_first(offers: Sequence[_Offer], target: Path, patience: Patience, path: str) -> None:
    said = []
    for offer in offers:
        try:
            return _bring(offer, target, patience)
        except (*REFUSALS, DataError) as error:
            if getattr(error, "errno", None) in FULL:
                raise DataError(f"{target}: the disk is full ({error}); free some space and run again") from None
            said.append(f"  {offer.address}: {error or type(error).__name__}")
            log(said[-1])
    raise DataError(
        f"{target}: expected sha256 {offers[-1].sha256}, but no source gave it:\n" + "\n".join(said) + "\n  Remedy: "
        f"bring the network up and run again, or set {MIRRORS} to the address of a mirror that holds {path}"
    )


def _bring(offer: _Offer, target: Path, patience: Patience) -> None:
    """Download to `<target>.part`, resuming it, and rename when size and checksum are right."""
    part = target.with_name(target.name + ".part")
    resumed = part.exists()
    if not resumed or sha256(part) != offer.sha256:
        download(offer.address, part, offer.bytes, patience)
    if (found := sha256(part)) != offer.sha256:
        size = part.stat().st_size
        part.unlink()
        if resumed:  # its beginning may have come from a source with other content
            return _bring(offer, target, patience)
        wanted = f"{offer.sha256} ({offer.bytes or 'any number of'} bytes)"
        raise DataError(f"wrong checksum: expected sha256 {wanted}, found {found} ({size} bytes)")
    _accept(offer, part, target)
    return None


def _accept(offer: _Offer, part: Path, target: Path) -> None:
    """Record the checksum, then rename: a kill between the two leaves a file that is fetched again."""
    with part.open("rb+") as stream:
        os.fsync(stream.fileno())
    with replacing(_beside(target)) as temporary:
        note = f"{STATED} {offer.stated_by}/SHA256SUMS, not by params.yaml\n" if offer.stated_by else ""
        temporary.write_text(f"{offer.sha256}  {target.name}\n{note}")
    part.replace(target)
    if offer.stated_by:
        log(f"{target.name}: checked against the mirror's own checksum {offer.sha256}, not that of params.yaml")
