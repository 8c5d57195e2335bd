"""How many networks there are of each kind, as settings say, and where they say it."""

from collections.abc import Iterator, Mapping

FULL_SCALE = "paper"  # that of the documents themselves


def replicates_of(block: Mapping) -> dict[str, int]:
    """Networks of every variant of a block; variants that are null are left out."""
    variants = {name: change for name, change in block["variants"].items() if change is not None}
    return {name: change.get("replicates", block["replicates"]) for name, change in variants.items()}


def networks_behind(settings: Mapping, experiment: str) -> list[str]:
    """Networks that an experiment reads, itself or in the tables of others."""
    block = settings["experiments"][experiment]
    theirs = [name for other in block.get("reads", []) for name in networks_behind(settings, other)]
    return list(dict.fromkeys([*block.get("networks", []), *theirs]))


def least_replicates(settings: Mapping, experiment: str) -> int | None:
    """The least number of networks, or of repetitions of its own, that an experiment has of anything; None without.

    Args:
        settings: Those in force.
        experiment: Its name.
    """
    block = settings["experiments"][experiment]
    behind = networks_behind(settings, experiment)
    counts = [n for name in behind for n in replicates_of(settings["networks"][name]).values()]
    return min([*counts, *([block["replicates"]] if "replicates" in block else [])], default=None)


def keys_of(settings: Mapping, experiment: str) -> list[str]:
    """Keys of params.yaml that give those numbers; at a reduced scale those of its overlay, as the others are printed.

    Args:
        settings: Those in force, with their scale.
        experiment: Its name.
    """
    block, scale = settings["experiments"][experiment], settings["scale"]
    above = "" if scale == FULL_SCALE else f"scales.{scale}."
    own = [f"experiments.{experiment}.replicates"] if "replicates" in block else []
    found = [key for name in networks_behind(settings, experiment) for key in _keys(name, settings["networks"][name])]
    return [f"{above}{key}" for key in [*found, *own]]


def _keys(name: str, block: Mapping) -> Iterator[str]:
    variants = [change for change in block["variants"].items() if change[1] is not None]
    if not all("replicates" in change for _, change in variants):
        yield f"networks.{name}.replicates"
    yield from (f"networks.{name}.variants.{variant}.replicates" for variant, c in variants if "replicates" in c)
