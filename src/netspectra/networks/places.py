"""What enters and what leaves any named place of a network, read or replaced while the network's own forward runs.

A place is the dotted name of a module, as in `named_modules()`; "" is the network. Where a module is called more than
once, "relu#2" is its second call. "attention@key" is the argument `key`; without one, the first tensor counts.
Forward hooks do the reading, so what happens inside one fused call cannot be seen (`layers.out_of_reach` names it).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from netspectra.networks.flow import Change, Inputs, call, map_tensors
from netspectra.networks.taps import Stages, attached, joined, tap

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


@dataclass(frozen=True)
class Reading:
    """What one run gave.

    Attributes:
        outputs: Whatever the network returns; None where it was not wanted.
        entering: First tensor that entered, by place; an argument ("lstm@hx") that was left out has no entry.
        leaving: First tensor that left, by place.
    """

    outputs: Any
    entering: dict[str, torch.Tensor] = field(default_factory=dict)
    leaving: dict[str, torch.Tensor] = field(default_factory=dict)


def chain(network: nn.Module) -> Stages:
    """The stages that run one after the other, by name; running each on what the one before gave is the network.

    A Sequential with its own forward and no hooks is opened, nested ones too; any other module is one stage. A module
    that stands in a Sequential twice is two stages.
    """
    return list(_stages("", network))


def plain(module: nn.Module, *kinds: type[nn.Module]) -> bool:
    """Whether a module is one of these kinds, does what that kind does, and carries no hooks."""
    return computes(module, *kinds) and not any(getattr(module, hooks, None) for hooks in HOOKS)


def computes(module: nn.Module, *kinds: type[nn.Module]) -> bool:
    """Whether a module computes what one of these kinds computes, whatever hooks it carries."""
    own = any(isinstance(module, kind) and type(module).forward is kind.forward for kind in kinds)
    return own and "forward" not in vars(module)


def read(
    network: nn.Module,
    x: Inputs,
    entering: Iterable[str] = (),
    leaving: Iterable[str] = (),
    *,
    replace_entering: Mapping[str, Change] | None = None,
    replace_leaving: Mapping[str, Change] | None = None,
    outputs: bool = True,
) -> Reading:
    """Run a network once, in the mode it is in, and read or replace what flows at named places.

    A module that has several names is its first call under the first name, its second under the second, and so on,
    if it is called as often as it has names; else the call must be named. What is read is what flows on, after
    replacement, and does not change when later layers work in place.

    Args:
        network: Any module.
        x: A tensor, a tuple of positional arguments, or a mapping of keyword arguments; left as it is.
        entering: Places whose input is wanted.
        leaving: Places whose output is wanted.
        replace_entering: What takes the place of what enters, {place: function of the tensor}.
        replace_leaving: What takes the place of what leaves.
        outputs: Whether the network's outputs are wanted; if not, a chain runs only as far as the last place.

    Raises:
        ValueError: No such place, one that is never called or called another number of times than it has names, or
            one where no tensor flows.
    """
    stages = chain(network) if isinstance(x, torch.Tensor) else [("", network)]
    found, keep = Reading(None), torch.clone if overwrites(network) else _same
    taps = [tap(stages, place, "enters", change) for place, change in (replace_entering or {}).items()]
    taps += [tap(stages, place, "leaves", change) for place, change in (replace_leaving or {}).items()]
    taps += [tap(stages, place, "enters", _Recorder(found.entering, place, keep)) for place in entering]
    taps += [tap(stages, place, "leaves", _Recorder(found.leaving, place, keep)) for place in leaving]
    last = len(stages) - 1 if outputs or not taps else max(tap.stage for tap in taps)
    flow = x if keep is _same else map_tensors(torch.clone, x)
    for i, (_, stage) in enumerate(stages[: last + 1]):
        here = [tap for tap in taps if tap.stage == i]
        if not outputs and i == last and all(tap.before(stage) for tap in here):
            for one in here:
                flow = one.meet(flow)
            break
        with attached(here):
            flow = call(stage, flow) if i == 0 else stage(flow)
    for one in taps:
        one.check()
    return Reading(flow if outputs else None, found.entering, found.leaving)


def overwrites(network: nn.Module) -> bool:
    """Whether a layer may write over what it is given: it says so, or its forward is not one of PyTorch's."""
    return any(
        getattr(module, "inplace", False) or not type(module).__module__.startswith("torch.nn.modules.")
        for module in network.modules()
    )


def _stages(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    if not (plain(module, nn.Sequential) and type(module).__iter__ is nn.Sequential.__iter__ and len(module)):
        yield name, module
        return
    for key, child in module._modules.items():  # named_children would leave out a module that stands there twice
        yield from _stages(joined(name, key), child)


@dataclass(frozen=True)
class _Recorder:
    """Puts what flows at a place into a dictionary and lets it go on."""

    found: dict[str, torch.Tensor]
    place: str
    keep: Change

    def __call__(self, tensor: torch.Tensor) -> torch.Tensor:
        self.found[self.place] = self.keep(tensor)
        return tensor


def _same(tensor: torch.Tensor) -> torch.Tensor:
    return tensor
