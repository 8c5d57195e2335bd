"""What every job needs: a device, fixed threads, and files that appear whole or not at all."""

import ctypes
import glob
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


class DataError(RuntimeError):
    """A data file that is missing, damaged or too small, or a source that does not answer."""


class DeviceError(RuntimeError):
    """The device that the settings ask for is not there."""


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside `path`, flushed to disk and renamed to it when the block ends without an error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_killed(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _clear_killed(path: Path) -> None:
    """Remove what writers of `path` that were killed have left beside it."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.[0-9]*.part"):
        try:
            os.kill(int(left.name.split(".")[-2]), 0)
        except ProcessLookupError:
            left.unlink(missing_ok=True)
        except PermissionError:  # it lives, and is another user's
            continue


def sort_header(path: Path) -> None:
    """Put a safetensors header in order: it is written in any, so that equal tensors would make unequal files."""
    with path.open("rb+") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        file.seek(8)
        text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        file.write(text.encode().ljust(size))


def keep_memory() -> None:
    """Have the C library (glibc) keep what is freed: fresh pages of the system cost more than most sums over them."""
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        for option, value in (M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, -1):
            mallopt(option, value)


def use_threads(threads: int) -> None:
    """Fix the number of threads: sums in another order give other last digits, whatever --cores says."""
    import torch

    torch.set_num_threads(threads)


def pick_device(wanted: str) -> "torch.device":
    """The device named by the setting `device`; "auto" takes CUDA, then MPS, then the CPU.

    Raises:
        DeviceError: A device is asked for by name and is not there.
    """
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, usable in there.items() if usable))
    if not there.get(wanted.partition(":")[0], False):
        usable = ", ".join(name for name, usable in there.items() if usable)
        raise DeviceError(f"device: {wanted} asked for, but usable here: {usable}; set device: auto in params.yaml")
    return torch.device(wanted)
