"""Multiple correlation: how much of single variables, such as the logit of a class, a layer holds linearly."""

from dataclasses import dataclass

import torch

from netspectra.measures import checks
from netspectra.measures.scatter import Activations, mean_of, project
from netspectra.measures.whitening import Whitened, whiten


@dataclass(frozen=True)
class MultipleCorrelation:
    """Of every target with the layer, shapes (targets,), float64.

    Attributes:
        value: R in [0, 1], the correlation with the best linear combination of the neurons.
        adjusted: The same after taking off what chance gives: R^2 of independent variables is rank / (samples - 1) on
            average, so 1 - (1 - R^2)(samples - 1) / (samples - 1 - rank), whose negative values count as 0.
        rank: Directions that the layer spans.
    """

    value: torch.Tensor
    adjusted: torch.Tensor
    rank: int


def multiple_correlation(x: Activations, targets: torch.Tensor, *, rtol: float = 1e-6) -> MultipleCorrelation:
    """Multiple correlation of each target with a layer.

    CCA of the layer with one variable has this one correlation. DFT-CCA of feature maps with a logit, a map of one
    pixel, is this with the channels' spatial means (SVCCA paper, section 4.3).

    Args:
        x: Activations (samples, neurons), or their whitening; spatial means of feature maps.
        targets: (samples, targets).
        rtol: Directions with singular values up to rtol times the largest are dropped.

    Raises:
        ValueError: Bad activations, different numbers of samples, a constant target, or no more samples than the layer
            has directions.
    """
    layer = x if isinstance(x, Whitened) else whiten(x, rtol=rtol)
    targets, mean = mean_of("targets", targets)
    checks.same_samples("x", layer.x, "targets", targets)
    freedom = layer.samples - 1 - layer.rank
    if freedom < 1:
        raise ValueError(f"x: wanted more samples than {layer.rank + 1} (directions and mean), found {layer.samples}")
    centred = targets.double() - mean
    sizes = centred.square().sum(0)
    if not bool((sizes > 0).all()):
        raise ValueError(f"targets: wanted values that vary, found target {int(sizes.argmin())} constant")
    share = ((project(layer, layer.basis).T @ centred).square().sum(0) / sizes).clamp(0, 1)
    adjusted = (1 - (1 - share) * (layer.samples - 1) / freedom).clamp(min=0)
    return MultipleCorrelation(share.sqrt(), adjusted.sqrt(), layer.rank)
