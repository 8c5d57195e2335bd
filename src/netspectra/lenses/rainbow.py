"""Rainbow networks: random weights with the covariances of a trained network, aligned to it layer by layer.

Rainbow document, "Do the covariances really encode all the information"; Guth, Ménard, Rochette and Mallat 2023.
"""

import copy
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from netspectra.lenses.scoring import inputs_of
from netspectra.measures import checks, procrustes
from netspectra.measures.eigenspectra import enough_samples
from netspectra.measures.rainbow import draw_channels, draw_rows
from netspectra.networks.layers import weight_layer
from netspectra.networks.layouts import DROPOUT, ELEMENTWISE, POOLING, unflattened
from netspectra.networks.looking import looking
from netspectra.networks.places import chain, plain, read
from netspectra.networks.rows import neurons_last

Batches = Iterable[torch.Tensor | Sequence[torch.Tensor]]
SUPPORTED = "chain of Linear and Conv2d (groups=1), each used once, activations, pooling, Dropout and Flatten"


@dataclass(frozen=True)
class Recipe:
    """How one network is drawn.

    Attributes:
        width: Nodes of every drawn layer, as a multiple of the reference's. Layers that are not drawn keep theirs.
        sampled: Layers to draw, all but the last when None; the others keep the trained weights, aligned.
        others: More trained networks; the covariances are then averaged over the reference and these, aligned to it.
        isotropic: Draw with the trace of the covariances only: a control that has forgotten their directions.
        flat: Align feature maps that are flattened into a linear layer as the vectors that enter it, channels times
            positions, as the document's code does; else by channel, as its text says.
        spatial: Keep the spatial filters of convolutions and draw their channels (`measures.rainbow.draw_channels`).
        aligned: Whether to align at all: a control that leaves every layer in the reference's space when False.
    """

    width: float = 1.0
    sampled: Sequence[str] | None = None
    others: Sequence[nn.Module] = ()
    isotropic: bool = False
    flat: bool = False
    spatial: bool = False
    aligned: bool = True


def generate(
    reference: nn.Module,
    batches: Batches,
    generator: torch.Generator | None = None,
    *,
    width: float = 1.0,
    sampled: Sequence[str] | None = None,
    others: Sequence[nn.Module] = (),
    isotropic: bool = False,
    flat: bool = False,
    spatial: bool = False,
    aligned: bool = True,
) -> nn.Module:
    """One rainbow network: `generate_many` with one `Recipe` of these attributes."""
    recipe = Recipe(width, sampled, others, isotropic, flat, spatial, aligned)
    return generate_many(reference, batches, [recipe], generator)[0]


def generate_many(
    reference: nn.Module, batches: Batches, recipes: Sequence[Recipe], generator: torch.Generator | None = None
) -> list[nn.Module]:
    """Draw networks whose weights are Gaussian with the reference's covariances; the last layer keeps trained weights.

    Layer by layer: draw the weights, W~ A for what enters the layer (nothing to align at the first one), then align
    what the new layer gives out with the reference, A = `procrustes.align`(E[phi phi~']). Feature maps align by
    channel, with positions as samples, also where they are flattened into a linear layer, unless a recipe asks for the
    flat form; `others` align by channel. A bias is one more weight, on a constant input that needs no alignment. All
    networks are drawn side by side in the same passes over the data and share the reference's activations.

    Args:
        reference: Trained network: a chain of the layers in `SUPPORTED`.
        batches: Training inputs, alone or first in a tuple; passed over once per layer, so a list or a loader.
        recipes: One per network.
        generator: Source of the draws, on the CPU; draw i is the same however many follow.

    Returns:
        Networks in evaluation mode, with the reference's names.

    Raises:
        ValueError: A network that is no such chain (names the module in the way), an unknown layer or one without
            weights, the last layer among those sampled, a width that leaves no node or is not 1 without alignment, both
            isotropic and spatial, or batches that can be read only once.

    Warns:
        UserWarning: Fewer samples than neurons to align.
    """
    names = _weighted(reference)
    sampled = [_sampled(names, recipe.sampled) for recipe in recipes]
    for recipe in recipes:
        _check(recipe)
    if iter(batches) is batches:
        raise ValueError("batches: wanted a list or loader that can be read once per layer, found a one-time iterator")
    seeds = torch.randint(2**62, (len(recipes),), generator=generator)
    sources = [torch.Generator().manual_seed(int(seed)) for seed in seeds]
    reference = _copy(reference)
    networks = [_copy(reference) for _ in recipes]
    pool = {id(other): other for recipe in recipes for other in recipe.others}
    with looking(*pool.values()):
        channels = [False] * len(pool)
        to_pool = _alignments(reference, list(pool.values()), batches, names[1:], channels)
        to_others = dict(zip(pool, to_pool, strict=True))
    turning = [i for i, recipe in enumerate(recipes) if recipe.aligned]
    for name in names:
        entered, forms = [networks[i] for i in turning], [recipes[i].flat for i in turning]
        found = _alignments(reference, entered, batches, [name] if name != names[0] else [], forms)
        to_networks = dict(zip(turning, found, strict=True))
        own = _rows(reference, name)
        for i, recipe in enumerate(recipes):
            rows = own
            if name in sampled[i]:
                rows = _drawn(_pooled(own, recipe.others, to_others, name), recipe, reference, name, sources[i])
            _replace(networks[i].get_submodule(name), rows, to_networks.get(i, {}).get(name))
    return networks


def _check(recipe: Recipe) -> None:
    if not recipe.aligned and recipe.width != 1:
        raise ValueError(
            f"width: wanted 1 without alignment, which would fit the layers together, found {recipe.width}"
        )
    if recipe.isotropic and recipe.spatial:
        raise ValueError("isotropic, spatial: wanted one of them at most, found both")


def _drawn(
    rows: torch.Tensor, recipe: Recipe, reference: nn.Module, name: str, source: torch.Generator
) -> torch.Tensor:
    layer = reference.get_submodule(name)
    nodes = _nodes(name, len(layer.weight), recipe.width)
    if not (recipe.spatial and isinstance(layer, nn.Conv2d)):
        return draw_rows(rows, nodes, source, recipe.isotropic)
    inputs = rows.shape[1] - (layer.bias is not None)
    drawn = draw_channels(rows[:, :inputs], layer.in_channels, nodes, source)
    return torch.cat([drawn, rows[torch.arange(nodes) % len(rows), inputs:]], 1)  # a bias stays with its filters


def _weighted(network: nn.Module) -> list[str]:
    """Names of the layers with weights of a network that can be drawn."""
    names, seen = [], set()
    for name, stage in chain(network):
        weighted = plain(stage, nn.Linear, nn.Conv2d) and getattr(stage, "groups", 1) == 1
        own = weighted and "weight" in stage._parameters and id(stage.weight) not in seen
        flat = plain(stage, nn.Flatten) and (stage.start_dim, stage.end_dim) == (1, -1)
        if not (own or flat or plain(stage, *ELEMENTWISE, *POOLING, *DROPOUT)):
            found = f"{name}: {stage}" if name else type(stage).__name__
            raise ValueError(f"network: wanted a {SUPPORTED}, found {found}")
        if own:
            names.append(name)
            seen.add(id(stage.weight))
    if not names:
        raise ValueError("network: wanted at least one layer with weights, found none")
    return names


def _copy(network: nn.Module) -> nn.Module:
    """A copy to evaluate; channels last make a convolution of few channels up to 20 times faster on a CPU."""
    return copy.deepcopy(network).eval().requires_grad_(False).to(memory_format=torch.channels_last)


def _sampled(names: list[str], sampled: Sequence[str] | None) -> set[str]:
    chosen = names[:-1] if sampled is None else list(sampled)
    if unknown := [name for name in chosen if name not in names[:-1]]:
        raise ValueError(
            f"sampled: wanted layers with weights before the last ({', '.join(names[:-1])}), found {unknown[0]!r}"
        )
    return set(chosen)


def _nodes(name: str, trained: int, width: float) -> int:
    nodes = round(trained * width)
    if nodes < 1:
        raise ValueError(f"width: wanted at least one node in layer {name}, found {width} x {trained}")
    return nodes


def _rows(network: nn.Module, name: str) -> torch.Tensor:
    """Weights of a layer's nodes, (nodes, d), with the bias as a last column where there is one; float64."""
    layer = weight_layer(network, name)
    weight = checks.finite(f"weight of {name}", layer.weight()).double()
    bias = layer.module.bias
    return weight if bias is None else torch.cat([weight, bias.detach().double()[:, None]], 1)


def _pooled(
    own: torch.Tensor, others: Sequence[nn.Module], to_others: dict[int, dict[str, torch.Tensor]], name: str
) -> torch.Tensor:
    """Rows of all networks in the reference's input space."""
    pooled = [own]
    for other in others:
        alignment = to_others[id(other)].get(name)
        rows = _rows(other, name)
        if rows.shape != own.shape:
            raise ValueError(f"others: wanted layer {name} of the reference's shape, found {tuple(rows.shape)}")
        pooled.append(rows if alignment is None else _turn(rows, alignment.T, other.get_submodule(name)))
    return torch.cat(pooled)


def _turn(rows: torch.Tensor, matrix: torch.Tensor, layer: nn.Linear | nn.Conv2d) -> torch.Tensor:
    """Multiply the channels of the input, (C, D) from the right; a bias in the last column stays."""
    inputs = rows.shape[1] - (layer.bias is not None)
    weights = rows[:, :inputs].unflatten(1, (len(matrix), -1))
    return torch.cat([torch.einsum("ncr,cd->ndr", weights, matrix).flatten(1), rows[:, inputs:]], 1)


def _replace(layer: nn.Linear | nn.Conv2d, rows: torch.Tensor, alignment: torch.Tensor | None) -> None:
    """Give a layer these nodes, turned into the space of what enters it."""
    if alignment is not None:
        # A wider layer below has a larger norm; undoing it keeps the logits at the reference's scale.
        rows = _turn(rows, alignment * math.sqrt(alignment.shape[0] / alignment.shape[1]), layer)
    rows = rows.to(layer.weight)
    if layer.bias is not None:
        rows, bias = rows[:, :-1], rows[:, -1]
        layer.bias = nn.Parameter(bias.clone(), requires_grad=False)
    weight = rows.unflatten(1, (-1, *layer.weight.shape[2:]))
    layer.weight = nn.Parameter(weight, requires_grad=False)
    layer.to(memory_format=torch.channels_last)
    sizes = ("out_channels", "in_channels") if isinstance(layer, nn.Conv2d) else ("out_features", "in_features")
    for size, value in zip(sizes, weight.shape[:2], strict=True):
        setattr(layer, size, value)


def _alignments(
    reference: nn.Module, networks: Sequence[nn.Module], batches: Batches, names: list[str], flat: Sequence[bool]
) -> list[dict[str, torch.Tensor]]:
    """A per network and layer, from E[phi phi~'] of what enters the layer, in one pass over the data."""
    crosses: list[dict[str, torch.Tensor]] = [{} for _ in networks]
    if not names or not networks:
        return crosses
    seen = {(form, name): 0 for form in flat for name in names}
    with torch.no_grad():
        for batch in batches:
            wanted = {form: _entering(reference, inputs_of(batch), names, form) for form in set(flat)}
            for form, name in seen:
                seen[form, name] += len(wanted[form][name])
            for cross, network, form in zip(crosses, networks, flat, strict=True):
                for name, found in _entering(network, inputs_of(batch), names, form).items():
                    cross[name] = cross.get(name, 0) + (wanted[form][name].T @ found).double()
    forms = zip(crosses, flat, strict=True)
    return [{name: _aligned(cross[name], seen[form, name]) for name in names} for cross, form in forms]


def _entering(network: nn.Module, x: torch.Tensor, names: list[str], flat: bool) -> dict[str, torch.Tensor]:
    """What enters layers, (samples, neurons); positions of feature maps are samples, unless taken flat."""
    places = {name: name if flat else unflattened(network, name) for name in names}
    entering = read(network, x, places.values(), outputs=False).entering
    return {name: neurons_last(entering[place]) for name, place in places.items()}


def _aligned(cross: torch.Tensor, samples: int) -> torch.Tensor:
    enough_samples(samples, min(cross.shape))
    return procrustes.align(cross / samples)
