"""Families of claims in claims.yaml: one entry with lists of values stands for a claim per value."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netspectra.errors import ClaimError

PLACE = re.compile(r"\{(\w+)\}")
FAMILY, MEMBERS = "for", "claims"


def expand(entry: dict, file: Path) -> Iterator[dict]:
    """The claims that an entry stands for, each with its values filled in."""
    entry = dict(entry)
    lists, members = entry.pop(FAMILY, None), entry.pop(MEMBERS, None)
    if lists is None and members is None:
        yield entry
        return
    if members is not None and (
        entry or not isinstance(members, list) or not all(isinstance(m, dict) for m in members)
    ):
        raise ClaimError(
            f"{file}: found a family with keys {', '.join(entry) or 'claims'}, wanted for and a list claims"
        )
    inner = [entry] if members is None else members
    for values in _in_step(lists, inner, file):
        for one in inner:
            yield from expand(_filled(one, values), file)


def unfilled(entry: dict) -> list[str]:
    """Places of a claim for which its family had no list."""
    return sorted(_places(entry))


def _in_step(lists: object, inner: list[dict], file: Path) -> list[dict[str, Any]]:
    """One dictionary of values per entry of the lists."""
    if not isinstance(lists, dict) or not lists or not all(isinstance(values, list) for values in lists.values()):
        raise ClaimError(f"{file}: for: found {lists!r}, wanted lists of values by name")
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        raise ClaimError(f"{file}: for: found lists of lengths {lengths}, wanted equal ones, which go in step")
    used = _places(inner)
    if unused := [name for name in lists if name not in used]:
        raise ClaimError(f"{file}: for: found {', '.join(map(str, unused))}, which no claim of the family uses")
    return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


def _filled(value: Any, values: dict[str, Any]) -> Any:
    """The same with `{name}` filled in; text that is nothing else becomes the value itself, whatever its type."""
    if isinstance(value, dict):
        return {key: _filled(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, values) for inner in value]
    if not isinstance(value, str):
        return value
    if (whole := PLACE.fullmatch(value)) and whole[1] in values:
        return values[whole[1]]
    return PLACE.sub(lambda place: str(values.get(place[1], place[0])), value)


def _places(value: Any) -> set[str]:
    return {place for text in _texts(value) for place in PLACE.findall(text)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
