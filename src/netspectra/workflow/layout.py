"""Where everything lies, and what reads what: one answer for the rules and for the stages."""

from pathlib import Path

from netspectra.errors import SettingsError
from netspectra.overlays import merge

Settings = dict
# Which experiment each explorable of the page is made from.
EXPLORABLES = {"clipping": "rainbow_spectra", "attack": "align_adversarial", "pruning": "align_pruning"}


def network_file(settings: Settings, name: str) -> str:
    """File of a block of trained networks. What one scale makes never meets what another made."""
    return f"data/{settings['scale']}/networks/{name}.safetensors"


def table_file(settings: Settings, name: str) -> str:
    """Table of an experiment."""
    return f"data/{settings['scale']}/tables/{name}.csv"


def metrics_file(settings: Settings, name: str) -> str:
    """Metrics of an experiment; `claims` are the verdicts on all of them."""
    return f"data/{settings['scale']}/metrics/{name}.json"


def page_file(settings: Settings) -> str:
    """The page of all figures and verdicts."""
    return f"report/{settings['scale']}/index.html"


def overview_file(settings: Settings, suffix: str) -> str:
    """The picture of all claims, "svg" or "png"."""
    return f"figures/{settings['scale']}/claims_overview.{suffix}"


def explorables_file(settings: Settings) -> str:
    """Arrays of the page's explorables."""
    return f"data/{settings['scale']}/tables/explorables.json"


def standing_files() -> list[str]:
    """What git keeps of finished runs, of all scales: verdicts, and where they come from."""
    return sorted(str(path) for path in Path("standing").glob("*/*.json") if path.name in ("claims.json", "run.json"))


def log_file(settings: Settings, job: str) -> str:
    """What a job said."""
    return f"logs/{settings['scale']}/{job}.log"


def benchmark_file(settings: Settings, job: str) -> str:
    """What a job took."""
    return f"benchmarks/results/{settings['scale']}/{job}.tsv"


def version_of(name: str, block: dict) -> dict:
    """A data block with the files of its chosen version.

    Raises:
        SettingsError: There is no such version.
    """
    chosen, versions = block["version"], block["versions"]
    if chosen not in versions:
        found = f"params.yaml: data.{name}.version: found {chosen!r}"
        raise SettingsError(found, f"choose one of {', '.join(versions)}")
    return {key: value for key, value in block.items() if key not in ("version", "versions")} | versions[chosen]


def raw(name: str, block: dict) -> list[str]:
    """Official files of the chosen version of a data set, which all scales share."""
    return [f"data/raw/{block['version']}/{name}/{file}" for file in version_of(name, block)["files"]]


def prepared_file(settings: Settings, name: str) -> str:
    """Prepared data set in the folder of its version, which all scales share."""
    return f"data/prepared/{settings['data'][name]['version']}/{name}.safetensors"


def sets_of_network(block: dict) -> list[str]:
    """Data sets that the variants of a network block are trained on, in their order."""
    return list(dict.fromkeys(merge(block, change)["data"]["set"] for change in block["variants"].values()))


def data_of(settings: Settings, block: dict) -> str | list[str]:
    """Prepared file of a network's data; a list where its variants read several sets."""
    files = [prepared_file(settings, name) for name in sets_of_network(block)]
    return files[0] if len(files) == 1 else files


def sets_in_use(settings: Settings) -> dict[str, dict]:
    """Blocks of the data sets that a network or an experiment reads, by name."""
    read = {name for block in settings["networks"].values() for name in sets_of_network(block)}
    read |= {name for block in settings["experiments"].values() for name in block.get("data", [])}
    return {name: block for name, block in settings["data"].items() if name in read}


def networks_of(settings: Settings, experiment: str) -> dict[str, dict]:
    """Blocks of the networks that an experiment reads, by name."""
    return {name: settings["networks"][name] for name in settings["experiments"][experiment].get("networks", [])}


def tables_of(settings: Settings, experiment: str) -> list[str]:
    """Tables of other experiments that an experiment reads, so that nothing is computed twice."""
    return [table_file(settings, name) for name in settings["experiments"][experiment].get("reads", [])]


def files_of(settings: Settings, experiment: str) -> list[str]:
    """Files that an experiment reads itself, as its block has found them: a reader's own weights and samples."""
    return list(settings["experiments"][experiment].get("files", []))


def sets_of(settings: Settings, experiment: str) -> list[str]:
    """Data sets that an experiment reads: its own, and those of its networks."""
    own = settings["experiments"][experiment].get("data", [])
    theirs = [name for block in networks_of(settings, experiment).values() for name in sets_of_network(block)]
    return list(dict.fromkeys([*own, *theirs]))


def figures_of(settings: Settings, experiment: str, suffix: str) -> list[str]:
    """Drawings of an experiment."""
    return [f"figures/{settings['scale']}/{figure}.{suffix}" for figure in _figures(settings, experiment)]


def folder_of(experiment: str) -> str:
    """The folder that holds all of an experiment."""
    return f"src/netspectra/experiments/{experiment}"


def captions_of(settings: Settings, experiment: str) -> list[str]:
    """Captions of an experiment's figures."""
    return [f"{folder_of(experiment)}/{figure}.rst" for figure in _figures(settings, experiment)]


def claims_of(experiment: str) -> str:
    """The file of an experiment's claims and published values."""
    return f"{folder_of(experiment)}/claims.yaml"


def _figures(settings: Settings, experiment: str) -> list[str]:
    return settings["experiments"][experiment]["figures"]


def explored_of(settings: Settings) -> Settings:
    """What the job of the explorables is told: experiment and network of each whose experiment is in force."""
    there = {part: name for part, name in EXPLORABLES.items() if name in settings["experiments"]}
    parts = {
        part: {"experiment": name, "network": next(iter(networks_of(settings, name)))} for part, name in there.items()
    }
    return {
        "parts": parts,
        "blocks": {part["network"]: settings["networks"][part["network"]] for part in parts.values()},
    }


def explored_from(settings: Settings) -> dict[str, list[str]]:
    """Files that the explorables are made from, by kind."""
    told = explored_of(settings)
    sets = dict.fromkeys(name for block in told["blocks"].values() for name in sets_of_network(block))
    return {
        "networks": [network_file(settings, name) for name in told["blocks"]],
        "data": [prepared_file(settings, name) for name in sets],
        "tables": [table_file(settings, part["experiment"]) for part in told["parts"].values()],
    }


def shown_of(settings: Settings) -> Settings:
    """What the page is told: the blocks in force, and where it is said what each job took."""
    folders = {"benchmarks": benchmark_file(settings, "page"), "logs": log_file(settings, "page")}
    blocks = {"data": {name: version_of(name, block) for name, block in sets_in_use(settings).items()}}
    blocks |= {key: settings[key] for key in ("networks", "experiments")}
    found = {"scale": settings["scale"], "blocks": blocks}
    return found | {key: str(Path(file).parent) for key, file in folders.items()}


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
