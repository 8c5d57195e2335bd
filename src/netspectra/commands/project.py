"""The project that a command is about: its folder, its settings at a scale, and Snakemake in it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import netspectra
from netspectra.errors import NetspectraError

AGAIN = "NETSPECTRA_STARTED_AGAIN"  # set where this process has put another copy of the package in its own place
PIECES = ("Snakefile", "params.yaml", "src/netspectra")


@dataclass(frozen=True)
class Project:
    """The project in the working directory.

    Attributes:
        settings: Those in force at the scale.
        asked: The scale that was asked for; None for the one that params.yaml names.
    """

    settings: dict
    asked: str | None

    @property
    def scale(self) -> str:
        """The scale in force."""
        return self.settings["scale"]

    def command(self, *arguments: str) -> list[str]:
        """Snakemake's command line, as a person would type it."""
        return ["snakemake", *(["--config", f"scale={self.asked}"] if self.asked else []), *arguments]

    def snakemake(self, *arguments: str, capture: bool = False) -> subprocess.CompletedProcess:
        """Run Snakemake; what it says goes to stderr, or is given back where it is captured."""
        command = [sys.executable, "-m", *self.command(*arguments)]
        places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        kept = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} if capture else {"stdout": sys.stderr}
        return subprocess.run(command, env=os.environ | {"PATH": places}, text=True, check=False, **kept)


def enter(folder: Path, scale: str | None) -> Project:
    """Go into a project's folder; its settings at a scale.

    Where the project holds another copy of the package than the one that runs, that copy answers: it knows the
    experiments that were added there.

    Raises:
        NetspectraError: There is no project, or its settings are wrong.
    """
    folder = Path() if os.environ.get(AGAIN) else folder
    if lacking := [piece for piece in PIECES if not (folder / piece).exists()]:
        problem = f"{folder.absolute()}: no project of netspectra, as it has no {lacking[0]}"
        raise NetspectraError(problem, "cd into a checkout of the project, or name it: --project FOLDER")
    os.chdir(folder)
    _answer_from_here()
    from netspectra.workflow.settings import read, resolve

    params = read()
    return Project(resolve(params | ({"scale": scale} if scale else {})), scale)


def _answer_from_here() -> None:
    """Start anew with the package of this folder, if it is another one; arguments stay, but for the folder."""
    here, mine = Path("src/netspectra").resolve(), Path(netspectra.__file__).parent.resolve()
    if here == mine or os.environ.get(AGAIN):
        return
    places = os.pathsep.join(filter(None, (str(here.parent), os.environ.get("PYTHONPATH"))))
    again = {"PYTHONPATH": places, AGAIN: "1"}
    os.execve(sys.executable, [sys.executable, "-m", "netspectra.cli", *sys.argv[1:]], os.environ | again)
