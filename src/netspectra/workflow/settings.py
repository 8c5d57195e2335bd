"""params.yaml: the scale's overlay laid over the documents' own numbers, checked against closed, typed models."""

import fnmatch
import importlib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from netspectra.blocks import Block, Experiment, Name, Positive
from netspectra.errors import SettingsError
from netspectra.overlays import merge
from netspectra.problems import lines, path, unknown
from netspectra.strict_yaml import load
from netspectra.workflow.data_blocks import DataSet, Download, Images, Text
from netspectra.workflow.network_blocks import Network

EXPERIMENTS = Path(__file__).parents[1] / "experiments"
MEND = "change what each line names, in params.yaml or in the file that it names"
LAID_OVER = ("data", "networks", "experiments")


class Changed(Block):
    """What one job may take, where it differs from the default."""

    mem_mb: Positive | None = Field(default=None, description="Memory in MB")
    runtime: Positive | None = Field(default=None, description="Minutes")
    threads: int | None = Field(
        default=None, ge=1, le=64, description="Threads that decide the order of sums, on every machine the same"
    )
    gpu: int | None = Field(
        default=None, ge=0, le=1, description="1 where the job computes on a GPU, 0 where it does not"
    )


class Resources(Block):
    """What jobs may take; no result depends on it but for last digits on the threads."""

    networks: dict[Name, Changed] = Field(description="Of trainings by network; default holds for all that is not said")
    experiments: dict[Name, Changed] = Field(
        description="Of analyses by experiment; default holds for all that is not said"
    )
    store_mb: int = Field(default=4000, ge=0, description="Disk in MB that trained networks may be kept in")
    results_mb: int = Field(
        default=1000, ge=0, description="Disk in MB that finished tables, metrics and figures may be kept in"
    )
    save_every_s: float = Field(default=10.0, gt=0, description="Seconds between two saved states of a training")
    turn_s: float = Field(default=5.0, gt=0, description="Seconds that networks train before others have their turn")


class Params(Block):
    """Settings in force, but for what each experiment says itself."""

    scale: str = Field(description="Which overlay of `scales` is laid over the documents' own numbers")
    device: str = Field(
        pattern=r"^(auto|cpu|mps|cuda(:[0-9]+)?)$",
        description="auto takes CUDA, then MPS, then the CPU; cpu, mps, cuda or cuda:N insists",
    )
    download: Download = Field(description="How files are fetched")
    data: dict[Name, DataSet] = Field(description="Data sets by name")
    networks: dict[Name, Network] = Field(description="What is trained, by name")
    experiments: dict[Name, dict[str, Any]] = Field(
        description="Analyses by name, which is that of the folder, rule, table, metrics, log and DVC stage too"
    )
    resources: Resources = Field(description="What jobs may take")


def read(file: Path | str = "params.yaml") -> dict:
    """The whole of params.yaml, with its scales.

    Raises:
        SettingsError: It is not YAML as `strict_yaml` wants it.
    """
    try:
        return load(file)
    except ValueError as error:
        raise SettingsError(str(error), "mend that place, or git checkout params.yaml") from None


def resolve(params: dict) -> dict:
    """The settings in force: `params` with the overlay of its scale laid over and defaults filled in, scales left out.

    A variant of a network that is null, in an overlay or below it, is left out. So are the experiments that `untried`
    names, by patterns too, and the networks that they alone read.

    Args:
        params: The whole of params.yaml.

    Raises:
        SettingsError: Names each wrong key, what was found, what is allowed and what to do, all at once.
    """
    params = deepcopy(params)
    scales, scale = params.pop("scales", None), params.get("scale")
    if not isinstance(scales, dict) or not all(isinstance(over, dict) for over in scales.values()):
        problem = f"params.yaml: scales: found {scales!r}, wanted a block per scale"
        raise SettingsError(problem, "write {} for a scale that changes nothing")
    if not isinstance(scale, str) or scale not in scales:
        problem = f"params.yaml: scale: found {scale!r}, allowed: {', '.join(map(str, scales))}"
        raise SettingsError(problem, "choose one of them, or add it under scales")
    if problems := list(_overlay_problems(params, scales[scale], scale)):
        raise SettingsError("params.yaml:\n  " + "\n  ".join(problems), MEND)
    settings, problems = _checked(_tried(_left_out(merge(params, scales[scale]) | _untried(params, scales[scale]))))
    if problems:
        raise SettingsError(f"params.yaml at scale {scale}:\n  " + "\n  ".join(problems), MEND)
    return settings


def model_of(experiment: str) -> type[Experiment]:
    """The model of an experiment's block, from its folder."""
    return importlib.import_module(f"netspectra.experiments.{experiment}.settings").Settings


def known_experiments() -> list[str]:
    """Folders of experiments."""
    return sorted(file.parent.name for file in EXPERIMENTS.glob("*/settings.py"))


def _overlay_problems(params: dict, over: dict, scale: str) -> Iterator[str]:
    for kind in LAID_OVER:
        base, laid = params.get(kind), over.get(kind, {})
        if isinstance(base, dict) and isinstance(laid, dict):
            yield from (unknown(["scales", scale, kind], name, list(base)) for name in laid if name not in base)
        for name, block in laid.items() if isinstance(laid, dict) and kind == "networks" else ():
            known = _variants(base.get(name) if isinstance(base, dict) else None)
            gone = [variant for variant, change in _variants(block).items() if change is None]
            yield from (
                unknown(["scales", scale, kind, name, "variants"], variant, list(known))
                for variant in gone
                if variant not in known
            )


def _variants(block: object) -> dict:
    found = block.get("variants") if isinstance(block, dict) else None
    return found if isinstance(found, dict) else {}


def _left_out(merged: dict) -> dict:
    """The same settings without the variants that are null."""
    networks = merged.get("networks")
    for name, block in networks.items() if isinstance(networks, dict) else ():
        if variants := _variants(block):
            kept = {variant: change for variant, change in variants.items() if change is not None}
            merged["networks"] = merged["networks"] | {name: block | {"variants": kept}}
    return merged


def _untried(params: dict, over: dict) -> dict:
    """What is left out by the scale, and beside it what is left out at any scale, as on the command line."""
    both = [block.get("untried", []) for block in (params, over)]
    return {"untried": [*both[0], *both[1]]} if all(isinstance(named, list) for named in both) else {}


def _tried(merged: dict) -> dict:
    """The same settings without the experiments of `untried`, the networks they alone read, and what these may take.

    Raises:
        SettingsError: `untried` is no list of experiments.
    """
    untried, experiments = merged.pop("untried", []), merged.get("experiments", {})
    if not untried or not isinstance(experiments, dict):
        return merged
    if not isinstance(untried, list) or not all(fnmatch.filter(experiments, str(pattern)) for pattern in untried):
        problem = f"params.yaml: untried: found {untried!r}, wanted a list of names or patterns of experiments"
        raise SettingsError(problem, f"name some of {', '.join(experiments)}")
    untried = [name for pattern in untried for name in fnmatch.filter(experiments, str(pattern))]
    read = {name: _networks_read(block) for name, block in experiments.items()}
    there = set().union(*(read[name] for name in experiments if name not in untried))
    alone = set().union(*(read[name] for name in untried)) - there
    for kind, gone in (("experiments", set(untried)), ("networks", alone)):
        if isinstance(blocks := merged.get(kind), dict):
            merged[kind] = {name: block for name, block in blocks.items() if name not in gone}
        resources = merged.get("resources")
        if isinstance(resources, dict) and isinstance(jobs := resources.get(kind), dict):
            kept = {name: job for name, job in jobs.items() if name not in gone}
            merged["resources"] = resources | {kind: kept}
    return merged


def _networks_read(block: object) -> set[str]:
    found = block.get("networks", []) if isinstance(block, dict) else []
    return {name for name in found if isinstance(name, str)} if isinstance(found, list) else set()


def _checked(merged: dict) -> tuple[dict, list[str]]:
    """Settings with defaults, and what is wrong with them."""
    try:
        found = Params.model_validate(merged)
    except ValidationError as error:
        experiments = merged.get("experiments")
        inner = _experiments(experiments)[1] if isinstance(experiments, dict) else []
        return {}, [*lines(error, Params), *inner]
    experiments, problems = _experiments(found.experiments)
    problems = [*problems, *_variant_problems(found), *_references(found, experiments)]
    blocks = {name: block.model_dump() for name, block in experiments.items()}
    plain = found.model_dump() | {"experiments": blocks}
    plain["resources"] = found.resources.model_dump(exclude_none=True)
    return plain, problems


def _experiments(blocks: dict[str, Any]) -> tuple[dict[str, Experiment], list[str]]:
    found, problems, known = {}, [], known_experiments()
    for name, block in blocks.items():
        if name not in known:
            problems.append(unknown(["experiments"], name, known))
            continue
        model = model_of(name)
        try:
            found[name] = model.model_validate(block)
        except ValidationError as error:
            problems += lines(error, model, ["experiments", name])
    return found, problems


def _variant_problems(found: Params) -> Iterator[str]:
    """Every network as it is in each of its variants: its own keys, and how it fits its data."""
    for name, network in found.networks.items():
        base = network.model_dump()
        for variant, change in network.variants.items():
            where = ["networks", name, "variants", variant]
            if "variants" in change:
                yield f"{path(where)}: found variants within a variant, wanted any other key of a network"
                continue
            try:
                varied = Network.model_validate(merge(base, change))
            except ValidationError as error:
                yield from lines(error, Network, where)
            else:
                yield from _fits(found, varied, where if change else where[:2])


def _fits(found: Params, network: Network, where: list[str]) -> Iterator[str]:
    """The data set is there, and what enters and leaves the network is of its size."""
    if (data := found.data.get(network.data.set)) is None:
        yield f"{path(where)}.data.set: found {network.data.set!r}, wanted one of {', '.join(found.data) or 'none'}"
        return
    for part in ("train", "test"):
        asked, there = getattr(network.data, part), getattr(data.counts, part)
        if asked is not None and asked > there:
            yield f"{path(where)}.data.{part}: found {asked}, wanted at most {there}, all there are; or null for all"
    if isinstance(data, Text) != (network.task.name == "next_tokens"):
        wanted = "a text" if network.task.name == "next_tokens" else "images"
        yield f"{path(where)}.data.set: found {network.data.set!r}, wanted {wanted} for task {network.task.name}"
    elif not isinstance(data, Text):
        yield from _shapes_fit(data, network, where)


def _shapes_fit(data: Images, network: Network, where: list[str]) -> Iterator[str]:
    channels, side = data.pixels(network.data.grey)
    for key, value, wanted in network.architecture.fits(channels, side, len(data.classes)):
        if value != wanted:
            shown = f"{path(where)}.architecture.{key}: found {value}"
            yield f"{shown}, wanted {wanted}, as data.{network.data.set} has it"


def _references(found: Params, experiments: dict[str, Experiment]) -> Iterator[str]:
    """Networks, data sets, experiments and jobs that are named are there; no figure is drawn by two experiments."""
    drawn: dict[str, str] = {}
    for name, block in experiments.items():
        yield from _missing_pieces(name, block.figures)
        for kind in ("networks", "data"):
            there = getattr(found, kind)
            for wanted in getattr(block, kind, []):
                if wanted not in there:
                    yield f"experiments.{name}.{kind}: found {wanted!r}, wanted one of {', '.join(there) or 'none'}"
        for wanted in getattr(block, "reads", []):
            if wanted not in experiments or wanted == name:
                others = ", ".join(other for other in experiments if other != name)
                yield f"experiments.{name}.reads: found {wanted!r}, wanted one of {others or 'none'}"
        for figure in block.figures:
            if drawn.setdefault(figure, name) != name:
                yield f"experiments.{name}.figures: found {figure!r}, which {drawn[figure]} draws; give it another name"
    for kind in ("networks", "experiments"):
        yield from _resource_problems(kind, getattr(found.resources, kind), list(getattr(found, kind)))


def _missing_pieces(experiment: str, figures: list[str]) -> Iterator[str]:
    """Files of an experiment that Snakemake would not miss where there is an older result."""
    for piece in ("analysis.py", "plot.py", "claims.yaml", *(f"{figure}.rst" for figure in figures)):
        if not (EXPERIMENTS / experiment / piece).is_file():
            yield f"experiments.{experiment}: its {piece} is missing in {EXPERIMENTS}/{experiment}; write it"


def _resource_problems(kind: str, named: dict[str, Changed], there: list[str]) -> Iterator[str]:
    for name in named:
        if name not in ("default", *there):
            yield unknown(["resources", kind], name, ["default", *there])
    missing = [key for key in Changed.model_fields if getattr(named.get("default"), key, None) is None]
    if missing:
        yield f"resources.{kind}.default: missing {', '.join(missing)}; add them"
