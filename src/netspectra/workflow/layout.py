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


def captions_of(settings: Settings, experiment: str) -> list[str]:
    """Captions of an experiment's figures."""
    return [f"workflow/report/{figure}.rst" for figure in settings["experiments"][experiment]["figures"]]


def resource(settings: Settings, kind: str, name: str, what: str) -> int:
    """Memory in MB, minutes or threads of a job; `kind` is "networks" or "experiments"."""
    found = settings["resources"][kind]
    return {**found["default"], **found.get(name, {})}[what]
