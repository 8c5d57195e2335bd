"""Where a page comes from: commit, machine, libraries, seeds, data."""

import os
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from netspectra.provenance import git, installed, processor

LIBRARIES = ("torch", "torchvision", "numpy", "scipy", "pandas", "matplotlib", "snakemake", "jinja2")


def origin() -> dict[str, str]:
    """Commit, date, machine and libraries, by name."""
    versions = [f"{name} {found}" for name in LIBRARIES if (found := installed(name))]
    return {
        "Commit": commit(),
        "Made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "Machine": f"{processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "Software": ", ".join([f"Python {platform.python_version()}", *versions]),
    }


def commit() -> str:
    """The commit that is checked out, and whether files differ from it; "unknown" outside of git."""
    head = git("rev-parse", "HEAD")
    if not head:
        return "unknown"
    return f"{head[:12]}, with changes that are not committed" if git("status", "--porcelain", "-uno") else head[:12]


def seeds(settings: Any, path: str = "") -> Iterator[tuple[str, int]]:
    """Every seed that settings hold, by the place where it stands."""
    for key, value in settings.items() if isinstance(settings, Mapping) else ():
        place = f"{path}.{key}".removeprefix(".")
        if key == "seed":
            yield path, value
        else:
            yield from seeds(value, place)
