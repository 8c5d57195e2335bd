"""Rows: what a layer multiplies its weights by, as a matrix, and which rows come from the same input."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from netspectra.measures.unfolding import Convolution, grouped_patches


@dataclass(frozen=True)
class Rows:
    """Inputs of a layer as rows.

    Attributes:
        values: (rows, d); (groups of the convolution, rows, d) where it has several, each serving its share of nodes.
        groups: Number of the sample that each row comes from, (rows,): positions, tokens and time steps of one sample
            belong together.
    """

    values: torch.Tensor
    groups: torch.Tensor


def of_vectors(x: torch.Tensor, samples: int | None = None) -> Rows:
    """Rows of (samples, ..., d), the last dimension being the layer's; a vector alone is one sample.

    Args:
        x: What enters.
        samples: How many there are, where it is known. Samples may then stand second, as after recurrent layers, or
            several rows per sample one after the other, as in windows of attention.

    Raises:
        ValueError: No dimension fits the number of samples.
    """
    x = x[None] if x.ndim == 1 else x
    if samples and x.ndim > 2 and len(x) != samples == x.shape[1]:
        x = x.movedim(1, 0)
    return Rows(x.flatten(0, -2), _owners(x, samples, x[..., 0].numel()))


def of_sequences(x: torch.Tensor, batch_first: bool, samples: int | None = None) -> Rows:
    """Rows of (samples, steps, d), or (steps, samples, d); (steps, d) is one sample.

    Raises:
        ValueError: Samples that do not fit.
    """
    x = x[None] if x.ndim == 2 else x if batch_first else x.movedim(1, 0)
    return Rows(x.flatten(0, 1), _owners(x, samples, len(x) * x.shape[1]))


def of_maps(x: torch.Tensor, conv: Convolution, samples: int | None = None) -> Rows:
    """Patches of (samples, C, ...); one map alone is one sample.

    Raises:
        ValueError: Other channels or dimensions, or samples that do not fit.
    """
    x = x[None] if x.ndim == 1 + len(conv.kernel_size) else x
    values = grouped_patches(x, conv)
    return Rows(values if conv.groups > 1 else values[0], _owners(x, samples, values.shape[1]))


def of_tokens(tokens: torch.Tensor, embedding: nn.Embedding, samples: int | None = None) -> Rows:
    """Rows (samples * positions, vocabulary) with a one at each token."""
    return of_vectors(F.one_hot(tokens, embedding.num_embeddings).to(embedding.weight.dtype), samples)


def of_states(outputs: torch.Tensor, start: torch.Tensor | None, module: nn.RNNBase, backward: bool) -> Rows:
    """The hidden state from which each time step of a recurrent module's last layer starts.

    Args:
        outputs: What leaves the module: the state after each step, both directions side by side.
        start: The initial states (layers * directions, samples, d); zeros when None.
        module: Gives the order of dimensions.
        backward: Which direction.
    """
    outputs = outputs[None] if (alone := outputs.ndim == 2) else outputs
    outputs = outputs if module.batch_first or alone else outputs.movedim(1, 0)
    directions = 2 if module.bidirectional else 1
    outputs = outputs.chunk(directions, -1)[int(backward)]
    first = torch.zeros_like(outputs[:, :1]) if start is None else start[int(backward) - directions]
    first = first.reshape(len(outputs), 1, -1)
    return of_sequences(torch.cat([outputs[:, 1:], first] if backward else [first, outputs[:, :-1]], 1), True)


def _owners(x: torch.Tensor, samples: int | None, rows: int) -> torch.Tensor:
    samples = samples or len(x)
    if len(x) % samples:
        raise ValueError(f"samples: wanted {samples} inputs in what enters the layer, found shape {tuple(x.shape)}")
    return torch.arange(samples, device=x.device).repeat_interleave(rows // samples)


def neurons_last(x: torch.Tensor) -> torch.Tensor:
    """Activations as (samples, neurons): the positions of feature maps (samples, C, H, W) become samples.

    Raises:
        ValueError: Other numbers of dimensions.
    """
    if x.ndim == 4:
        return x.movedim(1, -1).flatten(0, -2)
    if x.ndim != 2:
        raise ValueError(f"activations: wanted (samples, neurons) or (samples, C, H, W), found {tuple(x.shape)}")
    return x
