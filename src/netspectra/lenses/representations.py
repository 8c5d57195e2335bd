"""What networks represent, read over a whole data set, and how far it is from what they represent in the end."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import torch
from torch import nn

from netspectra.lenses.scoring import inputs_of
from netspectra.measures.compared import MEASURES, Comparison, Representation, compare, represent
from netspectra.measures.feature_maps import spatial_means
from netspectra.networks.flow import Inputs
from netspectra.networks.looking import looking
from netspectra.networks.places import read

Read = dict[str, torch.Tensor]


def representations(network: nn.Module, places: Iterable[str], batches: Iterable[Inputs]) -> Read:
    """What leaves the places over all batches, in evaluation mode, on the CPU.

    Args:
        network: Any module.
        places: Names of modules.
        batches: Inputs, alone or in pairs with labels.

    Returns:
        {place: (samples, ...)}: neurons, feature maps (samples, C, H, W), or states (samples, time, hidden).

    Raises:
        ValueError: No such place, or no batches.
    """
    names, parts = list(places), []
    with looking(network), torch.no_grad():
        for batch in batches:
            seen = read(network, inputs_of(batch), leaving=names, outputs=False).leaving
            parts.append({name: seen[name].cpu() for name in names})
    if not parts:
        raise ValueError("batches: wanted at least one, found none")
    return {name: torch.cat([part[name] for part in parts]) for name in names}


def neurons(x: torch.Tensor) -> torch.Tensor:
    """Activations as (rows, neurons): spatial means of feature maps, and every time step of a state as a row.

    Raises:
        ValueError: Other than two, three or four dimensions.
    """
    return x.flatten(0, 1) if x.ndim == 3 else spatial_means(x)


def represented(
    networks: Iterable[nn.Module], places: Sequence[str], batches: Sequence[Inputs]
) -> dict[str, list[Representation]]:
    """What leaves each place in every network, ready to be compared, {place: one per network}.

    Args:
        networks: Any modules that have the places.
        places: Names of modules.
        batches: As in `representations`, read once per network.
    """
    found: dict[str, list[Representation]] = {place: [] for place in places}
    for network in networks:
        for place, x in representations(network, places, batches).items():
            found[place].append(represent(neurons(x), name=place))
    return found


def pair_rows(distances: Mapping[str, torch.Tensor], **key: object) -> Iterator[dict]:
    """A row per measure and pair of networks, PWCCA in both directions too.

    Args:
        distances: As `compared.distance_matrices` gives them.
        key: What else stands in every row.
    """
    directed = distances["pwcca_directed"]
    both = {"pwcca_first": directed, "pwcca_second": directed.T}
    for measure, matrix in ({name: distances[name] for name in MEASURES} | both).items():
        values = matrix.tolist()
        for i, j in combinations(range(len(values)), 2):
            yield {**key, "measure": measure, "first": i, "second": j, "value": values[i][j]}


def distances_to(
    final: Mapping[str, torch.Tensor], earlier: Iterable[Mapping[str, torch.Tensor]]
) -> list[dict[str, Comparison]]:
    """Distances of every place at earlier times from the same place in the end, {place: Comparison} for each time.

    Args:
        final: As `representations` gives it.
        earlier: The same places on the same inputs, at other times of training.

    Raises:
        ValueError: Other places, or another number of samples.
    """
    ready = {name: represent(neurons(x), name=name) for name, x in final.items()}
    found = []
    for time in earlier:
        if set(time) != set(ready):
            raise ValueError(f"earlier: wanted the places {', '.join(ready)}, found {', '.join(time)}")
        found.append({name: compare(represent(neurons(time[name]), name=name), end) for name, end in ready.items()})
    return found


def along_sequence(states: torch.Tensor, *, rtol: float = 1e-6) -> list[Comparison]:
    """Distances of the states at every step of a sequence from those at the last step, (time,), sequences as samples.

    Args:
        states: (sequences, time, hidden).
        rtol: As in `compared.represent`.

    Raises:
        ValueError: Other dimensions, or states that do not vary over sequences.
    """
    if states.ndim != 3:
        raise ValueError(f"states: wanted (sequences, time, hidden), found {tuple(states.shape)}")
    steps = [represent(states[:, t], rtol=rtol, name=f"states[:, {t}]") for t in range(states.shape[1])]
    return [compare(step, steps[-1]) for step in steps]
