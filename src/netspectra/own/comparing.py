"""Comparing recorded activations: similarities with their floor and a null in which whole inputs change places."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch

from netspectra.measures.moments import Moments
from netspectra.own import pairs
from netspectra.own.pairs import Side
from netspectra.own.permuting import Ready, nulls, orders
from netspectra.own.recorded import Activations, Rows, as_activations

BY = ("cca", "svcca", "pwcca", "cka")
COLUMNS = ("first", "second", "measure", "value", "floor", "null_mean", "null_high", "calibrated", "p")
CHUNK = 2**22
Pairs = list[tuple[str, str]]


def compare(
    acts: object,
    other_acts: object,
    *,
    by: Sequence[str] = BY,
    null: str | None = "permute",
    permutations: int = 200,
    pairs_of: str = "auto",
    seed: int = 0,
) -> pd.DataFrame:
    """Similarities of recorded layers on the same inputs, with what unrelated layers would give.

    Args:
        acts: What `Wrapped.record` gave, a mapping of matrices by layer, or one matrix (samples, neurons).
        other_acts: The same, of the same inputs in the same order.
        by: Measures among cca (mean correlation), svcca (of the directions that hold 99 % of the variance), pwcca
            (weights of the first), cka, cka_debiased and procrustes.
        null: "permute" draws a null by permuting the inputs of the second layer, all rows of an input together; None
            draws none.
        permutations: How many; all pairs undergo the same ones.
        pairs_of: "same" compares layers of one name, "all" every layer with every other, "auto" the first where all
            names agree.
        seed: Of the permutations.

    Returns:
        A row per pair and measure: first, second, measure, value; floor, the mean under Wachter's law for as many
        samples as there are inputs (cca and svcca); null_mean, null_high (95th percentile), calibrated (what lies
        beyond it, of what could) and p. Last, where there are several pairs, "maximum": the largest value over all
        pairs against its own null.

    Raises:
        ValueError: An unknown measure or null, or layers that were recorded on other inputs or tokens.
    """
    pairs.check_measures(by)
    if null not in ("permute", None):
        raise ValueError(f"null: wanted 'permute' or None, found {null!r}")
    first, second = as_activations(acts, "acts"), as_activations(other_acts, "other_acts")
    chosen = _chosen(first, second, pairs_of)
    inputs = _same_inputs(first, second, chosen)
    sides = {
        (i, name): side_of(part[name], name) for i, part in enumerate((first, second)) for name in _used(chosen, i)
    }
    seen = {f"{a} | {b}": _seen(first[a], second[b], sides[0, a], sides[1, b], by) for a, b in chosen}
    worth = len(np.unique(inputs))
    found = {}
    if null:
        drawn = orders(torch.from_numpy(inputs), permutations, torch.Generator().manual_seed(seed))
        ready = {
            (i, name): Ready(side, scores_of(part[name], side))
            for i, part in enumerate((first, second))
            for (j, name), side in sides.items()
            if i == j
        }
        found = nulls({f"{a} | {b}": (ready[0, a], ready[1, b]) for a, b in chosen}, seen, drawn, by)
    return pd.DataFrame(_rows(chosen, seen, sides, worth, found), columns=list(COLUMNS))


def side_of(rows: Rows, name: str) -> Side:
    """Summary of a layer, read chunk by chunk.

    Raises:
        ValueError: NaN or infinity, fewer than two rows, or activations that never vary; names the layer.
    """
    moments = Moments(rows.neurons)
    try:
        for chunk in rows.chunks(CHUNK):
            moments.update(chunk)
        scatter = moments.covariance() * (moments.count - 1)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if not float(scatter.diagonal().max()) > 1e-20 * float(moments.mean.square().max()) * moments.count:
        raise ValueError(f"{name}: wanted activations that vary, found all {rows.neurons} neurons constant")
    fourth = sum(float((c.double() - moments.mean).square().sum(1).square().sum()) for c in rows.chunks(CHUNK))
    return Side(name, moments.count, moments.mean, scatter, fourth)


def scores_of(rows: Rows, side: Side) -> torch.Tensor:
    """Whitened activations, (rows, rank), float32."""
    return torch.cat([((chunk.double() - side.mean) @ side.basis).float() for chunk in rows.chunks(CHUNK)])


def _seen(x: Rows, y: Rows, first: Side, second: Side, by: Sequence[str]) -> dict[str, float]:
    whitened, norms = 0.0, 0.0
    numbers = CHUNK // max(x.neurons, y.neurons)
    for a, b in zip(x.chunks(numbers * x.neurons), y.chunks(numbers * y.neurons), strict=True):
        a, b = a.double() - first.mean, b.double() - second.mean
        whitened = whitened + (a @ first.basis).T @ (b @ second.basis)
        norms += float(a.square().sum(1) @ b.square().sum(1))
    return pairs.similarities(first, second, whitened, norms, by)


def _chosen(first: Activations, second: Activations, pairs_of: str) -> Pairs:
    if pairs_of not in ("auto", "same", "all"):
        raise ValueError(f"pairs_of: wanted auto, same or all, found {pairs_of!r}")
    both = [name for name in first if name in second]
    if pairs_of == "same" or (pairs_of == "auto" and len(both) == len(first) == len(second)):
        if not both:
            raise ValueError(f"other_acts: wanted a layer among {', '.join(first)}, found {', '.join(second)}")
        return [(name, name) for name in both]
    return [(a, b) for a in first for b in second]


def _used(chosen: Pairs, which: int) -> list[str]:
    return list(dict.fromkeys(pair[which] for pair in chosen))


def _same_inputs(first: Activations, second: Activations, chosen: Pairs) -> np.ndarray:
    wanted = first[chosen[0][0]].inputs
    for which, acts in enumerate((first, second)):
        for name in _used(chosen, which):
            if not np.array_equal(acts[name].inputs, wanted):
                raise ValueError(
                    f"{name}: wanted rows of the same inputs for all layers, found {len(acts[name])} rows of other "
                    f"inputs than the {len(wanted)} of {chosen[0][0]}; record with tokens='mean' or 'last', on one "
                    "loader that does not shuffle"
                )
    return wanted


def _rows(chosen: Pairs, seen: dict, sides: dict, worth: int, found: dict) -> Iterator[tuple]:
    for a, b in chosen:
        name = f"{a} | {b}"
        floors = pairs.floors(worth, sides[0, a], sides[1, b])
        for measure, value in seen[name].items():
            yield a, b, measure, value, floors.get(measure, np.nan), *_null(found.get(name, {}).get(measure))
    for measure, null in found.get("maximum", {}).items():
        yield "maximum", "", measure, null.value, np.nan, *_null(null)


def _null(null: object) -> tuple[float, float, float, float]:
    if null is None:
        return (np.nan,) * 4
    return float(null.draws.mean()), null.threshold, null.calibrated, null.p_value
