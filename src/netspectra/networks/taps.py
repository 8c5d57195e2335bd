"""Taps: hooks that read or replace a tensor at one call of one module."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import nn

from netspectra.networks.flow import Change, first_tensor, with_first_tensor

Stages = list[tuple[str, nn.Module]]
MOST_NAMES = 60  # names that an error lists


@dataclass
class Tap:
    """A place where a tensor is read or replaced.

    Attributes:
        place: As the caller wrote it.
        side: "enters" or "leaves".
        act: Gives what flows on in place of the tensor; itself to leave it.
        stage: Number of the stage in which the place lies.
        module: What is called there.
        argument: Name of the argument looked at; the first tensor when "".
        call: Which call of the module, from 1, within the stage.
        names: Names that the module has in its stage; None where the caller named the call.
        seen: Calls so far.
    """

    place: str
    side: str
    act: Change
    stage: int
    module: nn.Module
    argument: str
    call: int
    names: int | None
    seen: int = 0

    def attach(self) -> Any:
        """Hook the module; the handle takes the hook away."""
        if self.side == "enters":
            return self.module.register_forward_pre_hook(self._enter, with_kwargs=True)
        return self.module.register_forward_hook(self._leave, with_kwargs=True)

    def before(self, stage: nn.Module) -> bool:
        """Whether it takes what enters a whole stage, so that the stage itself need not run."""
        return self.side == "enters" and self.module is stage and self.call == 1 and not self.argument

    def meet(self, value: Any) -> Any:
        """What flows on where a value meets the tap without a hook."""
        self.seen += 1
        return self._changed(value)

    def check(self) -> None:
        """Make sure that the place was met as often as its name says.

        Raises:
            ValueError: Never, or another number of times.
        """
        if not self.seen:
            raise ValueError(f"place: wanted one that the forward pass calls, found {self.place!r}, never called")
        if self.seen != self.names if self.names else self.seen < self.call:
            name, _ = numbered(self.place.partition("@")[0])
            calls = ", ".join(f"{name}#{i}" for i in range(1, self.seen + 1))
            raise ValueError(f"place: wanted one call among {calls}, found {self.place!r}")

    def _enter(self, module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict] | None:
        self.seen += 1
        if self.seen != self.call:
            return None
        if not self.argument:
            return self._changed((args, kwargs))
        bound = _bound(module, self.argument, args, kwargs)
        if (value := bound.arguments.get(self.argument)) is not None:
            bound.arguments[self.argument] = self._changed(value)
        return bound.args, bound.kwargs

    def _leave(self, module: nn.Module, args: tuple, kwargs: dict, output: Any) -> Any:
        self.seen += 1
        return self._changed(output) if self.seen == self.call else None

    def _changed(self, value: Any) -> Any:
        if (tensor := first_tensor(value)) is None:
            raise ValueError(f"place: wanted one where a tensor {self.side}, found {self.place!r}")
        new = self.act(tensor)
        return value if new is tensor else with_first_tensor(value, new)


def tap(stages: Stages, place: str, side: str, act: Change) -> Tap:
    """The tap at a named place of a network that runs in these stages.

    Raises:
        ValueError: No such place.
    """
    text, _, argument = place.partition("@")
    for name, number in ((text, 0), numbered(text)):
        if (found := _locate(stages, name, side)) is not None:
            stage, module = stages[found[0]][1], stages[found[0]][1].get_submodule(found[1])
            names = [n for n, m in stage.named_modules(remove_duplicate=False) if m is module]
            order = names.index(found[1]) + 1
            return Tap(place, side, act, found[0], module, argument, number or order, None if number else len(names))
    known = [joined(n, key) for n, stage in stages for key, _ in stage.named_modules(remove_duplicate=False)]
    shown = ", ".join(known[:MOST_NAMES]) + (f", ... ({len(known)} in all)" if len(known) > MOST_NAMES else "")
    raise ValueError(f"place: wanted one of {shown}; found {place!r}")


@contextmanager
def attached(taps: list[Tap]) -> Iterator[None]:
    """The hooks of these taps are in place; they are gone afterwards, also upon an error."""
    handles = [tap.attach() for tap in taps]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def numbered(text: str) -> tuple[str, int]:
    """Name and number of a call: ("relu", 2) of "relu#2", and ("relu", 0) of "relu"."""
    name, sign, number = text.rpartition("#")
    return (name, int(number)) if sign and number.isdigit() and int(number) else (text, 0)


def joined(name: str, key: str) -> str:
    """Dotted name of `key` within `name`."""
    return f"{name}.{key}" if name and key else name or key


def _bound(module: nn.Module, argument: str, args: tuple, kwargs: dict) -> inspect.BoundArguments:
    signature = inspect.signature(module.forward)
    if argument not in signature.parameters:
        known = ", ".join(signature.parameters)
        raise ValueError(f"place: wanted an argument among {known}, found {argument!r} of {type(module).__name__}")
    return signature.bind(*args, **kwargs)


def _locate(stages: Stages, name: str, side: str) -> tuple[int, str] | None:
    """Number of the stage in which a place lies, and its name within.

    A Sequential that was opened into stages enters its first and leaves its last.
    """
    for i, (stage, module) in enumerate(stages):
        if name == stage:
            return i, ""
        relative = name if not stage else name[len(stage) + 1 :] if name.startswith(f"{stage}.") else ""
        if relative and _has(module, relative):
            return i, relative
    within = [i for i, (stage, _) in enumerate(stages) if stage.startswith(f"{name}." if name else "")]
    return ((within[0] if side == "enters" else within[-1]), "") if within else None


def _has(module: nn.Module, name: str) -> bool:
    try:
        module.get_submodule(name)
    except AttributeError:
        return False
    return True
