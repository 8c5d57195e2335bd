"""Make the environment from the lock, every file by its hash: by uv where it can be had, else by pip.

`python workflow/environment.py FOLDER LOCK UV_LOCK`, with nothing but Python's own library. uv is taken from the path,
or is put into a folder of its own in the environment by pip, from a lock of its own; it is told where pip would look
for packages, by pip's own settings. Whatever fails with uv is done again by pip.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

EVERY_S = 15.0  # between two lines on progress, where there is no terminal
OLDEST = (3, 11)

# What uv calls pip's settings, and how lists are written there.
NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
COMMAS = ("UV_FIND_LINKS",)
# As pip does: the best of all indexes, which the hashes make safe; and patience with a slow one.
UV = {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_HTTP_TIMEOUT": "120", "UV_NO_PROGRESS": "1"}


def main(folder: str, lock: str, uv_lock: str) -> int:
    """Make the environment; what went wrong in one line, if anything."""
    if sys.version_info < OLDEST:
        return _end(
            f"Python {'.'.join(map(str, OLDEST))} or newer is needed, found {sys.version.split()[0]}", "PYTHON="
        )
    began, venv = time.monotonic(), Path(folder)
    python = venv / "bin/python"
    print(f"Environment: {_packages(lock)} packages by their hashes into {folder}, about 6 GB", flush=True)
    if failed := _run([sys.executable, "-m", "venv", folder], {}, Progress("venv")):
        return _end(f"venv: {failed}", "install python3-venv, or make ... PYTHON=python3.12, or another")
    if not (how := _by_uv(venv, python, lock, uv_lock)):
        how = "pip"
        command = [*_pip(python), "--require-hashes", "-r", lock]
        if failed := _run(command, {}, Progress("pip", _packages(lock))):
            return _end(f"pip: {failed}", "mend that, or the way to the package index, and run the same command again")
    print(f"Environment: ready by {how} after {time.monotonic() - began:.0f} s", flush=True)
    return 0


def _by_uv(venv: Path, python: Path, lock: str, uv_lock: str) -> str:
    """Install by uv; "" where that cannot be done."""
    if not (uv := shutil.which("uv") or _uv_of_our_own(venv, python, uv_lock)):
        return ""
    settings = UV | uv_settings(_pip_settings(python)) | os.environ
    command = [uv, "pip", "install", "--python", str(python), "--require-hashes", "-r", lock]
    if failed := _run(command, settings, Progress("uv")):
        print(f"Environment: uv failed ({failed}); going on with pip", flush=True)
    return "" if failed else "uv"


def _uv_of_our_own(venv: Path, python: Path, lock: str) -> str:
    place = venv / ".uv"
    command = [
        *_pip(python),
        "--quiet",
        "--require-hashes",
        "--no-deps",
        "--upgrade",
        "--target",
        str(place),
        "-r",
        lock,
    ]
    if failed := _run(command, {}, Progress("pip")):
        print(f"Environment: uv cannot be had ({failed}); going on with pip", flush=True)
    return "" if failed else str(place / "bin/uv")


def _pip(python: Path) -> list[str]:
    return [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]


def _pip_settings(python: Path) -> str:
    """What pip's files and environment say, as pip lists it."""
    command = [str(python), "-m", "pip", "config", "list"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def uv_settings(listed: str) -> dict[str, str]:
    """Environment of uv from `pip config list`; of a key that stands twice the environment's counts.

    Args:
        listed: Lines such as "global.find-links='/wheels'" and, from the environment, ":env:.find-links='/wheels'".
    """
    found: dict[str, str] = {}
    for line in sorted(listed.splitlines(), key=lambda line: line.startswith(":env:")):
        place = re.fullmatch(r"(\S+)\.([\w-]+)='(.*)'", line)
        if place and (name := NAMES.get(place[2])) and (place[1] in ("global", "install", ":env:")):
            found[name] = ",".join(place[3].split()) if name in COMMAS else place[3].replace("\\n", " ").strip()
    return found


class Progress:
    """What an installer is at: one line that changes on a terminal, else a line from time to time.

    Args:
        name: Of the installer.
        packages: How many there are; 0 for one that names only the large ones.
    """

    def __init__(self, name: str, packages: int = 0) -> None:
        self.name, self.packages, self.seen = name, packages, set()
        self.live, self.said = sys.stdout.isatty(), time.monotonic()

    def hear(self, line: str) -> None:
        """Take a line of the installer's."""
        if place := re.search(r"(?:Collecting|Downloading|Downloaded|Building|Built) ([\w.-]+)", line):
            self.seen.add(place[1].split("-")[0].lower())
            count = f"{len(self.seen)} of {self.packages} packages so far, " if self.packages else ""
            self.show(f"{count}at {place[1]}")
        elif line.startswith(("Installing", "Resolved", "Prepared", "Installed")):
            self.show(line.partition(": ")[0] if line.startswith("Installing") else line)

    def show(self, text: str) -> None:
        """Say it, if it is time."""
        if self.live:
            print(f"\r\x1b[K  {self.name}: {text[:70]}", end="", flush=True)
        elif text and time.monotonic() - self.said > EVERY_S:
            print(f"  {self.name}: {text}", flush=True)
            self.said = time.monotonic()

    def end(self) -> None:
        """Leave the line as it was."""
        if self.live:
            print("\r\x1b[K", end="", flush=True)


def _run(command: Sequence[str], settings: dict[str, str], progress: Progress) -> str:
    """Run a command; "" where it went well, else the last that it said."""
    try:
        process = subprocess.Popen(
            command, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
    except OSError as error:
        return str(error)
    last = ""
    for line in _lines(process):
        progress.hear(line)
        last = line if re.match(r"\s*(error|ERROR|×|╰|├)", line) or not last else last
    progress.end()
    return "" if process.wait() == 0 else last or f"exit {process.returncode}"


def _lines(process: subprocess.Popen) -> Iterator[str]:
    for line in process.stdout:
        if stripped := line.strip():
            yield stripped


def _packages(lock: str) -> int:
    """How many packages a lock names."""
    return len(re.findall(r"^[\w.-]+==", Path(lock).read_text(encoding="utf-8"), re.M))


def _end(problem: str, remedy: str) -> int:
    print(f"Error: {problem}\nRemedy: {remedy}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
