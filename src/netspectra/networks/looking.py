"""How a lens looks at a reader's network: in evaluation mode, leaving everything as it was."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import nn


@contextmanager
def looking(*networks: nn.Module) -> Iterator[None]:
    """Evaluation mode for as long as a lens looks; afterwards, also upon an error, all is as it was found.

    That is the mode of every module, buffers, weights that a lookup renormalises, gradients, which parameters need
    one, and the state of PyTorch's random numbers.
    """
    modules = list({id(module): module for network in networks for module in network.modules()}.values())
    modes = [module.training for module in modules]
    parameters = [(p, p.requires_grad, p.grad) for module in modules for p in module.parameters(recurse=False)]
    buffers = [(module, name, b) for module in modules for name, b in module._buffers.items() if b is not None]
    lookups = [module.weight for module in modules if getattr(module, "max_norm", None) is not None]
    before = [(tensor, tensor.detach().clone()) for tensor in (*(b for *_, b in buffers), *lookups)]
    devices = sorted({p.device.index for p, *_ in parameters if p.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices):
        try:
            for network in networks:
                network.eval()
            yield
        finally:
            for module, mode in zip(modules, modes, strict=True):
                module.training = mode
            for p, needed, gradient in parameters:
                p.requires_grad_(needed).grad = gradient
            for module, name, buffer in buffers:
                module._buffers[name] = buffer
            _restore(before)


@contextmanager
def differentiable(network: nn.Module) -> Iterator[None]:
    """Gradients through recurrent layers in evaluation mode, which cuDNN does not have."""
    recurrent = any(isinstance(m, nn.RNNBase) for m in network.modules())
    on_gpu = any(p.device.type == "cuda" for p in network.parameters())
    with torch.backends.cudnn.flags(enabled=False) if recurrent and on_gpu else nullcontext():
        yield


def _restore(tensors: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    with torch.no_grad():
        for tensor, before in tensors:
            if not torch.equal(tensor, before):
                tensor.copy_(before)
