"""What is summed of a layer: moments of its activations in blocks of inputs, of what enters it, and of several at once.

Inputs are dealt into blocks in turn, so that a bootstrap over blocks is one over samples.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import prod

import torch
from torch import nn

from netspectra.measures.moments import Moments
from netspectra.networks.weights import WeightLayer
from netspectra.own import rows
from netspectra.own.batches import Batch
from netspectra.own.rows import Selected
from netspectra.own.spots import Spot
from netspectra.own.streaming import Seen

BLOCKS = 20
FEWEST_BLOCKS = 8  # of which a bootstrap says something
PIECE = 2**22  # numbers of the patches that are formed at a time


def block_count(d: int, budget: float) -> int:
    """Blocks for which moments of d neurons fit into memory; one where they are too few for a bootstrap."""
    fitting = int(budget / (16 * d * d)) - 2
    return min(BLOCKS, fitting) if fitting >= FEWEST_BLOCKS else 1


class ActivationSums:
    """Moments of what leaves a place, block by block, and what the few-samples correction of its dimension needs.

    Attributes:
        blocks: Moments of every block.
        norms: Moments (inputs) of the squared norm of every input, summed over its rows, about the origin.
        inputs: How many inputs were seen.
        pairs: Pairs of rows of one input, a row with itself among them.
        within: Sum over inputs of the squared products of rows of one input, about the origin.
        turned: Sum over rows of their squared norm times themselves, about the origin, (d,).
        origin: Mean of the first batch.
    """

    lens, entering = "spectra", ()

    def __init__(self, place: str, module: nn.Module, d: int, tokens: str, blocks: int) -> None:
        self.layer, self.leaving, self.module, self.tokens = place, (place,), module, tokens
        self.bytes = 8.0 * (2 * blocks + 4) * d * d
        self.blocks = [Moments(d) for _ in range(blocks)]
        self.norms = Moments(1)
        self.inputs, self.pairs, self.within, self.origin, self.turned = 0, 0, 0.0, None, 0.0

    def take(self, seen: Seen) -> None:
        """Add one batch."""
        x = rows.by_name(seen.reading.leaving, self.layer)
        self.add(rows.leaving(x, self.module, seen.batch, self.tokens), seen.first)

    def add(self, found: Selected, first: int) -> None:
        """Add rows; `first` is the number of the batch's first input."""
        if not len(found.values):
            return
        block = (found.inputs + first) % len(self.blocks)
        for number in block.unique().tolist():
            self.blocks[number].update(found.values[block == number])
        sizes = torch.bincount(found.inputs)
        self.inputs += int((sizes > 0).sum())
        self.pairs += int(sizes.square().sum())
        self._add_within(found, sizes[sizes > 0])

    def forget(self) -> None:
        """Let the memory go."""
        self.blocks = []

    def _add_within(self, found: Selected, sizes: torch.Tensor) -> None:
        """Squared products of rows of one input, sum_i |X_i X_i'|^2, and the squared norm of every input."""
        x = found.values.double()
        self.origin = x.mean(0) if self.origin is None else self.origin
        x = x - self.origin
        norms = x.square().sum(1)
        self.turned = self.turned + norms @ x
        self.norms.update(torch.stack([part.sum() for part in norms.split(sizes.tolist())])[:, None])
        if int(sizes.min()) == int(sizes.max()):
            self.within += float(_gram(x.unflatten(0, (-1, int(sizes[0])))).square().sum())
        else:
            self.within += sum(float(_gram(part).square().sum()) for part in x.split(sizes.tolist()))


class InputSums:
    """Moments of what enters a layer with weights, in every group of a convolution, and the sums of its nodes by block.

    Attributes:
        moments: One per group, of d inputs; none where only the nodes are wanted.
        blocks: (blocks, 1 + groups + nodes): rows, squares of the inputs about the origin, squares of the nodes.
        means: (blocks, groups * d + nodes): sums of the inputs and of the nodes about the origin.
    """

    lens, leaving = "alignment", ()

    def __init__(self, spot: Spot, covariances: bool = True) -> None:
        weight = spot.layer.weight()
        self.spot, self.layer, self.entering = spot, spot.name, spot.layer.entering
        self.leaving = spot.layer.leaving
        self.groups = spot.layer.groups
        self.weight = weight.double().unflatten(0, (self.groups, -1))  # (groups, nodes, d)
        d, nodes = weight.shape[1], len(weight)
        self.bytes = 8.0 * (2 * self.groups * d * d * covariances + 4 * BLOCKS * (nodes + self.groups * d))
        self.moments = [Moments(d) for _ in range(self.groups if covariances else 0)]
        self.blocks = torch.zeros(BLOCKS, 1 + self.groups + nodes, dtype=torch.float64, device=weight.device)
        self.means = torch.zeros(BLOCKS, self.groups * d + nodes, dtype=torch.float64, device=weight.device)
        self.origin: torch.Tensor | None = None

    def take(self, seen: Seen) -> None:
        """Add one batch."""
        for layer, piece, first in _pieces(self.spot.layer, seen):
            found = rows.entering(layer.inputs(piece.reading, piece.batch.samples).values, piece.batch)
            values = found.values if found.values.ndim == 3 else found.values[None]
            for moments, x in zip(self.moments, values, strict=False):
                moments.update(x)
            self._add_blocks(values.double(), (found.inputs + first) % BLOCKS)

    def forget(self) -> None:
        """Let the memory go."""
        self.moments = []

    def _add_blocks(self, x: torch.Tensor, block: torch.Tensor) -> None:
        """Add rows (groups, rows, d) to the sums of their blocks."""
        self.origin = x.mean(1, keepdim=True) if self.origin is None else self.origin
        x = x - self.origin
        z = (x @ self.weight.mT).movedim(1, 0).flatten(1)
        squares = torch.cat([torch.ones_like(z[:, :1]), x.square().sum(-1).T, z.square()], 1)
        self.blocks.index_add_(0, block, squares)
        self.means.index_add_(0, block, torch.cat([x.movedim(1, 0).flatten(1), z], 1))


def _gram(x: torch.Tensor) -> torch.Tensor:
    """The smaller of x'x and xx', which have the same sum of squares, of one matrix or a stack of them."""
    return x.mT @ x if x.shape[-2] > x.shape[-1] else x @ x.mT


def _pieces(layer: WeightLayer, seen: Seen) -> Iterator[tuple[WeightLayer, Seen, int]]:
    """The batch in parts, where the rows are many times what enters: patches of convolutions, one-hot tokens."""
    size = {"convolution": "kernel_size", "embedding": "num_embeddings"}.get(layer.kind)
    place = layer.entering[0]
    x = seen.reading.entering.get(place)
    if size is None or x is None or len(x) != seen.batch.samples:
        yield layer, seen, seen.first
        return
    copies = getattr(layer.module, size)
    step = max(1, PIECE // (x[:1].numel() * (prod(copies) if isinstance(copies, tuple) else copies)))
    for start in range(0, len(x), step):
        part = x[start : start + step]
        mask = None if seen.batch.mask is None else seen.batch.mask[start : start + step]
        batch = Batch(seen.batch.inputs, None, mask, len(part))
        yield layer, Seen(batch, replace(seen.reading, entering={place: part}), seen.first), seen.first + start
