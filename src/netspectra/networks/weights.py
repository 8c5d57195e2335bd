"""One matrix of weights of a network, and what it is multiplied by."""

import re
from dataclasses import dataclass, replace

import torch
from torch import nn

from netspectra.networks import rows
from netspectra.networks.places import Reading
from netspectra.networks.taps import joined


@dataclass(frozen=True)
class WeightLayer:
    """One matrix of weights W (nodes, d): at some point of its forward the module computes W x + b.

    Attributes:
        name: Name of the module, and of the part where it has several matrices: "lstm.hh_l0.f", "attention.q".
        kind: "linear", "convolution", "embedding", "recurrent" or "attention".
        module: Holds the parameter.
        place: Name of the module.
        parameter: Name of the parameter within the module.
        nodes: The rows of the parameter that are this layer's; all when None.
        entering: Places whose input `inputs` needs.
        leaving: Places whose output `inputs` needs.
        hidden: Why the inputs cannot be read; "" where they can.
    """

    name: str
    kind: str
    module: nn.Module
    place: str
    parameter: str = "weight"
    nodes: slice | None = None
    entering: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()
    hidden: str = ""

    @property
    def groups(self) -> int:
        """How many equal shares of the nodes have inputs of their own: the groups of a convolution, else 1."""
        return self.module.groups if self.kind == "convolution" else 1

    @property
    def parameter_name(self) -> str:
        """Name of the parameter within the network."""
        return joined(self.place, self.parameter)

    def weight(self) -> torch.Tensor:
        """The weights (nodes, d), without their graph; d is a patch of one group for a convolution."""
        whole = getattr(self.module, self.parameter).detach()
        whole = whole.T if self.kind == "embedding" else whole
        return (whole if self.nodes is None else whole[self.nodes]).flatten(1)

    def parameter_with(self, weight: torch.Tensor) -> torch.Tensor:
        """The module's parameter with these weights (nodes, d) in place of the layer's, as a new tensor."""
        whole = getattr(self.module, self.parameter).detach().clone()
        part = whole if self.nodes is None else whole[self.nodes]
        part.copy_((weight.T if self.kind == "embedding" else weight).reshape(part.shape))
        return whole

    def inputs(self, reading: Reading, samples: int | None = None) -> rows.Rows:
        """The rows that the weights are multiplied by.

        Args:
            reading: A run in which `entering` and `leaving` were read.
            samples: Number of samples in it, where they may stand elsewhere than first.

        Raises:
            ValueError: They are hidden, or do not fit.
        """
        if self.hidden:
            raise ValueError(f"layer: wanted one whose inputs can be read, found {self.name}: {self.hidden}")
        x = reading.entering.get(self.entering[0])
        if self.leaving:
            backward = self.parameter.endswith("_reverse")
            return rows.of_states(reading.leaving[self.leaving[0]], x, self.module, backward)
        if x is None:  # a cell that starts from zeros
            x = reading.entering[self.entering[1]]
            x = x.new_zeros(*x.shape[:-1], self.module.hidden_size)
        if self.kind == "convolution":
            return rows.of_maps(x, self.module, samples)
        if self.kind == "embedding":
            return rows.of_tokens(x, self.module, samples)
        if (batch_first := getattr(self.module, "batch_first", None)) is not None:
            return rows.of_sequences(x, batch_first, samples)
        return rows.of_vectors(x, samples)

    def at_call(self, number: int) -> "WeightLayer":
        """The same layer as it is used in one of several calls of its module, from 1."""
        entering, leaving = (tuple(_at_call(p, number) for p in places) for places in (self.entering, self.leaving))
        return replace(self, entering=entering, leaving=leaving)


def _at_call(place: str, number: int) -> str:
    return re.sub(r"(@|$)", rf"#{number}\1", place, count=1)
