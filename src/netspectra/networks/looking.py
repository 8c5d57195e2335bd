"""How a lens looks at a reader's network: in evaluation mode, leaving everything as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def looking(network: nn.Module) -> Iterator[nn.Module]:
    """Evaluation mode for as long as a lens looks; afterwards, also upon an error, all is as it was found.

    That is the mode of every module, buffers, weights that a lookup renormalises, gradients, which parameters need
    one, and the state of PyTorch's random numbers.
    """
    modes = [(module, module.training) for module in network.modules()]
    needs = [(p, p.requires_grad, p.grad) for p in network.parameters()]
    held = [(m, name, b, b.clone()) for m in network.modules() for name, b in m._buffers.items() if b is not None]
    lookups = [(m.weight, m.weight.clone()) for m in network.modules() if getattr(m, "max_norm", None) is not None]
    devices = sorted({p.device.index for p, *_ in needs if p.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices):
        try:
            yield network.eval()
        finally:
            for module, mode in modes:
                module.training = mode
            for p, needed, gradient in needs:
                p.requires_grad_(needed).grad = gradient
            for module, name, buffer, _ in held:
                module._buffers[name] = buffer
            _restore([*((buffer, before) for *_, buffer, before in held), *lookups])


def _restore(tensors: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    with torch.no_grad():
        for tensor, before in tensors:
            if not torch.equal(tensor, before):
                tensor.copy_(before)
