"""Numbers of networks raised in params.yaml, where `git diff` shows them and `git checkout params.yaml` undoes them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from netspectra.errors import SettingsError


def number_at(settings: Mapping, key: str) -> int:
    """The number in force under a key of params.yaml, such as scales.sample.networks.align_mlp.replicates.

    Args:
        settings: Networks and experiments as the scale has them.
        key: With the scale's overlay or without.

    Raises:
        SettingsError: There is none.
    """
    parts = key.split(".")
    place: Any = settings
    for name in _walk(settings, parts[2:] if parts[0] == "scales" else parts):
        place = place.get(name) if isinstance(place, Mapping) else None
    if not isinstance(place, int):
        problem = f"params.yaml: {key}: found {place!r}, wanted a number of networks"
        raise SettingsError(problem, "make settle lists the keys")
    return place


def raised(settings: Mapping, wanted: Mapping[str, int]) -> dict[str, int]:
    """Of the numbers that are wanted by their keys those that are greater than the ones in force."""
    return {key: number for key, number in wanted.items() if number > number_at(settings, key)}


def write(numbers: Mapping[str, int], file: Path | str = "params.yaml") -> None:
    """Set numbers under their keys, in the form in which DVC writes the file: comments and all else stay."""
    from dvc.utils.serialize import modify_yaml

    with modify_yaml(str(file)) as params:
        for key, number in numbers.items():
            *blocks, last = _walk(params, key.split("."))
            place = params
            for name in blocks:
                place = place.setdefault(name, {})
            place[last] = number


def _walk(tree: Mapping, parts: list[str]) -> Iterator[str]:
    """Names on the way down; a name may hold dots itself, as "0.001" does."""
    while parts:
        there = isinstance(tree, Mapping)
        lengths = [n for n in range(len(parts), 0, -1) if there and ".".join(parts[:n]) in tree]
        name = ".".join(parts[: (lengths or [1])[0]])
        yield name
        tree, parts = tree.get(name) if there else None, parts[(lengths or [1])[0] :]
