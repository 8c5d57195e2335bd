"""Ensembles: R networks of one architecture, with stacked parameters and buffers."""

import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from netspectra.networks.executors import Pass, choose
from netspectra.networks.places import Reading
from netspectra.networks.zoo import build

Tensors = dict[str, torch.Tensor]


class Ensemble:
    """R networks of one architecture, any module, evaluated together.

    Args:
        network: The architecture; its own weights and buffers are not used, nor changed.
        parameters: Tensors named as in `network.named_parameters()`, each with a leading dimension R.
        buffers: The same of `network.named_buffers()`.
    """

    def __init__(self, network: nn.Module, parameters: Tensors, buffers: Tensors | None = None) -> None:
        self.network, self.parameters, self.buffers = network, parameters, buffers or {}

    @classmethod
    def initial(cls, architecture: dict, seeds: Iterable[int]) -> "Ensemble":
        """Fresh networks as the architecture initialises them, one per seed; seeds do not influence each other."""
        networks = []
        with torch.random.fork_rng(devices=[]):
            for seed in seeds:
                torch.manual_seed(seed)
                networks.append(build(architecture))
        return cls.from_state(networks[0], _stacked([_state(network) for network in networks]))

    @classmethod
    def of(cls, network: nn.Module) -> "Ensemble":
        """A stack of one: a reader's own network."""
        return cls.from_state(network, {name: t.detach()[None] for name, t in _state(network).items()})

    @classmethod
    def from_state(cls, network: nn.Module, state: Tensors) -> "Ensemble":
        """Networks from their parameters and buffers in one dictionary, as `state` gives it.

        Raises:
            ValueError: Names or shapes are not those of the network.
        """
        names = {name for name, _ in network.named_buffers()}
        split = ({name: t for name, t in state.items() if (name in names) is of} for of in (False, True))
        ensemble = cls(network, *split)
        _check(ensemble.parameters, dict(network.named_parameters()), len(ensemble))
        _check(ensemble.buffers, dict(network.named_buffers()), len(ensemble))
        return ensemble

    @property
    def state(self) -> Tensors:
        """Parameters and buffers by name, each (R, ...)."""
        return {**self.parameters, **self.buffers}

    def __len__(self) -> int:
        return len(next(iter(self.parameters.values()), ()))

    def __iter__(self) -> Iterator[nn.Module]:
        return (self.single(i) for i in range(len(self)))

    def __getitem__(self, rows: slice | torch.Tensor) -> "Ensemble":
        return self._changed(lambda t: t[rows])

    def to(self, device: torch.device | str) -> "Ensemble":
        """The same networks on another device."""
        return self._changed(lambda t: t.to(device))

    def weight(self, layer: str) -> torch.Tensor:
        """Weights (R, nodes, ...) of a layer."""
        return self.parameters[f"{layer}.weight"]

    def single(self, index: int) -> nn.Module:
        """Network `index` alone, as a module of its own in evaluation mode whose parameters need no gradient."""
        network = copy.deepcopy(self.network).eval().requires_grad_(False)
        network.to(next(iter(self.parameters.values())).device)
        state = self.state
        for name, t in _state(network).items():
            t.copy_(state[name][index])
        return network

    def __call__(
        self,
        x: torch.Tensor,
        entering: Iterable[str] = (),
        leaving: Iterable[str] = (),
        training: bool = False,
        *,
        own: bool = False,
        frozen: Collection[str] = (),
        seeds: Sequence[int] | None = None,
    ) -> Reading:
        """What all networks give, and what enters and leaves places on the way.

        Args:
            x: Inputs (samples, ...) that all networks see.
            entering: Places whose input is wanted (see `places`).
            leaving: Places whose output is wanted.
            training: Run in training mode; buffers are then changed in place.
            own: Every network has inputs of its own: x is (R, samples, ...).
            frozen: Modules that stay in evaluation mode all the same.
            seeds: One per network, for what it draws in this pass alone (dropout); None to draw from PyTorch's
                global numbers.

        Returns:
            Outputs (R, samples, ...), and {place: (R or 1, samples, ...)}; a leading 1 where the networks share it.

        Raises:
            ValueError: Inputs or seeds for another number of networks, or no such place.
        """
        if own and len(x) != len(self):
            raise ValueError(
                f"x: wanted inputs (networks, samples, ...) of {len(self)} networks, found {tuple(x.shape)}"
            )
        if seeds is not None and len(seeds) != len(self):
            raise ValueError(f"seeds: wanted one for each of {len(self)} networks, found {len(seeds)}")
        with _mode(self.network, training, frozen):
            one = Pass(
                self.network,
                self.parameters,
                self.buffers,
                x if own else x[None],
                tuple(entering),
                tuple(leaving),
                seeds,
            )
            return choose(one)(one)

    def _changed(self, change: Callable[[torch.Tensor], torch.Tensor]) -> "Ensemble":
        parts = ({name: change(t) for name, t in part.items()} for part in (self.parameters, self.buffers))
        return Ensemble(self.network, *parts)


def _state(network: nn.Module) -> Tensors:
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def _stacked(states: list[Tensors]) -> Tensors:
    return {name: torch.stack([state[name].detach() for state in states]) for name in states[0]}


@contextmanager
def _mode(network: nn.Module, training: bool, frozen: Collection[str]) -> Iterator[None]:
    held = {network.get_submodule(name) for name in frozen}
    turned = [module for module in network.modules() if module.training != (training and module not in held)]
    for module in turned:
        module.training = not module.training
    try:
        yield
    finally:
        for module in turned:
            module.training = not module.training


def _check(found: Tensors, wanted: Tensors, networks: int) -> None:
    if odd := sorted(found.keys() ^ wanted.keys()):
        shown = ", ".join(odd[:9]) + (f", ... ({len(odd)} in all)" if len(odd) > 9 else "")
        raise ValueError(f"state: wanted the {len(wanted)} names of the network; missing or not known: {shown}")
    for name, t in found.items():
        if t.shape != (networks, *wanted[name].shape):
            wants = (networks, *wanted[name].shape)
            raise ValueError(f"state: wanted {name} of shape {wants}, found {tuple(t.shape)}")
