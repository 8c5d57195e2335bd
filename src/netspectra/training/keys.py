"""Keys: names for networks made of everything that decides their numbers, and of nothing else."""

import hashlib
import json
import platform
from dataclasses import fields, is_dataclass
from typing import Any

import torch

from netspectra.training.groups import Group

# What says which networks there are, and what `fingerprint` knows better.
NOT_DECIDING = {"variants", "replicates", "data"}


def circumstances(code: str, device: torch.device, threads: int) -> dict:
    """What decides the numbers of all networks that one job trains.

    Args:
        code: Digest of the code of the job, by meaning.
        device: Where they train.
        threads: Threads of its sums, which count on a CPU alone.
    """
    found = {"code": code, "torch": torch.__version__, "device": device.type}
    if device.type != "cpu":
        return found
    return found | {"threads": threads, "cpu": [platform.machine(), torch.backends.cpu.get_cpu_capability()]}


def network_keys(group: Group, data: str, circumstances: dict) -> list[str]:
    """Key of every network of a group.

    The stack that a network trains in counts on a CPU, where a network is the same to the bit as long as its stack has
    the same size and it has the same slot there. On a GPU, which does not repeat its bits anyway, it does not count.

    Args:
        group: The networks.
        data: Fingerprint of what they are trained on.
        circumstances: As `circumstances` gives them.
    """
    common = {key: value for key, value in group.settings.items() if key not in NOT_DECIDING}
    if common["order"] == "own":
        common.pop("seed")  # else the order of the samples comes from it
    keys = []
    for member, slot in zip(group.members, group.slots, strict=True):
        own = {"optimiser": common["optimiser"] | {"rate": member.rate}}
        stack = [group.size, slot] if circumstances["device"] == "cpu" else None
        keys.append(digest([common | own, member.seed, stack, data, circumstances]))
    return keys


def digest(content: object) -> str:
    """A name for what JSON can hold, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def fingerprint(data: Any) -> str:
    """Checksum of prepared data as training sees them: all tensors and facts of a data class."""
    found = hashlib.sha256()
    for part in _parts(data):
        found.update(part)
    return found.hexdigest()


def _parts(data: Any) -> Any:
    if is_dataclass(data):
        for field in fields(data):
            yield field.name.encode()
            yield from _parts(getattr(data, field.name))
    elif isinstance(data, torch.Tensor):
        yield f"{data.dtype} {tuple(data.shape)}".encode()
        yield data.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
    else:
        yield repr(data).encode()
