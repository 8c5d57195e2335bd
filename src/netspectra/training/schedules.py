"""Schedules: the step that a fraction of training means, and the share of its rate that a network learns with there."""

import math
from collections.abc import Callable

Shares = Callable[[float], float]


def step_at(fraction: float, steps: int) -> int:
    """The step at a fraction of training: 0 is the untrained state, and only 0 is.

    Raises:
        ValueError: The fraction is not in [0, 1].
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction: wanted a share of training in [0, 1], found {fraction}")
    return max(round(fraction * steps), int(fraction > 0))


def constant() -> Shares:
    """The whole rate to the end."""
    return lambda done: 1.0


def linear(*, end: float) -> Shares:
    """A straight line from the whole rate to a share `end` of it."""
    return lambda done: 1 - (1 - end) * done


def cosine(*, end: float) -> Shares:
    """Half a cosine wave from the whole rate to a share `end` of it (Loshchilov and Hutter 2017, without restarts)."""
    return lambda done: end + (1 - end) * (1 + math.cos(math.pi * done)) / 2


def steps(*, at: list[float], factor: float) -> Shares:
    """The rate times `factor` from each of the fractions `at` on."""
    return lambda done: factor ** sum(done >= fraction for fraction in at)


SCHEDULES = {"constant": constant, "linear": linear, "cosine": cosine, "steps": steps}


def shares(schedule: dict) -> Shares:
    """The share of the rate at a share of training in [0, 1), as a `schedule` block of params.yaml asks for it.

    Raises:
        ValueError: There is no schedule of that name.
    """
    options = dict(schedule)
    if (name := options.pop("name")) not in SCHEDULES:
        raise ValueError(f"schedule.name: wanted one of {', '.join(SCHEDULES)}, found {name!r}")
    return SCHEDULES[name](**options)
