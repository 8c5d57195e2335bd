"""Where results come from: the machine, the versions of what decides numbers, and what git says of the code."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "numpy", "scipy", "snakemake")


def machine() -> dict:
    """Processor, cores that this process may use, memory and GPU; None for what the system does not say."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpu": processor(), "cores": cores, "memory": memory(), "gpu": graphics()}


def versions() -> dict[str, str]:
    """Of Python and of the packages that decide numbers."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def installed(package: str) -> str | None:
    """The version that is installed; None where it is not."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def git(*command: str) -> str:
    """What git says; "" where there is no git, no repository, or nothing to say."""
    try:
        done = subprocess.run(["git", *command], capture_output=True, text=True, encoding="utf-8", check=False)
    except OSError:
        return ""
    return "" if done.returncode else done.stdout.rstrip("\n")


def processor(facts: Path = Path("/proc/cpuinfo")) -> str:
    """Name of the processor."""
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), None) or platform.processor() or platform.machine() or "unnamed"


def memory() -> str | None:
    """Memory of the machine, as "15.6 GiB"."""
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"
    except (ValueError, OSError, AttributeError):
        return None


def graphics() -> str | None:
    """Name of the first NVIDIA GPU."""
    if not (tool := shutil.which("nvidia-smi")):
        return None
    done = subprocess.run(
        [tool, "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, check=False
    )
    return next(iter(done.stdout.splitlines()), None) if not done.returncode else None
