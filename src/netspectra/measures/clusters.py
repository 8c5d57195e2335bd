"""Whether a matrix of distances falls into given groups."""

from dataclasses import dataclass

import torch

from netspectra.measures import checks

# Distances of equal representations come out this near to zero.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Clustering:
    """How well groups show in a matrix of distances.

    Attributes:
        silhouettes: (R,), each in [-1, 1]; above 0 where the own group is nearer than the nearest other one.
        purity: Share of items whose nearest other item is of their own group.
        within: Mean distance of pairs of one group.
        between: Mean distance of pairs of two groups.
        apart: (groups,), mean distance of every group to all the others.
    """

    silhouettes: torch.Tensor
    purity: float
    within: float
    between: float
    apart: torch.Tensor

    @property
    def silhouette(self) -> float:
        """Mean over items (Rousseeuw 1987)."""
        return float(self.silhouettes.mean())


def clustering(distances: torch.Tensor, groups: torch.Tensor) -> Clustering:
    """Judge groups by a matrix of distances.

    Args:
        distances: (R, R), symmetric, with zero diagonal.
        groups: (R,), whole numbers; at least two groups of at least two items.

    Raises:
        ValueError: Not a symmetric matrix with zero diagonal, or groups that do not fit it.
    """
    matrix = _distances(distances)
    labels, codes = torch.unique(groups, return_inverse=True)
    if groups.shape != (len(matrix),) or len(labels) < 2 or int(codes.bincount().min()) < 2:
        raise ValueError(f"groups: wanted ({len(matrix)},) in two groups or more of two items or more, found {groups}")
    means = _means(matrix, codes)
    own = means.gather(1, codes[:, None])[:, 0]
    nearest = means.scatter(1, codes[:, None], torch.inf).min(1).values
    same, others = codes[:, None] == codes, ~torch.eye(len(matrix), dtype=torch.bool, device=matrix.device)
    closest = matrix.masked_fill(~others, torch.inf).argmin(1)
    return Clustering(
        silhouettes=(nearest - own) / torch.maximum(nearest, own),
        purity=float((codes[closest] == codes).double().mean()),
        within=float(matrix[same & others].mean()),
        between=float(matrix[~same].mean()),
        apart=torch.stack([matrix[codes == g][:, codes != g].mean() for g in range(len(labels))]),
    )


def profile_distances(distances: torch.Tensor) -> torch.Tensor:
    """Root mean square difference of two items' distances to all the rest, (R, R).

    Poorly determined networks are far from everything, themselves included: a matrix of d_ij near a_i + a_j hides
    groups that its rows show.

    Args:
        distances: (R, R), symmetric, with zero diagonal; three items or more.

    Raises:
        ValueError: Not such a matrix.
    """
    matrix = _distances(distances)
    if len(matrix) < 3:
        raise ValueError(f"distances: wanted three items or more, found {len(matrix)}")
    squares = (matrix[:, None] - matrix).square()
    items = torch.arange(len(matrix), device=matrix.device)
    squares[items, :, items] = 0  # an item's distance to itself says nothing of the other one
    squares[:, items, items] = 0
    profile = (squares.sum(-1) / (len(matrix) - 2)).sqrt()
    return profile.fill_diagonal_(0)


def _distances(distances: torch.Tensor) -> torch.Tensor:
    matrix = checks.symmetric("distances", distances)[0]
    if len(matrix) < 2 or float(matrix.diagonal().abs().max()) > ROUNDING:
        raise ValueError(f"distances: wanted two items or more, each 0 from itself, found {len(matrix)} items")
    return matrix


def _means(matrix: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """Mean distance of every item to the members of every group, itself left out, (R, groups)."""
    members = torch.nn.functional.one_hot(codes).double()
    return (matrix @ members) / (members.sum(0) - members)
