"""Bring the files of a data set from the first source that has them, checked before anything is opened."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from netspectra.data.damage import printable
from netspectra.data.download import REFUSALS, Patience, WrongContentError, download, log
from netspectra.data.mirrors import LIST, VARIABLE, Held, Mirror, beside, held, mirrors_in_force, stated_by
from netspectra.data.targets import Part, plain_name, real_folder
from netspectra.errors import DataError
from netspectra.files import replacing


@dataclass(frozen=True)
class _Offer:
    """One address of a file, what must come from it, and the mirror or else the source of params.yaml it is at."""

    address: str
    held: Held
    bytes: int | None
    mirror: Mirror | None = None
    source: str | None = None


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Fetch one data set; settings: {"name", "data": its block, "download": mirrors, and what `Patience` has}."""
    how = dict(settings["download"])
    mirrors = mirrors_in_force(how.pop("mirrors"))
    folder = Path(outputs["files"][0]).parent
    fetch(settings["name"], settings["data"], folder, mirrors=mirrors, patience=Patience(**how))


def fetch(
    name: str, block: dict, folder: Path, *, mirrors: Sequence[Mirror] = (), patience: Patience | None = None
) -> None:
    """Bring every file of a set into `folder`; files that are there and right are left alone.

    A mirror holds `<set>/<file>`. It is the user's choice, so a SHA256SUMS file at its root takes the place of the
    checksums in params.yaml, unless it comes over http:// and its own checksum is not among the settings. The checksum
    that held is written beside the file as `<file>.sha256`; once its mirror is named no more, the file is fetched anew.

    Args:
        name: Name of the set.
        block: Its block in params.yaml: sources in order, and files with sha256 and bytes.
        folder: Where the files go.
        mirrors: Tried before the block's sources.
        patience: How long to try each source; a partial file is resumed.

    Raises:
        DataError: No source gave a right file (says what each one answered), a name or folder is not one to write to,
            or the disk is full.
    """
    patience = patience or Patience()
    for file in (plain_name(name, "data"), *block["files"]):
        plain_name(file, f"data.{name}.files")
    folder = real_folder(folder)
    missing = [file for file, facts in block["files"].items() if not _is_right(folder / file, facts, mirrors)]
    lists = {mirror: stated_by(mirror, patience) for mirror in mirrors if missing}
    for file in missing:
        offers = list(_offers(f"{name}/{file}", block["files"][file], lists, block["sources"]))
        _from_first(offers, folder / file, patience, f"{name}/{file}")


def sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(name: str, path: Path, facts: dict, mirrors: Sequence[Mirror]) -> Held:
    """The checksum that a fetched file of a set was held to, after holding the file to it once more.

    Raises:
        DataError: Missing, another checksum, or one that a mirror stated which is named no more.
    """
    remedy, wanted = f"snakemake --forcerun fetch_{name}", held(path, facts)
    if not path.is_file():
        raise DataError(f"{path}: missing", remedy)
    if not wanted.in_force(mirrors):
        raise DataError(f"{path}: accepted by a checksum of {wanted.mirror}, which is a mirror no more", remedy)
    if (found := sha256(path)) != wanted.sha256:
        size = path.stat().st_size
        raise DataError(
            f"{path}: wrong checksum: expected sha256 {wanted.sha256}, found {found} ({size} bytes)", remedy
        )
    return wanted


def _is_right(path: Path, facts: dict, mirrors: Sequence[Mirror]) -> bool:
    wanted = held(path, facts)
    there = path.is_file() and not path.is_symlink()
    return there and wanted.in_force(mirrors) and sha256(path) == wanted.sha256


def _offers(path: str, facts: dict, lists: dict[Mirror, dict[str, Held]], sources: Sequence[str]) -> Iterator[_Offer]:
    official = Held(facts["sha256"])
    for mirror, stated in lists.items():
        own = stated.get(path, official)
        same = own.sha256 == official.sha256
        yield _Offer(f"{mirror.address}/{path}", *((official, facts["bytes"]) if same else (own, None)), mirror)
    for source in sources:
        yield _Offer(f"{source.rstrip('/')}/{Path(path).name}", official, facts["bytes"], source=source)


def _from_first(offers: Sequence[_Offer], target: Path, patience: Patience, path: str) -> None:
    said, liars = [], []
    for offer in offers:
        try:
            return _bring(offer, target, patience)
        except REFUSALS as error:
            liars += [offer.mirror] if offer.mirror and isinstance(error, WrongContentError) else []
            said.append(f"  {offer.address}: {printable(error) or type(error).__name__}")
            log(said[-1])
    message = f"{target}: expected sha256 {offers[-1].held.sha256}, but no source gave it:\n" + "\n".join(said)
    raise DataError(message, _remedy(offers, liars, path))


def _remedy(offers: Sequence[_Offer], liars: Sequence[Mirror], path: str) -> str:
    """What helps: the project's own copy, a mirror that is wrong, or the network, in this order."""
    if embedded := [
        o.source for o in offers if o.source and "://" not in o.source and not Path(o.source).is_absolute()
    ]:
        return f"git checkout {embedded[0]}"
    if liars:
        pin = "" if liars[0].may_state else f"; its own {LIST} counts once download.mirrors gives its sums_sha256"
        where = f"mend {path} at {liars[0].address}, or take that mirror out of {VARIABLE} or download.mirrors"
        return where + pin
    return f"bring the network up and run again, or set {VARIABLE} to the address of a mirror that holds {path}"


def _bring(offer: _Offer, target: Path, patience: Patience) -> None:
    """Download to `<target>.part`, resuming it, and rename when size and checksum are right."""
    with Part(target) as part:
        resumed = part.size > 0
        if not resumed or part.sha256() != offer.held.sha256:
            download(offer.address, part, offer.bytes, patience)
        if (found := part.sha256()) == offer.held.sha256:
            return _accept(offer.held, part, target)
        size, limit = part.size, patience.max_bytes if offer.bytes is None else offer.bytes
        part.remove()
    if resumed:  # its beginning may have come from a source with other content
        return _bring(offer, target, patience)
    said = f"more than {limit}" if size > limit else str(size)
    raise WrongContentError(f"wrong checksum: expected sha256 {offer.held.sha256}, found {found} ({said} bytes)")


def _accept(own: Held, part: Part, target: Path) -> None:
    """Record the checksum, then rename: a kill between the two leaves a file that is fetched again."""
    with replacing(beside(target)) as temporary:
        temporary.write_text(own.record(target.name))
    part.become(target)
    if own.mirror:
        log(f"{target.name}: held to {own.mirror}'s checksum {own.sha256}, not to that of params.yaml")
