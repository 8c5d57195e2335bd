"""How much of the variance alignment explains between networks, with controls: metrics of rainbow_alignment."""

from collections.abc import Sequence

import numpy as np
import torch

from netspectra.lenses.hidden import JointMoments
from netspectra.measures import procrustes
from netspectra.statistics.estimates import of_pairs
from netspectra.statistics.intervals import Metrics
from netspectra.statistics.pairs import pairs
from netspectra.statistics.predictions import of_single_pair
from netspectra.statistics.scales import Scale, bounds_of


def add_correlations(
    metrics: Metrics,
    prefix: str,
    aligned: dict[tuple[int, int], torch.Tensor],
    uncentred: torch.Tensor,
    centred: torch.Tensor,
    held_out: torch.Tensor,
) -> dict[str, list[float]]:
    """Add r and the shares of variance explained, centred or not, in training or held out; return all pairs'."""
    found: dict[str, list[float]] = {}
    for (i, j), a in aligned.items():
        # The inner product of A with the cross-covariance that it comes from is tr S: no further decomposition.
        own = procrustes.align(centred[i, j])
        for ending, blocks, given in (("", uncentred, a), ("centred", centred, own), ("test", held_out, a)):
            moments = blocks[i, j], blocks[i, i], blocks[j, j]
            _put(found, "r", ending, procrustes.correlation(*moments, alignment=given))
            _put(found, "explained", ending, procrustes.explained_variance(*moments, alignment=given))
            unscaled = procrustes.explained_variance(*moments, alignment=given, rescale=False)
            _put(found, "explained_unscaled", ending, unscaled)
        _put(found, "r", "overfit", found["r"][-1] - found["r_test"][-1])
    for name, values in found.items():
        estimate_of_pairs(metrics, f"{prefix}_{name}", values, len(held_out), scale_of(name))
    metrics.put(f"{prefix}_r_one_pair", of_single_pair(np.clip(found["r"], -1, 1), pairs(len(held_out)), "fisher_z"))
    metrics.number(f"{prefix}_r_of_drawn_pair", found["r"][0])
    return found


def scale_of(name: str) -> Scale:
    """The scale that keeps the bounds of a correlation, of a share, or of what may fall without bound."""
    if name.startswith("r"):
        return "fisher_z"
    return (-np.inf, 1.0) if "unscaled" in name else "logit"


def estimate_of_pairs(metrics: Metrics, name: str, values: Sequence[float], networks: int, scale: Scale) -> None:
    """Add the mean over all pairs, with the interval of a jackknife over networks."""
    values = np.clip(np.asarray(values, dtype=float), *bounds_of(scale))  # round-off may go beyond a bound
    metrics.put(name, of_pairs(values, pairs(networks), scale=scale))


def add_overfit(metrics: Metrics, prefix: str, blocks: torch.Tensor, held_out: torch.Tensor) -> None:
    """Training less held-out r where one batch alone aligns: what overfitting looks like."""
    values = []
    for i, j in pairs(len(blocks)):
        a = procrustes.align(blocks[i, j])
        own, other = ((b[i, j], b[i, i], b[j, j]) for b in (blocks, held_out))
        values.append(procrustes.correlation(*own, alignment=a) - procrustes.correlation(*other, alignment=a))
    estimate_of_pairs(metrics, f"{prefix}_r_overfit", values, len(blocks), (-1, 1))


def add_mismatched(metrics: Metrics, kind: str, moments: dict[int, JointMoments]) -> None:
    """What r and the share explained are where the two networks never see the same image: the control."""
    r = []
    for number, found in moments.items():
        blocks = found.blocks(False)
        r.append(
            np.array([procrustes.correlation(blocks[i, j], blocks[i, i], blocks[j, j]) for i, j in pairs(len(blocks))])
        )
        estimate_of_pairs(metrics, f"{kind}_{number}_r_mismatched", r[-1], len(blocks), "fisher_z")
        estimate_of_pairs(metrics, f"{kind}_{number}_explained_mismatched", r[-1] ** 2, len(blocks), "logit")
    estimate_of_pairs(metrics, f"{kind}_r_fall_mismatched", r[0] - r[-1], found.networks, (-1, 1))


def _put(found: dict[str, list[float]], name: str, ending: str, value: float) -> None:
    found.setdefault(f"{name}_{ending}".rstrip("_"), []).append(value)
