"""Similarity of layers: which pairs, which sums and held activations they need, and their numbers."""

from collections.abc import Iterator, Sequence

from netspectra.own import similarity
from netspectra.own.joint import Held, JointSums
from netspectra.own.look import CAUGHT, SUMS, Look, width_of
from netspectra.own.similarity import Pair, Together
from netspectra.own.spots import Map, met
from netspectra.own.streaming import Lost, stream

HELD = 0.2  # of the memory, which activations that are held for a null may have


def against(look: Look) -> None:
    """Similarity of every layer with the same layer of other networks."""
    together = Together([look.net.model, *look.against])
    found = met(together, next(iter(look.source)))
    modules = {spot.place: spot.layer.module for spot in found.spots}
    joint, wanted = [], []
    for place in look.where.places:
        for number in range(1, len(look.against) + 1):
            first, second = f"0.{place}", f"{number}.{place}"
            if first not in found.places or second not in found.places:
                look.skip(place, "against", f"network {number} of against has no such layer, or does not call it")
                continue
            sides = {name: (modules[name], width_of(found, modules, name)) for name in (first, second)}
            joint.append(JointSums(sides, look.tokens or "mean"))
            wanted.append(Pair("against", place, first, second, number - 1))
    held = list(held_sums(look, modules, wanted, found)) if look.null else []
    lost = stream(together, look.source, [*joint, *held], SUMS * look.net.memory, look.say)
    compared(look, joint, wanted, held, lost, "against")


def within(look: Look, budget: float) -> tuple[list[JointSums], list[Pair]]:
    """Joint sums of all places, or of neighbours where those are too many, and the pairs of places."""
    places, tokens = look.where.places, look.tokens or "mean"
    sides = {place: (look.modules[place], width_of(look.where, look.modules, place)) for place in places}
    every = [Pair("similarity", a, a, b, places.index(b)) for i, a in enumerate(places) for b in places[i + 1 :]]
    if not every:
        look.skip("", "similarity", "it compares layers, and there is only one")
        return [], []
    whole = JointSums(sides, tokens)
    if whole.bytes <= budget:
        return [whole], every
    look.notes.append("similarity: the memory does not hold all layers at once, so only neighbours are compared")
    near = [pair for pair in every if pair.x == places.index(pair.first) + 1]
    return [JointSums({n: sides[n] for n in (p.first, p.second)}, tokens) for p in near], near


def held_sums(look: Look, modules: dict, wanted: Sequence[Pair], found: Map | None = None) -> Iterator[Held]:
    """Activations for the null: of neighbours within the network, of all pairs with another."""
    found = found or look.where
    names = list(dict.fromkeys(name for pair in _nulled(wanted) for name in (pair.first, pair.second)))
    total = sum(width_of(found, modules, name) for name in names)
    for name in names:
        limit = HELD * look.net.memory * width_of(found, modules, name) / total
        yield Held(name, modules[name], look.tokens or "mean", limit)


def _nulled(wanted: Sequence[Pair]) -> list[Pair]:
    """Pairs whose null is drawn: of neighbours, as each takes as long as two hundred comparisons."""
    order = list(dict.fromkeys(name for pair in wanted for name in (pair.first, pair.second)))
    return [p for p in wanted if p.lens == "against" or order.index(p.second) == order.index(p.first) + 1]


def compared(look: Look, joint: list[JointSums], wanted: list[Pair], held: list[Held], lost: Lost, lens: str) -> None:
    """Take the numbers of all pairs, with the null of those whose activations are held; or the reason why not."""
    kept = {one.layer: one.rows() for one in held if not lost.of(one) and one.parts}
    for one in (one for one in held if lost.of(one)):
        look.skip(one.layer, f"{lens} null", lost.of(one))
    values, sides = {}, {}
    for sums in joint:
        try:
            if lost.of(sums):
                raise ValueError(lost.of(sums))
            _measure(look, sums, wanted, lens, sides, values)
        except CAUGHT as error:
            look.skip(sums.layer if len(joint) > 1 else "", lens, str(error))
    nulled = [pair for pair in _nulled(wanted) if pair in values]
    found: dict = {}
    try:
        found = similarity.null_of(nulled, sides, kept, values, look.null, look.say)
    except CAUGHT as error:
        look.skip("", f"{lens} null", str(error))
    look.rows += list(similarity.pair_rows(values, sides, found))


def _measure(look: Look, sums: JointSums, wanted: list[Pair], lens: str, sides: dict, values: dict) -> None:
    """Similarities of the pairs that these sums are of, without layers that never vary."""
    for place, why in sums.lost.items():
        look.skip(place, lens, why)
    own = similarity.sides_of(sums)
    dead = {n for n, side in own.items() if not side.total > 1e-20 * float(side.mean.square().sum()) * side.samples}
    for name in dead - set(sums.lost):
        look.skip(name, lens, "what leaves it never varies")
    usable = set(own) - dead - set(sums.lost)
    pairs = [pair for pair in wanted if pair.first in usable and pair.second in usable]
    sides.update({name: own[name] for name in usable})
    values.update(similarity.seen(sums, own, pairs))
    sums.moments = None  # what is left of them is in the sides
