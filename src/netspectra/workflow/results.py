"""Finished results by all that decides them, so that no tool, scale or order of commands makes the same one twice."""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from netspectra.files import replacing
from netspectra.workflow.records import digest

LIBRARIES = ("torch", "numpy", "scipy", "pandas", "matplotlib")
DIGESTS, MB = "digests.json", 10**6


def key_of(meaning: str, machine: dict, inputs: Sequence[tuple[str, str]]) -> str:
    """Name of a result.

    Args:
        meaning: Digest of the job's settings and code.
        machine: What of the machine decides its last digits.
        inputs: Name and digest of each file that it reads.
    """
    libraries = [version(name) for name in LIBRARIES]
    return hashlib.sha256(json.dumps([meaning, machine, list(inputs), libraries]).encode()).hexdigest()[:32]


def keep(folder: Path, key: str, outputs: Sequence[str], limit_mb: float) -> None:
    """Keep the outputs of a job under a key, and drop what was not used for longest beyond a limit."""
    for path in outputs:
        with replacing(folder / key / Path(path).name) as temporary:
            shutil.copyfile(path, temporary)
    with replacing(folder / key / DIGESTS) as temporary:
        temporary.write_text(json.dumps({Path(path).name: digest(path) for path in outputs}))
    _trim(folder, limit_mb)


def bring(folder: Path, key: str, outputs: Sequence[str]) -> bool:
    """Put the outputs that are kept under a key in their places, all or none; whether they were there, and whole."""
    kept = folder / key
    if not _whole(kept, [Path(output).name for output in outputs]):
        return False
    for output in outputs:
        with replacing(output) as temporary:
            shutil.copyfile(kept / Path(output).name, temporary)
    with suppress(OSError):  # it is another user's
        os.utime(kept)
    return True


def _whole(kept: Path, names: Sequence[str]) -> bool:
    try:
        digests = json.loads((kept / DIGESTS).read_text())
        return digests == {name: digest(kept / name) for name in names}
    except (OSError, ValueError):
        return False


def _trim(folder: Path, limit_mb: float) -> None:
    entries = sorted(folder.iterdir(), key=_used, reverse=True)
    size = 0
    for entry in entries:
        size += sum(path.stat().st_size for path in entry.glob("*"))
        if size > limit_mb * MB:
            shutil.rmtree(entry, ignore_errors=True)


def _used(entry: Path) -> float:
    with suppress(FileNotFoundError):  # another job has dropped it
        return entry.stat().st_mtime
    return 0.0
