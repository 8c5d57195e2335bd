"""Optimisers on one flat tensor (networks, parameters) with a learning rate per network.

The updates equal `torch.optim`'s (tested); the first object of that module costs a job five seconds of imports.
"""

import torch


class SGD:
    """Stochastic gradient descent with momentum (Sutskever et al. 2013, as in `torch.optim.SGD`).

    Args:
        theta: Parameters (networks, parameters), changed in place.
        rates: Learning rate per network, (networks,).
        momentum: Share of the last step that is kept.
        weight_decay: Factor of the parameters added to the gradient.
    """

    def __init__(
        self, theta: torch.Tensor, rates: torch.Tensor, *, momentum: float = 0.0, weight_decay: float = 0.0
    ) -> None:
        self.theta, self.rates = theta, rates[:, None]
        self.momentum, self.weight_decay = momentum, weight_decay
        self.state = {"velocity": torch.zeros_like(theta)}

    def step(self, gradient: torch.Tensor) -> None:
        """Move the parameters along a gradient of their shape."""
        if self.weight_decay:
            gradient = gradient.add(self.theta, alpha=self.weight_decay)
        velocity = self.state["velocity"].mul_(self.momentum).add_(gradient)
        self.theta.addcmul_(velocity, self.rates, value=-1)


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1, as in `torch.optim.Adam`).

    Args:
        theta: Parameters (networks, parameters), changed in place.
        rates: Learning rate per network, (networks,).
        betas: Decay of the two moment estimates.
        eps: Added to the root of the second moment.
        weight_decay: Factor of the parameters added to the gradient.
    """

    def __init__(
        self,
        theta: torch.Tensor,
        rates: torch.Tensor,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.theta, self.rates = theta, rates[:, None]
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay
        self.state = {
            "first": torch.zeros_like(theta),
            "second": torch.zeros_like(theta),
            "steps": torch.zeros((), dtype=torch.int64),
        }

    def step(self, gradient: torch.Tensor) -> None:
        """Move the parameters along a gradient of their shape."""
        if self.weight_decay:
            gradient = gradient.add(self.theta, alpha=self.weight_decay)
        (beta1, beta2), state = self.betas, self.state
        state["steps"] += 1
        steps = int(state["steps"])
        state["first"].lerp_(gradient, 1 - beta1)
        state["second"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        scale = state["second"].sqrt().div_((1 - beta2**steps) ** 0.5).add_(self.eps)
        self.theta.addcmul_(state["first"] / scale, self.rates, value=-1 / (1 - beta1**steps))


OPTIMISERS = {"sgd": SGD, "adam": Adam}
