"""Settings laid over settings, and where two of them differ."""

from typing import Any

KINDS = ("name", "type")


def merge(base: dict, over: dict) -> dict:
    """A copy of `base` with `over` laid over it, dictionary by dictionary; anything else is replaced whole.

    So is a dictionary whose `name` or `type` is another than that of the one it is laid over: an optimiser, schedule
    or architecture of another kind has other keys.
    """
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = merge(base[key], value) if both and not _another_kind(base[key], value) else value
    return merged


def _another_kind(base: dict, over: dict) -> bool:
    pairs = [(base.get(key), over.get(key)) for key in KINDS]
    return any(isinstance(a, str) and isinstance(b, str) and a != b for a, b in pairs)


def first_difference(stored: Any, wanted: Any, key: str = "") -> str | None:
    """Say where two settings first differ, or None: "epochs: file has 15, params.yaml has 20"."""
    if isinstance(stored, dict) and isinstance(wanted, dict):
        for name in sorted(stored.keys() | wanted.keys()):
            found = first_difference(stored.get(name), wanted.get(name), f"{key}.{name}".lstrip("."))
            if found:
                return found
        return None
    return None if stored == wanted else f"{key}: file has {stored!r}, params.yaml has {wanted!r}"
