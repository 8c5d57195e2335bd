"""The only Python of the rules: where the package is, and what each job reads and may take."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from netspectra.settings import resolve, SettingsError
from netspectra.sources import files_of

JOB = Path(workflow.basedir) / "workflow/scripts/job.py"


def paths(folder, names, suffix):
    return [f"data/{folder}/{name}{suffix}" for name in names]


def networks_of(experiment):
    """Blocks of the networks that an experiment reads, by name."""
    return {name: config["networks"][name] for name in config["experiments"][experiment].get("networks", [])}


def sets_of(experiment):
    """Data sets that an experiment reads: its own, and those of its networks."""
    own = config["experiments"][experiment].get("data", [])
    return list(dict.fromkeys([*own, *(block["data"]["set"] for block in networks_of(experiment).values())]))


def resource(job, kind):
    """Memory in MB or run time in minutes of a network's or experiment's job."""
    return {**config["resources"]["default"], **config["resources"].get(job, {})}[kind]


def figures_of(experiment, suffix):
    return [f"figures/{figure}.{suffix}" for figure in config["experiments"][experiment]["figures"]]
