"""Pickled dictionaries of unsigned bytes, read without `pickle`.

CIFAR-10 is published as pickles. What a batch needs is a stack, some thirty opcodes and four names; they are played
here with stand-ins of our own, so that nothing in the file is imported, called, hashed in depth or handed to numpy as
a type. Lists and the dictionary hold plain values only, so nothing nests; every cost is linear in the file.
"""

import math
import pickle
import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from types import NoneType
from typing import Any

import numpy as np

OPCODES = 200_000  # in one pickle; a batch of 10,000 images with file names takes 30,000
LONGEST_TUPLE = 8
PLAIN = (int, str, bytes, NoneType)
TYPE_STATE = (3, "|", None, None, None, -1, -1, 0)  # of numpy's dtype of one byte, which has no order


class _Name(Enum):
    """Stand-ins for what numpy's arrays are pickled with."""

    RECONSTRUCT = auto()
    NDARRAY = auto()
    DTYPE = auto()
    ENCODE = auto()


class _UnsignedByte:
    """Stand-in for the only type of an array."""


@dataclass
class _Array:
    """Stand-in for an array, empty until its state is known."""

    shape: tuple[int, ...] = ()
    content: bytes | None = None


NAMES = {
    **{f"numpy.{core}.multiarray _reconstruct": _Name.RECONSTRUCT for core in ("core", "_core")},
    "numpy ndarray": _Name.NDARRAY,
    "numpy dtype": _Name.DTYPE,
    "_codecs encode": _Name.ENCODE,
}
MARK = object()


def read_pickle(content: bytes) -> dict[str, Any]:
    """A dictionary that holds nothing but arrays of unsigned bytes, lists of plain values, and plain values.

    Args:
        content: Pickle of protocol 2 to 4, of Python 2 or 3.

    Returns:
        By key, as text: uint8 arrays, lists, whole numbers, text and bytes.

    Raises:
        pickle.UnpicklingError: It asks for anything else. Damaged content raises whatever the steps meet.
    """
    machine = _Machine(budget=len(content))
    for count, (opcode, argument, _) in enumerate(pickletools.genops(content)):
        if count == OPCODES or opcode.name not in STEPS:
            raise _refused(f"opcode {opcode.name}" if count < OPCODES else f"what takes over {OPCODES} opcodes")
        STEPS[opcode.name](machine, argument)
    batch = machine.stack.pop()
    if machine.stack or not isinstance(batch, dict):
        raise pickle.UnpicklingError(f"wanted a dictionary, found {type(batch).__name__}")
    return {_text(key): _value(value) for key, value in batch.items()}


@dataclass
class _Machine:
    """The stack, what was put aside, and how many bytes may still be made."""

    budget: int
    stack: list = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def above_mark(self) -> list:
        above = []
        while (value := self.stack.pop()) is not MARK:
            above.append(value)
        return above[::-1]

    def extend(self, values: list) -> None:
        if not isinstance(self.stack[-1], list) or not all(isinstance(value, PLAIN) for value in values):
            raise _refused("a list of anything but plain values")
        self.stack[-1].extend(values)

    def update(self, items: list) -> None:
        keys, values = items[::2], items[1::2]
        plain = all(isinstance(key, str | bytes) for key in keys)
        if not isinstance(self.stack[-1], dict) or not plain:
            raise _refused("a dictionary of other keys than text")
        if not all(isinstance(value, (*PLAIN, list, _Array)) for value in values):
            raise _refused("a dictionary of anything but arrays and lists")
        self.stack[-1].update(zip(keys, values, strict=True))

    def pack(self, values: list) -> None:
        small = all(isinstance(v, (*PLAIN, _Name, _UnsignedByte)) or _is_shape(v) for v in values)
        if len(values) > LONGEST_TUPLE or not small:
            raise _refused("a long or nested tuple")
        self.push(tuple(values))

    def name(self, module_and_name: str) -> None:
        if module_and_name not in NAMES:
            raise _refused(module_and_name)
        self.push(NAMES[module_and_name])

    def call(self) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        if not isinstance(called, _Name) or called not in CALLS or not isinstance(arguments, tuple):
            raise _refused("a call")
        self.push(CALLS[called](self, *arguments))

    def build(self) -> None:
        state, built = self.stack.pop(), self.stack[-1]
        if not isinstance(state, tuple) or not isinstance(built, _Array | _UnsignedByte):
            raise _refused("a state")
        if isinstance(built, _Array):
            _fill(built, *state)
        elif tuple(map(_text, state)) != TYPE_STATE:
            raise _refused("a type with fields or an order")


def _refused(what: str) -> pickle.UnpicklingError:
    return pickle.UnpicklingError(f"{what} is not part of an array of unsigned bytes, and is not run")


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _value(value: Any) -> Any:
    if not isinstance(value, _Array):
        return value
    if value.content is None:
        raise _refused("an array without content")
    return np.frombuffer(value.content, np.uint8).reshape(value.shape)


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and all(type(size) is int for size in value)


def _reconstruct(_: _Machine, kind: Any, shape: Any, letter: Any) -> _Array:
    if kind is not _Name.NDARRAY or shape != (0,) or _text(letter) != "b":
        raise _refused("another array")
    return _Array()


def _type(_: _Machine, code: Any, align: Any, copy: Any) -> _UnsignedByte:
    if _text(code) not in ("u1", "|u1") or align not in (0, 1) or copy not in (0, 1):
        raise _refused("another type")
    return _UnsignedByte()


def _encode(machine: _Machine, text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding != "latin1" or len(text) > machine.budget:
        raise _refused("another encoding")
    machine.budget -= len(text)
    return text.encode("latin1")


def _fill(array: _Array, version: Any, shape: Any, kind: Any, fortran: Any, content: Any) -> None:
    right = version == 1 and fortran is False and isinstance(kind, _UnsignedByte) and isinstance(content, bytes)
    if not right or not _is_shape(shape) or min(shape, default=0) < 1 or math.prod(shape) != len(content):
        raise _refused("an array of another layout")
    array.shape, array.content = shape, content


CALLS: dict[_Name, Callable[..., Any]] = {
    _Name.RECONSTRUCT: _reconstruct,
    _Name.DTYPE: _type,
    _Name.ENCODE: _encode,
}


def _step(action: Callable[[_Machine], Any]) -> Callable[[_Machine, Any], Any]:
    return lambda machine, _: action(machine)


def _protocol(_: _Machine, number: int) -> None:
    if not 2 <= number <= 4:
        raise _refused(f"protocol {number}")


STEPS: dict[str, Callable[[_Machine, Any], Any]] = {
    "PROTO": _protocol,
    "FRAME": lambda machine, size: None,
    "STOP": lambda machine, _: None,
    "NONE": _step(lambda m: m.push(None)),
    "NEWTRUE": _step(lambda m: m.push(True)),
    "NEWFALSE": _step(lambda m: m.push(False)),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "SHORT_BINUNICODE"), _Machine.push),
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES"), _Machine.push),
    **dict.fromkeys(("BINSTRING", "SHORT_BINSTRING"), lambda m, text: m.push(text.encode("latin1"))),
    "MARK": _step(lambda m: m.push(MARK)),
    "EMPTY_LIST": _step(lambda m: m.push([])),
    "EMPTY_DICT": _step(lambda m: m.push({})),
    "EMPTY_TUPLE": _step(lambda m: m.push(())),
    "APPEND": _step(lambda m: m.extend([m.stack.pop()])),
    "APPENDS": _step(lambda m: m.extend(m.above_mark())),
    "SETITEM": _step(lambda m: m.update([m.stack.pop(-2), m.stack.pop()])),
    "SETITEMS": _step(lambda m: m.update(m.above_mark())),
    "TUPLE": _step(lambda m: m.pack(m.above_mark())),
    "TUPLE1": _step(lambda m: m.pack([m.stack.pop()])),
    "TUPLE2": _step(lambda m: m.pack([m.stack.pop(-2), m.stack.pop()])),
    "TUPLE3": _step(lambda m: m.pack([m.stack.pop(-3), m.stack.pop(-2), m.stack.pop()])),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), lambda m, place: m.memo.update({place: m.stack[-1]})),
    "MEMOIZE": _step(lambda m: m.memo.update({len(m.memo): m.stack[-1]})),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda m, place: m.push(m.memo[place])),
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _step(lambda m: m.name(" ".join((m.stack.pop(-2), m.stack.pop())))),
    "REDUCE": _step(_Machine.call),
    "BUILD": _step(_Machine.build),
}
