"""Processes that take turns at tasks, so that all are busy to the end; one that dies takes nothing with it."""

import multiprocessing
import os
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

Turn = Callable[[int, int], bool]

DEATHS = 2  # of processes at one task, after which it is left to the caller
DONE, GOES_ON, FAILED, DIED = "done", "goes on", "failed", "died"


@dataclass(eq=False)
class Worker:
    """A process, the caller's end of the pipe to it, and the task it is at and the turns that this has had."""

    process: multiprocessing.Process
    pipe: Connection
    task: tuple[int, int] | None = None

    def take(self, task: int, turns: int) -> None:
        """Be at a task; one that is dead shows when it is to report."""
        self.task = task, turns
        with suppress(OSError):
            self.pipe.send((task, turns))

    def report(self) -> str:
        """How the turn went; the worker is idle then."""
        self.task = None
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            print(f"  process {self.process.pid} was killed; another takes up its work", flush=True)
            return DIED

    def end(self) -> None:
        """Kill the process; what it was at is lost from its last saved state on."""
        self.pipe.close()
        self.process.kill()
        self.process.join()


def in_turns(tasks: int, processes: int, turn: Turn) -> set[int]:
    """Have forked processes take turns at tasks until all are done.

    They share nothing but what they inherit: no lock, so that one that is killed leaves no other waiting. Fork before
    any thread is started. They end when the caller does.

    Args:
        tasks: How many there are.
        processes: How many processes work at them.
        turn: Works at a task for a while, in another process, and says whether it is done; given the number of the
            task and how many turns it has had.

    Returns:
        The tasks that are done. The rest failed, or killed process after process: the caller is to try them again.
    """
    waiting = deque((task, 0) for task in range(tasks))
    done, deaths = set(), Counter()
    workers = [_start(turn) for _ in range(min(processes, tasks))]
    try:
        while _hand_out(workers, waiting):
            for i in _reporting(workers):
                (task, turns), outcome = workers[i].task, workers[i].report()
                if outcome == DIED:
                    workers[i].end()
                    workers[i] = _start(turn)
                    deaths[task] += 1
                if outcome == DONE:
                    done.add(task)
                elif outcome == GOES_ON or (outcome == DIED and deaths[task] < DEATHS):
                    waiting.append((task, turns + 1))
    finally:
        for worker in workers:
            worker.end()
    return done


def _start(turn: Turn) -> Worker:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, turn, os.getpid()), daemon=True)
    process.start()
    theirs.close()  # so that the pipe ends with the process
    return Worker(process, ours)


def _hand_out(workers: list[Worker], waiting: deque[tuple[int, int]]) -> bool:
    """Give every idle worker a task while there are any; whether anybody is at work."""
    for worker in workers:
        if worker.task is None and waiting:
            worker.take(*waiting.popleft())
    return any(worker.task is not None for worker in workers)


def _reporting(workers: list[Worker]) -> list[int]:
    """Wait until workers have something to report, or are dead; which they are."""
    ready = wait([worker.pipe for worker in workers if worker.task is not None])
    return [i for i, worker in enumerate(workers) if worker.pipe in ready]


def _work(pipe: Connection, turn: Turn, caller: int) -> None:
    with suppress(EOFError, OSError):  # the caller is gone
        while True:
            while not pipe.poll(1.0):
                if os.getppid() != caller:
                    return
            pipe.send(_outcome(turn, *pipe.recv()))


def _outcome(turn: Turn, task: int, turns: int) -> str:
    try:
        return DONE if turn(task, turns) else GOES_ON
    except Exception as error:  # whatever it is, the caller meets it again and says it
        print(f"  in a process beside this one: {type(error).__name__}: {error}", flush=True)
        return FAILED
