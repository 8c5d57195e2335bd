"""Files that appear whole or not at all."""

import glob
import hashlib
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

FOREIGN_DAYS = 7  # a writer on another machine, of which nothing can be known, may be silent for so long


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside `path`, flushed to disk and renamed to it when the block ends without an error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_killed(path.parent, glob.escape(path.name))
    temporary = path.with_name(f".{path.name}.{_place()}-{os.getpid()}-{_started(os.getpid())}.part")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def clear_killed(folder: Path, pattern: str = "*") -> None:
    """Remove what writers that were killed have left of files of that pattern in a folder.

    A writer on this machine is dead when its process is. Of one on another machine, or in another container, nothing
    is known: what it writes is left alone until it has not changed for a week.
    """
    for left in folder.glob(f".{pattern}.*.part"):
        if _is_dead(left):
            with suppress(OSError):  # another has removed it, or it is another user's
                left.unlink()


def _is_dead(left: Path) -> bool:
    place, _, process = left.name.removesuffix(".part").rpartition(".")[2].partition("-")
    number, _, started = process.partition("-")
    try:
        if place == _place() and number.isdecimal():
            return not _runs(int(number), started)
        return time.time() - left.stat().st_mtime > FOREIGN_DAYS * 86_400
    except FileNotFoundError:  # its writer has just finished
        return False


def _runs(number: int, started: str) -> bool:
    """Whether the process lives; the same number may by now belong to another that was started later."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, and is another user's
        pass
    return _started(number) == started


@cache
def _place() -> str:
    """Where process numbers mean what they mean here: this machine since it was started, and this container."""
    facts = [platform.node()]
    for path in (Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")):
        try:
            facts.append(str(path.stat().st_ino) if path.name == "pid" else path.read_text())
        except OSError:  # not Linux
            continue
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]


def _started(number: int) -> str:
    """When a process started, in ticks since the machine did; "" where the system does not say."""
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except OSError:
        return ""


def sort_header(path: Path) -> None:
    """Put a safetensors header in order: it is written in any, so that equal tensors would make unequal files."""
    with path.open("rb+") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        file.seek(8)
        text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        file.write(text.encode().ljust(size))
