"""Where everything lies, and what reads what: one answer for the rules and for the stages."""

from netspectra.errors import SettingsError

Settings = dict


def paths(folder: str, names: list[str] | dict, suffix: str) -> list[str]:
    """data/<folder>/<name><suffix> of every name."""
    return [f"data/{folder}/{name}{suffix}" for name in names]


def version_of(name: str, block: dict) -> dict:
    """A data block with the files of its chosen version.

    Raises:
        SettingsError: There is no such version.
    """
    chosen, versions = block["version"], block["versions"]
    if chosen not in versions:
        raise SettingsError(f"params.yaml: data.{name}.version: found {chosen!r}, allowed: {', '.join(versions)}")
    return {key: value for key, value in block.items() if key not in ("version", "versions")} | versions[chosen]


def raw(name: str, block: dict) -> list[str]:
    """Official files of the chosen version of a data set."""
    return [f"data/raw/{name}/{file}" for file in version_of(name, block)["files"]]


def sets_in_use(settings: Settings) -> dict[str, dict]:
    """Blocks of the data sets that a network or an experiment reads, by name."""
    read = {block["data"]["set"] for block in settings["networks"].values()}
    read |= {name for block in settings["experiments"].values() for name in block.get("data", [])}
    return {name: block for name, block in settings["data"].items() if name in read}


def networks_of(settings: Settings, experiment: str) -> dict[str, dict]:
    """Blocks of the networks that an experiment reads, by name."""
    return {name: settings["networks"][name] for name in settings["experiments"][experiment].get("networks", [])}


def sets_of(settings: Settings, experiment: str) -> list[str]:
    """Data sets that an experiment reads: its own, and those of its networks."""
    own = settings["experiments"][experiment].get("data", [])
    theirs = [block["data"]["set"] for block in networks_of(settings, experiment).values()]
    return list(dict.fromkeys([*own, *theirs]))


def figures_of(settings: Settings, experiment: str, suffix: str) -> list[str]:
    """Drawings of an experiment."""
    return [f"figures/{figure}.{suffix}" for figure in settings["experiments"][experiment]["figures"]]


def folder_of(experiment: str) -> str:
    """The folder that holds all of an experiment."""
    return f"src/netspectra/experiments/{experiment}"


def captions_of(settings: Settings, experiment: str) -> list[str]:
    """Captions of an experiment's figures."""
    return [f"{folder_of(experiment)}/{figure}.rst" for figure in settings["experiments"][experiment]["figures"]]


def claims_of(experiment: str) -> str:
    """The file of an experiment's claims and published values."""
    return f"{folder_of(experiment)}/claims.yaml"


def resource(settings: Settings, kind: str, name: str, what: str) -> int:
    """Memory in MB, minutes, threads or GPUs of a job; `kind` is "networks" or "experiments"."""
    found = settings["resources"][kind]
    return {**found["default"], **found.get(name, {})}[what]


def machine_of(settings: Settings, job: Settings) -> dict:
    """What a job is told of the machine: device, threads that decide its sums, and how trainings share their time.

    Args:
        settings: Those in force.
        job: The job's own, with a `name`, and with a `network` where it trains.
    """
    kind, name = "networks" if "network" in job else "experiments", job.get("name", "default")
    shared = {key: settings["resources"][key] for key in ("store_mb", "save_every_s", "turn_s")}
    device = settings["device"] if resource(settings, kind, name, "gpu") else "cpu"
    threads = resource(settings, kind, name, "threads")
    return {"scale": settings["scale"], "device": device, "threads": threads, **shared}
