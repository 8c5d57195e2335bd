"""What is summed, and held, of several layers at once, with whole inputs as samples where nothing else is said."""

from collections.abc import Mapping

import torch
from torch import nn

from netspectra.measures.moments import Moments
from netspectra.own import rows
from netspectra.own.rows import Selected, Unusable
from netspectra.own.streaming import Seen


class JointSums:
    """Joint moments of several places with inputs as samples; every place has one more column, its squared norm.

    The norm, about the mean of the first batch, is what debiased CKA needs of single samples.

    Attributes:
        moments: Of all columns side by side.
        columns: {place: where its columns stand, the norm last}.
        origin: {place: mean of the first batch}.
        lost: {place: why it was given up}; its columns are zero from then on.
    """

    lens, entering = "similarity", ()

    def __init__(self, places: Mapping[str, tuple[nn.Module, int]], tokens: str) -> None:
        self.layer, self.leaving = " and ".join(places), tuple(places)
        self.modules, self.tokens = {name: module for name, (module, _) in places.items()}, tokens
        self.columns, width = {}, 0
        for name, (_, d) in places.items():
            self.columns[name] = slice(width, width + d + 1)
            width += d + 1
        self.bytes = 8.0 * 2 * width * width
        self.moments, self.origin, self.lost = Moments(width), {}, {}

    def take(self, seen: Seen) -> None:
        """Add one batch."""
        self.add({name: found for name in self.leaving if (found := self._rows(name, seen)) is not None})

    def add(self, found: Mapping[str, Selected]) -> None:
        """Add rows of the same inputs of all places that are not given up.

        Raises:
            Unusable: No place is left.
        """
        if not found:
            raise Unusable("; ".join(f"{name}: {why}" for name, why in self.lost.items()))
        first = next(iter(found.values()))
        for name in [name for name, part in found.items() if not torch.equal(first.inputs, part.inputs)]:
            self.lost[name] = (
                f"its rows are of other tokens than those of {self.leaving[0]}; tokens='mean' makes them alike"
            )
        none = first.values.new_zeros(len(first.inputs), 0, dtype=torch.float64)
        parts = [self._with_norm(name, found[name].values if name not in self.lost else none) for name in self.columns]
        if len(first.inputs):
            self.moments.update(torch.cat([part.to(parts[0].device) for part in parts], 1))

    def _rows(self, name: str, seen: Seen) -> Selected | None:
        if name in self.lost:
            return None
        try:
            x = rows.by_name(seen.reading.leaving, name)
            return rows.leaving(x, self.modules[name], seen.batch, self.tokens)
        except Unusable as error:
            self.lost[name] = str(error)
        return None

    def _with_norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        if not x.shape[1]:
            columns = self.columns[name]
            return x.new_zeros(len(x), columns.stop - columns.start)
        x = x.double()
        origin = self.origin.setdefault(name, x.mean(0))
        return torch.cat([x, (x - origin).square().sum(1, keepdim=True)], 1)


class Held:
    """Rows of one place as they come, in float32, as long as they are not too many.

    Attributes:
        parts: Rows batch by batch.
    """

    lens, entering = "similarity", ()

    def __init__(self, place: str, module: nn.Module, tokens: str, limit: float) -> None:
        self.layer, self.leaving, self.module, self.tokens, self.bytes = place, (place,), module, tokens, limit
        self.parts: list[torch.Tensor] = []
        self.owners: list[torch.Tensor] = []
        self.size = 0

    def take(self, seen: Seen) -> None:
        """Add one batch.

        Raises:
            ValueError: Too many to be held.
        """
        found = rows.leaving(rows.by_name(seen.reading.leaving, self.layer), self.module, seen.batch, self.tokens)
        self.size += 4 * found.values.numel()
        if self.size > self.bytes:
            self.parts.clear()
            raise ValueError(f"its activations take more than {self.bytes / 1e9:.2g} GB; pass a larger memory=")
        self.parts.append(found.values.to("cpu", torch.float32))
        self.owners.append(found.inputs.cpu() + seen.first)

    def rows(self) -> tuple[torch.Tensor, torch.Tensor]:
        """All rows, and the input of each."""
        return torch.cat(self.parts), torch.cat(self.owners)
