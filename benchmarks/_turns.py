"""Two ways to the same numbers, run in turn in one process, on one thread, timed in CPU seconds.

Machines are noisy; the ratio of two times that were taken in turn is not. Import this before numpy and torch.
"""

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch

Numbers = np.ndarray | torch.Tensor | float


@dataclass(frozen=True)
class Case:
    """What is computed in two ways.

    Attributes:
        name: What, and by which peer.
        theirs: The peer's way.
        ours: Our way.
        commit: Least ratio of the two times, or None where none is promised.
        agree: Largest difference allowed, relative to the largest value; None where the two draw at random.
        rounds: How often each runs; one round before them does not count.
    """

    name: str
    theirs: Callable[[], Numbers]
    ours: Callable[[], Numbers]
    commit: float | None
    agree: float | None
    rounds: int = 5


def run(about: str, cases: Iterable[Case]) -> int:
    """Measure and print all cases; 1 when a promised ratio is missed.

    Raises:
        SystemExit: The two ways differ by more than is allowed.
    """
    torch.set_num_threads(1)
    print(f"{about}\n{'':<52}{'peer ms':>9}{'ours ms':>9}{'ratio':>8}{'least':>8}{'goal':>8}{'differ by':>11}")
    missed = [case.name for case in cases if not _measure(case)]
    print(f"in turn, one thread, CPU time, median of ratios; missed: {', '.join(missed) or 'none'}\n")
    return int(bool(missed))


def _measure(case: Case) -> bool:
    times, apart = [], 0.0
    for _ in range(case.rounds + 1):
        (peer, wanted), (mine, found) = _seconds(case.theirs), _seconds(case.ours)
        times.append((peer, mine))
        apart = max(apart, float(np.abs(found - wanted).max() / np.abs(wanted).max()))
    ratios = [peer / mine for peer, mine in times[1:]]
    peer, mine = (1e3 * min(column) for column in zip(*times[1:], strict=True))
    ratio, goal = statistics.median(ratios), "" if case.commit is None else f"{case.commit:.1f}"
    differ = "" if case.agree is None else f"{apart:.1e}"
    print(f"{case.name:<52}{peer:>9.1f}{mine:>9.1f}{ratio:>8.1f}{min(ratios):>8.1f}{goal:>8}{differ:>11}", flush=True)
    if case.agree is not None and apart > case.agree:
        raise SystemExit(f"{case.name}: wanted agreement to {case.agree:g}, found {apart:.2g}")
    return case.commit is None or ratio >= case.commit


def _seconds(way: Callable[[], Numbers]) -> tuple[float, np.ndarray]:
    start = time.process_time()
    result = way()
    return time.process_time() - start, np.asarray(result, dtype=np.float64)
