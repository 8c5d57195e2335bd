"""Training from the last saved state on: after a kill, and from one process to another."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from netspectra.data.images import Dataset
from netspectra.training.groups import Group
from netspectra.training.keys import digest, network_keys
from netspectra.training.run import Run
from netspectra.training.store import Store


@dataclass(frozen=True)
class Work:
    """A group of networks that are to be trained.

    Attributes:
        group: The networks.
        data: What they are trained on.
        data_key: Its fingerprint.
        circumstances: What else decides their numbers, as `keys.circumstances` gives it.
    """

    group: Group
    data: Dataset
    data_key: str
    circumstances: dict

    @property
    def keys(self) -> list[str]:
        """Key of every network."""
        return network_keys(self.group, self.data_key, self.circumstances)

    @property
    def state_key(self) -> str:
        """Key of the state of the group in training: one name for the keys of its networks."""
        return digest(self.keys)

    def on(self, group: Group) -> "Work":
        """The same for another group."""
        return replace(self, group=group)


def advance(work: Work, states: Store, go_on: Callable[[], bool], save_every_s: float, tell: bool = True) -> Run:
    """Train from the last saved state for as long as `go_on`, asked after every epoch, says so, and save the state.

    Args:
        work: What is trained.
        states: Where its state is saved.
        go_on: Whether there is time for another epoch.
        save_every_s: Seconds between two saved states.
        tell: Say where training goes on.
    """
    run = taken_up(work, states)
    if tell and run.step and not run.finished:
        print(f"  resumed at step {run.step} of {run.steps}", flush=True)
    saved, start = time.monotonic(), run.step
    while not run.finished:
        run.epoch()
        if not go_on():
            break
        if time.monotonic() - saved > save_every_s:
            states.put(work.state_key, run.state())
            saved = time.monotonic()
    if run.step > start:
        states.put(work.state_key, run.state())
    return run


def taken_up(work: Work, states: Store) -> Run:
    """The training as it was saved, or from its start; a state that cannot be its own is dropped, and said."""
    stack = work.group.stacked()
    run = Run(stack, work.data)
    state = states.get(work.state_key)
    if state is None:
        return run
    try:
        run.restore(state)
    except ValueError as error:
        print(f"  {states.path(work.state_key)} does not fit ({error}); dropped, training starts over", flush=True)
        states.drop(work.state_key)
        return Run(stack, work.data)
    return run
