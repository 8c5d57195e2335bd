"""`make standing`: run a scale whole, and keep metrics, verdicts, machine and versions in standing/<scale>/, in git.

`python -m netspectra.workflow.standing SCALE [--untried PATTERN,...] [OPTIONS OF SNAKEMAKE]`
"""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath

from netspectra.errors import DataError, NetspectraError, said
from netspectra.files import replacing
from netspectra.provenance import git, machine, versions
from netspectra.statistics.settle import seconds_of
from netspectra.workflow import layout
from netspectra.workflow.settings import read, resolve

FOLDER = Path("standing")
# By this, and by make reproduce.
MADE = ("data/*/metrics/*.json", "standing/*/*", "standing/*/metrics/*", "docs/verdicts.md")


def stand(scale: str, options: Sequence[str] = (), untried: str = "") -> Path:
    """Run a scale, and keep what came out; the folder where it is.

    Args:
        scale: Its name.
        options: For Snakemake.
        untried: Experiments that are left out, names or patterns with commas between.

    Raises:
        SettingsError: There is no such scale.
        DataError: Anything but results differs from what git has, before or after; the run fails; or results that
            are not of the settings in force.
    """
    left_out = {"untried": untried.split(",")} if untried else {}
    settings = resolve(read("params.yaml") | {"scale": scale} | left_out)
    commit = committed()
    command = command_of(scale, options, untried)
    began, start = time.time(), time.monotonic()
    if subprocess.run(command, check=False).returncode:
        raise DataError(f"{shlex.join(command)}: did not end well", "mend what it says above; nothing was kept")
    took = time.monotonic() - start
    check_in_force(command)
    if committed() != commit:
        raise DataError("HEAD is another commit than when the run began; nothing was kept", "make standing again")
    facts = {"commit": commit, "date": datetime.now(UTC).isoformat(timespec="seconds")}
    facts |= {"machine": machine(), "versions": versions(), "wall_s": round(took, 1), "command": shlex.join(command)}
    return keep(settings, facts | {"scale": scale} | jobs(settings, began))


def command_of(scale: str, options: Sequence[str], untried: str = "") -> list[str]:
    """The command that runs a scale."""
    return ["snakemake", "--config", f"scale={scale}", *([f"untried=[{untried}]"] if untried else []), *options]


def keep(settings: dict, facts: dict) -> Path:
    """Copy verdicts and metrics of the experiments in force into their folder, with the facts of the run."""
    folder = FOLDER / settings["scale"]
    shutil.rmtree(folder / "metrics", ignore_errors=True)
    _copy(layout.metrics_file(settings, "claims"), folder / "claims.json")
    for name in settings["experiments"]:
        _copy(layout.metrics_file(settings, name), folder / "metrics" / f"{name}.json")
    with replacing(folder / "run.json") as temporary:
        temporary.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return folder


def committed() -> str:
    """The commit that the working tree is of, results apart.

    Raises:
        DataError: The tree differs from it.
    """
    if not (head := git("rev-parse", "HEAD")):
        raise DataError("git: finds no commit here", "run it in a clone of the project, with git installed")
    listed = git("status", "--porcelain", "--untracked-files=all", "--no-renames", "-z").split("\0")
    changed = [path for path in (line[3:] for line in listed if line) if not _is_made(path)]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        problem = f"{changed[0]}{more}: not as git has it, so that no commit would say what was run"
        raise DataError(problem, "git commit or git stash, then make standing again")
    return head


def check_in_force(command: Sequence[str]) -> None:
    """Refuse results that a run would make again.

    Raises:
        DataError: There are some.
    """
    done = subprocess.run([*command, "-n"], capture_output=True, text=True, check=False)
    if "Nothing to be done" not in done.stdout + done.stderr:
        problem = "the results are not of the settings in force: a second run would run jobs again"
        raise DataError(problem, f"{shlex.join(command)} -n says which; then make standing again")


def jobs(settings: dict, began: float) -> dict:
    """How many jobs ran since then, of how many, and the seconds that all took together when they ran last."""
    notes = list(Path(layout.benchmark_file(settings, "any")).parent.glob("*.tsv"))
    seconds = [seconds_of(note) for note in notes]
    ran = sum(note.stat().st_mtime >= began for note in notes)
    return {"jobs": {"ran": ran, "of": len(notes), "s": round(sum(seconds), 1)}}


def _copy(source: str, target: Path) -> None:
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)


def _is_made(path: str) -> bool:
    return any(PurePath(path).match(pattern) for pattern in MADE)


def main(arguments: Sequence[str]) -> int:
    """Keep the standing of a scale; 1 where that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m netspectra.workflow.standing", description=__doc__)
    parser.add_argument("scale")
    parser.add_argument("--untried", default="", metavar="PATTERN,...", help="experiments that are left out")
    given, options = parser.parse_known_args(arguments)
    try:
        print(f"Kept in {stand(given.scale, options, given.untried)}; git add and commit it")
    except (NetspectraError, OSError) as error:
        print(said(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
