"""Freezing: which modules have stopped to learn, and from which step on."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from torch import nn

from netspectra.training.schedules import step_at


@dataclass(frozen=True)
class Frozen:
    """What does not learn at some step.

    Attributes:
        modules: Names of modules; they are in evaluation mode.
        parameters: Names of their parameters.
    """

    modules: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset()


class Freezing:
    """The modules of a network that freeze while it trains.

    Args:
        network: Gives the names.
        blocks: {"layers": glob on names of modules, with all that they hold, "at": fraction of training} each.
        steps: Of the whole training.

    Raises:
        ValueError: A glob that fits no module, or a fraction that is none.
    """

    def __init__(self, network: nn.Module, blocks: Sequence[dict], steps: int) -> None:
        self.starts = [(step_at(block["at"], steps), _matched(network, block["layers"])) for block in blocks]
        self.names = [name for name, _ in network.named_parameters()]

    def at(self, step: int) -> Frozen:
        """What is frozen when a step is made."""
        modules = frozenset().union(*(names for start, names in self.starts if start <= step))
        return Frozen(modules, frozenset(name for name in self.names if name.rpartition(".")[0] in modules))


def _matched(network: nn.Module, pattern: str) -> frozenset[str]:
    """Modules whose name fits, and all inside them."""
    names = [name for name, _ in network.named_modules() if name]
    tops = [name for name in names if fnmatchcase(name, pattern)]
    if not tops:
        raise ValueError(f"freeze.layers: wanted a pattern for some of {', '.join(names)}; found {pattern!r}")
    return frozenset(name for name in names if any(f"{name}.".startswith(f"{top}.") for top in tops))
