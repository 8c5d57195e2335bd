"""What git has of files of metrics and verdicts at a revision."""

import subprocess
from pathlib import Path

from netspectra.errors import DataError

ANOTHER = "name another revision; git log -- FILE lists those that hold the file"


def text_of(file: Path, revision: str) -> str:
    """What git has of a file.

    Raises:
        DataError: No such revision, or no such file in it.
    """
    return _git(file, file.absolute().parent, "show", "--end-of-options", f"{revision}:./{file.name}")


def names_in(folder: Path, revision: str) -> set[str]:
    """Names of the files and folders that git has in a folder.

    Raises:
        DataError: No such revision, or no such folder in it.
    """
    names = _git(folder, folder.absolute(), "ls-tree", "--name-only", "--end-of-options", revision).splitlines()
    if not names:
        raise DataError(f"{folder}: git has none at {revision}", ANOTHER)
    return set(names)


def _git(what: Path, where: Path, verb: str, *rest: str) -> str:
    revision = rest[-1].split(":")[0]
    command = ["git", "-C", str(where), verb, *rest]
    try:
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    except OSError as error:
        raise DataError(f"git: {error}", "install git") from None
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[0].removeprefix("fatal: ")
        raise DataError(f"{what}: git has none at {revision} ({reason})", ANOTHER)
    return done.stdout
