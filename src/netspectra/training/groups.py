"""What is trained together, and how results are taken apart by network and put together by variant."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import torch

from netspectra.networks.checkpoints import Tensors, variant_settings

# Batch and parameters per network from which arithmetic, not the calls, is the cost on a CPU.
STACK_BELOW = {"batch": 512, "parameters": 200_000}

# Networks in a stack on a CPU, always: the last columns of a matrix are summed in another order than those before
# them, and products of few columns in another than those of many, so that in stacks of any size a network would have
# other last digits with five companions than with two.
STACK = 5


class Member(NamedTuple):
    """One network of a group."""

    variant: str
    replicate: int
    seed: int
    rate: float


@dataclass(frozen=True)
class Group:
    """Networks that train together: they differ in variant, seed and rate, and in nothing else.

    Attributes:
        settings: Those of the variant that the first of them belongs to.
        members: The networks.
        fixed: Whether the group stands for a stack of `STACK`, in which each network has the slot that its seed gives
            it, whoever else is there.
    """

    settings: dict
    members: tuple[Member, ...]
    fixed: bool = False

    def __len__(self) -> int:
        return len(self.members)

    @property
    def variant(self) -> str:
        """Names of their variants, to speak of them."""
        return ", ".join(dict.fromkeys(member.variant for member in self.members))

    @property
    def seeds(self) -> list[int]:
        """Seed of each network: it alone, not the company, decides what a network becomes."""
        return [member.seed for member in self.members]

    @property
    def rates(self) -> list[float]:
        """Learning rate of each network."""
        return [member.rate for member in self.members]

    @property
    def slots(self) -> list[int]:
        """Slot of each network in the stack that is trained."""
        return [seed % STACK for seed in self.seeds] if self.fixed else list(range(len(self)))

    @property
    def size(self) -> int:
        """Networks in the stack that is trained."""
        return STACK if self.fixed else len(self)

    def stacked(self) -> "Group":
        """The stack that is trained: every network in its slot, and copies of the first where nobody is."""
        at = dict(zip(self.slots, self.members, strict=True))
        return replace(self, members=tuple(at.get(i, self.members[0]) for i in range(self.size)), fixed=False)

    def only(self, positions: Sequence[int]) -> "Group":
        """A group of some of the networks."""
        return replace(self, members=tuple(self.members[i] for i in positions))

    def halves(self) -> list["Group"]:
        """The networks in two stacks of their own, which are no longer of the size that they had."""
        middle = (len(self) + 1) // 2
        parts = (self.only(range(middle)), self.only(range(middle, len(self))))
        return [replace(part, fixed=False) for part in parts if len(part)]


def groups(block: dict, device: torch.device) -> list[Group]:
    """All networks of a block; stacked on a GPU, on a CPU stacked where that pays and one by one where it does not."""
    return [group for stack in stacks(block, device) for group in _cut(stack)]


def stacks(block: dict, device: torch.device) -> list[Group]:
    """The groups, where those that only the size of a stack keeps apart are one."""
    found: dict[str, Group] = {}
    for settings, member in networks(block):
        fixed = device.type == "cpu" and _stacking_pays(settings)
        key = json.dumps(_common(settings) if fixed or device.type != "cpu" else member, sort_keys=True)
        before = found.get(key, Group(settings, (), fixed))
        found[key] = replace(before, members=(*before.members, member))
    return list(found.values())


def _cut(stack: Group) -> Iterator[Group]:
    """In groups of at most one network a slot."""
    if not stack.fixed:
        yield stack
        return
    parts: list[dict[int, int]] = []
    for i, slot in enumerate(stack.slots):
        free = next((part for part in parts if slot not in part), None)
        if free is None:
            parts.append(free := {})
        free[slot] = i
    yield from (stack.only(list(part.values())) for part in parts)


def networks(block: dict) -> Iterator[tuple[dict, Member]]:
    """Every network of a block with its variant's settings, variant by variant."""
    for variant in block["variants"]:
        settings = variant_settings(block, variant) | {"variants": {}}
        for replicate in range(settings["replicates"]):
            yield settings, Member(variant, replicate, settings["seed"] + replicate, settings["optimiser"]["rate"])


def _common(settings: dict) -> dict:
    """What networks must have in common to train together; those that share an order have its seed in common."""
    apart = {"replicates", "seed"} if settings["order"] == "own" else {"replicates"}
    common = {key: value for key, value in settings.items() if key not in apart}
    return common | {"optimiser": settings["optimiser"] | {"rate": None}}


def _stacking_pays(settings: dict) -> bool:
    """On a CPU: where the calls are the cost, or where one product with the shared images serves all replicates.

    Networks that end early would leave a stack that is smaller, and those that draw (dropout) run one by one anyway.
    """
    architecture = settings["architecture"]
    if architecture["type"] != "fully_connected" or settings.get("stop") or architecture.get("dropout"):
        return False
    parameters = sum(d * nodes for d, nodes in pairwise(architecture["widths"]))
    small = settings["batch"] < STACK_BELOW["batch"] and parameters < STACK_BELOW["parameters"]
    return small or settings["order"] == "shared"


def taken_apart(result: Tensors, slots: Sequence[int]) -> list[Tensors]:
    """What a stack leaves behind, for the networks in some slots, each still with the dimension of the networks.

    Args:
        result: "history/<quantity>" with records first and networks second, except its steps, which all networks
            have in common; anything else with networks first.
        slots: Which networks are wanted.
    """
    return [{name: _one(name, t, i).detach().cpu() for name, t in result.items()} for i in slots]


def gather(networks: dict[Member, Tensors]) -> Tensors:
    """Results of networks as `checkpoints.Networks` names them: by variant, replicates first."""
    gathered = {}
    for variant in dict.fromkeys(member.variant for member in networks):
        parts = [part for member, part in networks.items() if member.variant == variant]
        for name, t in parts[0].items():
            words = name.split("/")
            at = 2 if words[0] == "snapshot" else 1
            whole = t.clone() if _is_common(name) else torch.cat([part[name] for part in parts], _dim(name))
            gathered["/".join([*words[:at], variant, *words[at:]])] = whole
    return gathered


def _is_common(name: str) -> bool:
    return name.startswith("history/") and name.split("/")[-1] == "step"


def _dim(name: str) -> int:
    return 1 if name.startswith("history/") else 0


def _one(name: str, t: torch.Tensor, i: int) -> torch.Tensor:
    return t if _is_common(name) else t.narrow(_dim(name), i, 1)
