"""`make pull`: fetch what the DVC remote holds, and take for finished what is of the settings and code in force.

What DVC calls changed, such as a number that is not the one the results were made with, is left for Snakemake to make.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from netspectra.errors import DataError, NetspectraError, said

PULLED = "NETSPECTRA_PULLED"  # names, to the Snakefile, the rules whose results were pulled and hold


def main() -> int:
    """Pull, and have Snakemake take what holds for finished; 1 where the remote does not hold what it should."""
    try:
        pull()
        changed = status()
    except NetspectraError as error:
        print(said(error), file=sys.stderr)
        return 1
    rules, targets = unchanged(yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"], changed)
    for name in changed:
        print(f"{name}: changed since it was pushed; make reproduce makes it")
    command = ["snakemake", "--touch", "--forceall", "--quiet", "all", "--allowed-rules", *rules, "--", *targets]
    return subprocess.run(command, env=os.environ | {PULLED: " ".join(rules)}, check=False).returncode if rules else 0


def pull() -> None:
    """Fetch what dvc.lock names.

    Raises:
        DataError: The remote does not hold it.
    """
    done = _dvc("pull")
    if done.returncode:
        lines = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR")]
        problem = "the DVC remote does not hold what dvc.lock names"
        remedy = "make reproduce, which makes it here; or name another remote in .dvc/config"
        raise DataError(f"{problem} ({(lines or ['no reason given'])[0].split(':')[0]})", remedy)


def status() -> dict[str, list]:
    """What differs from dvc.lock, by stage.

    Raises:
        DataError: DVC cannot say.
    """
    done = _dvc("status", "--json")
    if done.returncode:
        raise DataError(f"dvc status: {done.stderr.strip().splitlines()[-1]}", "dvc status -v, which says more")
    return json.loads(done.stdout)


def unchanged(stages: Mapping[str, dict], changed: Mapping[str, list]) -> tuple[list[str], list[str]]:
    """Rules and targets of the stages that are not changed.

    Args:
        stages: Those of dvc.yaml.
        changed: What `dvc status` says, by stage.
    """
    commands = [stage["cmd"] for name, stage in stages.items() if name not in changed]
    parts = [re.search(r"--allowed-rules (.*) -- (.*)", command) for command in commands]
    return [rule for part in parts for rule in part[1].split()], [path for part in parts for path in part[2].split()]


def _dvc(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(["dvc", *command], capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
