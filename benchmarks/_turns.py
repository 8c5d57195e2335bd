"""Two ways to the same numbers, run in turn in one process, on one thread, timed in CPU seconds.

Machines are noisy; the ratio of two times that were taken in turn is not. Import this before numpy and torch.
"""

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import math
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
        rounds: How often each runs; one round before them does not count, and is spared where it is the only one.
        floor: The matrix products, or the memory traffic, that no way can do without: what bounds the ratio here.
    """

    name: str
    theirs: Callable[[], Numbers]
    ours: Callable[[], Numbers]
    commit: float | None
    agree: float | None
    rounds: int = 5
    floor: Callable[[], object] | None = None


def run(about: str, cases: Iterable[Case]) -> int:
    """Measure and print all cases; 1 when a promised ratio is missed that this machine allows.

    Raises:
        SystemExit: The two ways differ by more than is allowed.
    """
    torch.set_num_threads(1)
    print(
        f"{about}\n{'':<52}{'peer ms':>9}{'ours ms':>9}{'ratio':>8}{'least':>8}{'goal':>8}{'most':>8}{'differ by':>11}"
    )
    missed = {case.name: most for case in cases if (most := _measure(case)) is not None}
    within = [name for name, most in missed.items() if most]
    print("in turn, one thread, CPU time, median of ratios; most: peer over what no way can do without")
    print(
        f"missed: {', '.join(within) or 'none'}; beyond this machine: {', '.join(missed.keys() - within) or 'none'}\n"
    )
    return int(bool(within))


def _measure(case: Case) -> bool | None:
    """None when the goal is reached, else whether it can be reached on this machine."""
    times, apart, warm_up = [], 0.0, int(case.rounds > 1)
    for _ in range(case.rounds + warm_up):
        (peer, wanted), (mine, found) = _seconds(case.theirs), _seconds(case.ours)
        times.append((peer, mine))
        wanted, found = np.asarray(wanted, np.float64), np.asarray(found, np.float64)
        apart = max(apart, float(np.abs(found - wanted).max() / np.abs(wanted).max()))
    ratios = [peer / mine for peer, mine in times[warm_up:]]
    peer, mine = (1e3 * min(column) for column in zip(*times[warm_up:], strict=True))
    ratio, most = statistics.median(ratios), math.inf
    if case.floor:
        most = peer / (1e3 * min(_seconds(case.floor)[0] for _ in range(case.rounds + 1)))
    goal, limit = ("" if number in (None, math.inf) else f"{number:.1f}" for number in (case.commit, most))
    differ = "" if case.agree is None else f"{apart:.1e}"
    figures = f"{peer:>9.1f}{mine:>9.1f}{ratio:>8.1f}{min(ratios):>8.1f}{goal:>8}{limit:>8}{differ:>11}"
    print(f"{case.name:<52}{figures}", flush=True)
    if case.agree is not None and apart > case.agree:
        raise SystemExit(f"{case.name}: wanted agreement to {case.agree:g}, found {apart:.2g}")
    return None if case.commit is None or ratio >= case.commit else most > case.commit


def _seconds(way: Callable[[], object]) -> tuple[float, object]:
    start = time.process_time()
    result = way()
    return time.process_time() - start, result
