"""Where a page comes from: commit, machine, libraries, seeds, data."""

import os
import platform
import re
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("torch", "torchvision", "numpy", "scipy", "pandas", "matplotlib", "snakemake", "jinja2")


def origin() -> dict[str, str]:
    """Commit, date, machine and libraries, by name."""
    versions = [f"{name} {found}" for name in LIBRARIES if (found := _version(name))]
    return {
        "Commit": commit(),
        "Made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "Machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "Software": ", ".join([f"Python {platform.python_version()}", *versions]),
    }


def commit() -> str:
    """The commit that is checked out, and whether files differ from it; "unknown" outside of git."""
    head = _git("rev-parse", "HEAD")
    if not head:
        return "unknown"
    return f"{head[:12]}, with changes that are not committed" if _git("status", "--porcelain", "-uno") else head[:12]


def seeds(settings: Any, path: str = "") -> Iterator[tuple[str, int]]:
    """Every seed that settings hold, by the place where it stands."""
    for key, value in settings.items() if isinstance(settings, Mapping) else ():
        place = f"{path}.{key}".removeprefix(".")
        if key == "seed":
            yield path, value
        else:
            yield from seeds(value, place)


def _git(*command: str) -> str:
    try:
        done = subprocess.run(["git", *command], capture_output=True, text=True, encoding="utf-8", check=False)
    except OSError:
        return ""
    return "" if done.returncode else done.stdout.strip()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or "an unnamed processor"
