"""Networks of a reader's own in params.yaml, held against their weights before any job runs.

That takes tensors, of which the workflow knows nothing: a process of its own looks, and only where such a network is
asked for.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from netspectra.errors import SettingsError

SOURCE = Path(__file__).parents[2]


def networks_in(settings: Mapping) -> dict[str, dict]:
    """Blocks of such networks by their place in params.yaml, replicates as blocks of their own."""
    found = {}
    for name, block in settings["experiments"].items():
        own, place = block.get("network"), f"experiments.{name}"
        if isinstance(own, dict):
            found[f"{place}.network"] = own
            for i, file in enumerate(block["further_weights"]):
                found[f"{place}.further_weights.{i}"] = own | {"weights": file}
        if isinstance(against := block.get("against"), dict):
            found |= {f"{place}.against.{other}": one for other, one in against.items()}
    return found


def check(settings: Mapping) -> None:
    """Have all of them built and their weights held against them.

    Raises:
        SettingsError: Names every one that cannot be built or whose weights do not fit, with what to do.
    """
    if not (asked := networks_in(settings)):
        return
    command = [sys.executable, "-m", "netspectra.own.named"]
    places = os.pathsep.join(filter(None, (str(SOURCE), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": places}
    done = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise SettingsError(f"params.yaml: {', '.join(asked)}: cannot be looked at: {said}", " ".join(command))
    if wrong := json.loads(done.stdout):
        lines = [f"{place}: {problem}{f'; {remedy}' if remedy else ''}" for place, (problem, remedy) in wrong.items()]
        raise SettingsError("params.yaml:\n  " + "\n  ".join(lines), "change what each line names")
