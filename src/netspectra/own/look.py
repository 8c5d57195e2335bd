"""What is wanted of one network, and what lenses have found of it so far."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from torch import nn

from netspectra.networks.layouts import CHANNELS_SECOND
from netspectra.networks.places import computes
from netspectra.own.batches import Source
from netspectra.own.spots import Map
from netspectra.own.tidy import Row
from netspectra.own.wrapped import Wrapped

SUMS = 0.4  # of the memory, which sums that are taken together may have
CAUGHT = (ValueError, RuntimeError, NotImplementedError, TypeError)


@dataclass
class Look:
    """What is wanted of one network, and what was found.

    Attributes:
        net: The network.
        source: Its data.
        where: Which layers these reach.
        against: Other networks.
        null: Permutations.
        tokens: Which rows count; None for all, and for the mean of an input where layers are compared.
        curve_samples: Inputs of the lenses of accuracy.
        loss: Of the active subspace and the attack.
        say: Told what comes next.
        rows: Of the table.
        skipped: (layer, lens, why).
        notes: What a reader must know.
    """

    net: Wrapped
    source: Source
    where: Map
    against: Sequence[nn.Module] = ()
    null: int = 200
    tokens: str | None = None
    curve_samples: int = 256
    loss: str = "cross_entropy"
    say: Callable[[str], None] = lambda text: None
    rows: list[Row] = field(default_factory=list)
    skipped: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The module at every place."""
        return {spot.place: spot.layer.module for spot in self.where.spots}

    def skip(self, layer: str, lens: str, why: str) -> None:
        """A layer that a lens leaves out."""
        if (layer, lens, why) not in self.skipped:
            self.skipped.append((layer, lens, why))

    def add(self, layer: str, lens: str, rows: Callable[[], Iterable[Row]]) -> None:
        """Take the rows of one layer; an error is the reason why they are not there, a warning is a note."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                self.rows += list(rows())
            except CAUGHT as error:
                self.skip(layer, lens, str(error).splitlines()[0])
        for text in dict.fromkeys(f"{lens}: {warning.message}" for warning in caught):
            if text not in self.notes:
                self.notes.append(text)


def width_of(found: Map, modules: dict[str, nn.Module], place: str) -> int:
    """Neurons that leave a place."""
    shape = found.shapes[place]
    second = computes(modules[place], *CHANNELS_SECOND) and len(shape) > 2
    return shape[1 if second else -1]
