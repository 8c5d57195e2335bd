"""What a job does to its own process."""

import ctypes
import os
import threading
import time

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep_memory() -> None:
    """Have the C library (glibc) keep what is freed: fresh pages of the system cost more than most sums over them."""
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        for option, value in (M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, -1):
            mallopt(option, value)


def end_with_parent(every_s: float = 0.5) -> None:
    """End this process, and what it forks, when the one that started it is gone: the next may write the same files."""
    _watch(os.getppid(), every_s)
    forking: list[int] = []
    os.register_at_fork(
        before=lambda: forking.append(os.getpid()),
        after_in_parent=forking.pop,
        after_in_child=lambda: _watch(forking.pop(), every_s),
    )


def _watch(parent: int, every_s: float) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(every_s)
        print("the process that started this job is gone; ended before it wrote", flush=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
