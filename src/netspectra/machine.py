"""What a job takes of the machine: a device, fixed threads, and memory."""

import ctypes
import os
import threading
import time
from typing import TYPE_CHECKING

from netspectra.errors import DeviceError

if TYPE_CHECKING:
    import torch

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


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


def end_with_parent(every_s: float = 0.5) -> None:
    """End this process when the one that started it is gone: the next run may write the same files."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(every_s)
        print("the process that started this job is gone; ended before it wrote", flush=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
