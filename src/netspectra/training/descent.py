"""Descent: the parameters of R networks as one flat tensor, and the steps that an optimiser makes on it."""

from collections.abc import Sequence

import torch

from netspectra.training.optimisers import OPTIMISERS
from netspectra.training.schedules import shares

Tensors = dict[str, torch.Tensor]


class Descent:
    """Parameters in training.

    Args:
        parameters: Where they start, (R, ...) by name; copied.
        optimiser: Block of params.yaml; its rate is not used.
        rates: Learning rate of each network.
        schedule: Block of params.yaml: what share of its rate a network learns with, by share of training.
        clip: Greatest norm of a network's gradient, or None.
    """

    def __init__(
        self, parameters: Tensors, optimiser: dict, rates: Sequence[float], schedule: dict, clip: float | None
    ) -> None:
        self.shapes = {name: p.shape for name, p in parameters.items()}
        self.theta = torch.cat([p.flatten(1) for p in parameters.values()], 1)
        self.gradient = torch.empty_like(self.theta)
        self.rates, self.share, self.clip = torch.tensor(rates, device=self.theta.device), shares(schedule), clip
        options = {key: value for key, value in optimiser.items() if key not in ("name", "rate")}
        self.optimiser = OPTIMISERS[optimiser["name"]](self.theta, self.rates, **options)

    @property
    def parameters(self) -> Tensors:
        """Views of the parameters; writing to them changes the networks."""
        return {name: t.view(self.shapes[name]) for name, t in self._columns(self.theta).items()}

    @property
    def state(self) -> Tensors:
        """The tensors that change as networks train."""
        return {"theta": self.theta, **{f"optimiser/{name}": t for name, t in self.optimiser.state.items()}}

    def step(self, gradients: Tensors, networks: torch.Tensor | None, done: float) -> None:
        """Move along the gradients; whatever has none keeps its bits, in the optimiser's memory too.

        Args:
            gradients: By name, (networks, ...).
            networks: Indices of the networks that they belong to; None for all.
            done: Share of training that is done.
        """
        whole = networks is None and gradients.keys() == self.shapes.keys()
        if whole:
            torch.cat([g.flatten(1) for g in gradients.values()], 1, out=self.gradient)
        else:
            moving = self._spread(gradients, networks)
            before = {name: t.clone() for name, t in self.state.items()}
        if self.clip is not None:
            self._clip(self.clip)
        self.optimiser.rates = (self.rates * self.share(done))[:, None]
        self.optimiser.step(self.gradient)
        if not whole:
            for name, t in self.state.items():
                if t.shape == moving.shape:
                    torch.where(moving, t, before[name], out=t)

    def _spread(self, gradients: Tensors, networks: torch.Tensor | None) -> torch.Tensor:
        """Write the gradients where they belong, and say where that is."""
        self.gradient.zero_()
        moving = torch.zeros_like(self.gradient, dtype=torch.bool)
        into, mask = self._columns(self.gradient), self._columns(moving)
        chosen = slice(None) if networks is None else networks
        for name, g in gradients.items():
            into[name][chosen] = g.flatten(1)
            mask[name][chosen] = True
        return moving

    def _clip(self, norm: float) -> None:
        norms = torch.linalg.vector_norm(self.gradient, dim=1, keepdim=True)
        self.gradient.mul_((norm / (norms + 1e-6)).clamp_(max=1))  # as torch.nn.utils.clip_grad_norm_ has it

    def _columns(self, flat: torch.Tensor) -> Tensors:
        parts = flat.split([shape[1:].numel() for shape in self.shapes.values()], 1)
        return dict(zip(self.shapes, parts, strict=True))
