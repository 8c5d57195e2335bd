"""How every network was trained, as the settings in force say: a row for each recipe of a block."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from netspectra.overlays import merge

CONSTANT = "constant"  # the schedule that is none


@dataclass(frozen=True)
class Recipe:
    """How networks were trained.

    Attributes:
        network: The block.
        variants: Those that share all that follows.
        readers: Experiments that read the block.
        data: The set, and how many of its training images.
        architecture: In words.
        optimiser: Its name.
        rate: Learning rate.
        others: What else the optimiser and the loop are told.
        batch: Samples of a step.
        length: Epochs, or when it stops.
        replicates: Networks of each variant.
        seed: Of the first replicate.
    """

    network: str
    variants: tuple[str, ...]
    readers: tuple[str, ...]
    data: str
    architecture: str
    optimiser: str
    rate: float
    others: str
    batch: int
    length: str
    replicates: int
    seed: int


def recipes(networks: Mapping[str, dict], experiments: Mapping[str, dict]) -> list[Recipe]:
    """The recipes of all blocks in the order of the settings."""
    found: list[Recipe] = []
    for name, block in networks.items():
        readers = tuple(e for e, b in experiments.items() if name in b.get("networks", []))
        for variant, change in block["variants"].items():
            if change is not None:
                _add(found, _recipe(name, variant, readers, merge(block, change)))
    return found


def _add(found: list[Recipe], one: Recipe) -> None:
    """Put a variant beside those of the same recipe."""
    for i, other in enumerate(found):
        if replace(other, variants=()) == replace(one, variants=()):
            found[i] = replace(other, variants=other.variants + one.variants)
            return
    found.append(one)


def _recipe(name: str, variant: str, readers: tuple[str, ...], block: dict) -> Recipe:
    optimiser = dict(block["optimiser"])
    kind, rate = optimiser.pop("name"), optimiser.pop("rate")
    schedule = dict(optimiser.pop("schedule", None) or {"name": CONSTANT})
    more = {key: value for key, value in optimiser.items() if value} | {"clip": block.get("clip")}
    more |= {} if schedule["name"] == CONSTANT else {"schedule": schedule}
    return Recipe(
        name,
        (variant,),
        readers,
        _data(block["data"]),
        _architecture(block["architecture"]),
        kind,
        rate,
        words({key: value for key, value in more.items() if value}),
        block["batch"],
        _length(block),
        block["replicates"],
        block["seed"],
    )


def _data(data: Mapping) -> str:
    held = "all" if data.get("train") is None else f"{data['train']:,}"
    notes = [note for key, note in (("grey", "grey"), ("permute_labels", "labels permuted")) if data.get(key)]
    return ", ".join([f"{data['set']}, {held} to train", *notes])


def _architecture(architecture: Mapping) -> str:
    rest = {key: value for key, value in architecture.items() if key != "type"}
    chains = {key: "-".join(map(words, value)) if isinstance(value, list) else value for key, value in rest.items()}
    return f"{architecture['type'].replace('_', ' ')}: {words(chains)}"


def _length(block: Mapping) -> str:
    stop = block.get("stop") or {}
    return f"{block['epochs']}{f', or {words(stop)} reached' if stop else ''}"


def words(value: Any) -> str:
    """A setting in words that need no quotes or braces."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key.replace('_', ' ')} {words(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(words, value))
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if value is None else str(value)
