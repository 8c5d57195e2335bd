"""One network under every lens: which sums are wanted, one after the other, and what cannot be had, with the reason."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from torch import nn

from netspectra.networks.layouts import CHANNELS_SECOND
from netspectra.networks.places import computes
from netspectra.own import aligning, curves, generation, similarity, spectra, subspace
from netspectra.own.applying import numbers_of, reasons
from netspectra.own.batches import Source
from netspectra.own.rows import weights_problem
from netspectra.own.similarity import Pair, Together
from netspectra.own.spots import Map, met
from netspectra.own.streaming import Collector, Lost, stream
from netspectra.own.sums import ActivationSums, Held, InputSums, JointSums, block_count
from netspectra.own.tasks import NO_LABELS, Task
from netspectra.own.tidy import Row
from netspectra.own.wrapped import Wrapped

SUMS, HELD = 0.4, 0.2  # of the memory: sums that are taken together, and activations that are held for a null
CAUGHT = (ValueError, RuntimeError, NotImplementedError, TypeError)


@dataclass
class Look:
    """What is wanted of one network, and what was found.

    Attributes:
        net: The network.
        source: Its data.
        where: Which layers these reach.
        against: Other networks.
        null: Permutations.
        tokens: Which rows count; None for all, and for the mean of an input where layers are compared.
        curve_samples: Inputs of the lenses of accuracy.
        loss: Of the active subspace and the attack.
        say: Told what comes next.
        rows: Of the table.
        skipped: (layer, lens, why).
        notes: What a reader must know.
    """

    net: Wrapped
    source: Source
    where: Map
    against: Sequence[nn.Module] = ()
    null: int = 200
    tokens: str | None = None
    curve_samples: int = 256
    loss: str = "cross_entropy"
    say: Callable[[str], None] = lambda text: None
    rows: list[Row] = field(default_factory=list)
    skipped: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The module at every place."""
        return {spot.place: spot.layer.module for spot in self.where.spots}

    def skip(self, layer: str, lens: str, why: str) -> None:
        """A layer that a lens leaves out."""
        if (layer, lens, why) not in self.skipped:
            self.skipped.append((layer, lens, why))

    def add(self, layer: str, lens: str, rows: Callable[[], Iterable[Row]]) -> None:
        """Take the rows of one layer; where there is an error, it is the reason why they are not there."""
        try:
            self.rows += list(rows())
        except CAUGHT as error:
            self.skip(layer, lens, str(error).splitlines()[0])


def streamed(look: Look, lenses: Sequence[str]) -> None:
    """Alignment, spectra and similarity within the network, in as few passes as the memory allows."""
    budget = SUMS * look.net.memory
    aligned = list(_input_sums(look)) if "alignment" in lenses else []
    spectral = list(_activation_sums(look, budget)) if "spectra" in lenses else []
    joint, wanted = _within(look, budget) if "similarity" in lenses else ([], [])
    held = list(_held(look, look.modules, wanted)) if joint and look.null else []
    lost = stream(look.net.model, look.source, [*spectral, *aligned, *joint, *held], budget, look.say)
    for sums in aligned:
        _take(look, sums, lost, lambda sums=sums: aligning.alignment_rows(sums))
    for sums in spectral:
        _take(look, sums, lost, lambda sums=sums: spectra.activation_rows(sums))
        _note_few(look, sums, lost)
    if "spectra" in lenses:
        _weights(look)
    _compare(look, joint, wanted, held, lost, "similarity")


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
            sides = {name: (modules[name], _width(found, modules, name)) for name in (first, second)}
            joint.append(JointSums(sides, look.tokens or "mean"))
            wanted.append(Pair("against", place, first, second, number - 1))
    held = list(_held(look, modules, wanted, found)) if look.null else []
    lost = stream(together, look.source, [*joint, *held], SUMS * look.net.memory, look.say)
    _compare(look, joint, wanted, held, lost, "against")


def accuracies(look: Look, lenses: Sequence[str]) -> None:
    """The lenses of accuracy: clipping, pruning and attack, on some of the inputs, and rainbow generation."""
    task = Task(look.net.model, look.source.up_to(look.curve_samples))
    for lens, step in {"clipping": _clip, "pruning": _prune, "attack": _attack, "rainbow": _rainbow}.items():
        if lens not in lenses:
            continue
        if task.problem and not (lens == "attack" and look.loss == "bce" and task.problem != NO_LABELS):
            look.skip("", lens, task.problem)
        else:
            look.say(f"{lens} on {look.curve_samples} inputs at most")
            step(look, task)


def subspaces(look: Look) -> None:
    """The active subspace of the loss, of the parameters of the last module."""
    task = Task(look.net.model, look.source.up_to(subspace.SAMPLES))
    if task.problem and (look.loss == "cross_entropy" or task.problem == NO_LABELS):
        look.skip("", "active_subspace", task.problem)
        return
    look.say("gradients of the loss by the parameters of the last layer")
    look.add("", "active_subspace", lambda: _subspace(look))


def _subspace(look: Look) -> Iterator[Row]:
    model = look.net.model
    names = subspace.parameters_of(model, None)
    limit = SUMS * look.net.memory
    found = subspace.loss_gradients(model, look.source, names, look.loss, subspace.SAMPLES, limit)
    layer = names[0].rpartition(".")[0]
    return subspace.subspace_rows(subspace.spectrum_of(found), len(found), layer)


def _input_sums(look: Look) -> Iterator[InputSums]:
    for spot in look.where.spots:
        if why := reasons(spot.layer).get("alignment"):
            look.skip(spot.name, "alignment", why)
        else:
            yield InputSums(spot)


def _activation_sums(look: Look, budget: float) -> Iterator[ActivationSums]:
    places = look.where.places
    for place in places:
        d = _width(look.where, look.modules, place)
        blocks = block_count(d, budget / max(1, min(len(places), 4)))
        yield ActivationSums(place, look.modules[place], d, look.tokens or "all", blocks)


def _within(look: Look, budget: float) -> tuple[list[JointSums], list[Pair]]:
    """Joint sums of all places, or of neighbours where those are too many, and the pairs of places."""
    places, tokens = look.where.places, look.tokens or "mean"
    sides = {place: (look.modules[place], _width(look.where, look.modules, place)) for place in places}
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


def _held(look: Look, modules: dict, wanted: Sequence[Pair], found: Map | None = None) -> Iterator[Held]:
    """Activations for the null: of neighbours within the network, of all pairs with another."""
    found = found or look.where
    names = list(dict.fromkeys(name for pair in _nulled(wanted) for name in (pair.first, pair.second)))
    total = sum(_width(found, modules, name) for name in names)
    for name in names:
        limit = HELD * look.net.memory * _width(found, modules, name) / total
        yield Held(name, modules[name], look.tokens or "mean", limit)


def _nulled(wanted: Sequence[Pair]) -> list[Pair]:
    """Pairs whose null is drawn: of neighbours, as each takes as long as two hundred comparisons."""
    order = list(dict.fromkeys(name for pair in wanted for name in (pair.first, pair.second)))
    return [p for p in wanted if p.lens == "against" or order.index(p.second) == order.index(p.first) + 1]


def _compare(look: Look, joint: list[JointSums], wanted: list[Pair], held: list[Held], lost: Lost, lens: str) -> None:
    kept = {one.layer: one.rows() for one in held if not lost.of(one) and one.parts}
    for one in held:
        if lost.of(one):
            look.skip(one.layer, f"{lens} null", lost.of(one))
    values, sides = {}, {}
    for sums in joint:
        if lost.of(sums):
            look.skip(sums.layer if len(joint) > 1 else "", lens, lost.of(sums))
            continue
        for place, why in sums.lost.items():
            look.skip(place, lens, why)
        try:
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
    own = similarity.sides_of(sums)
    dead = {n for n, side in own.items() if not side.total > 1e-20 * float(side.mean.square().sum()) * side.samples}
    for name in dead - set(sums.lost):
        look.skip(name, lens, "what leaves it never varies")
    usable = set(own) - dead - set(sums.lost)
    pairs = [pair for pair in wanted if pair.first in usable and pair.second in usable]
    sides.update({name: own[name] for name in usable})
    values.update(similarity.seen(sums, own, pairs))


def _take(look: Look, sums: Collector, lost: Lost, rows: Callable[[], Iterable[Row]]) -> None:
    if why := lost.of(sums):
        look.skip(sums.layer, sums.lens, why)
    else:
        look.add(sums.layer, sums.lens, rows)


def _note_few(look: Look, sums: ActivationSums, lost: Lost) -> None:
    d = sums.blocks[0].dim
    if not lost.of(sums) and 0 < sums.inputs < d:
        look.notes.append(
            f"{sums.layer}: {sums.inputs} inputs for {d} units: the spectrum has at most "
            f"{sum(block.count for block in sums.blocks) - 1} directions, its dimension is too small "
            "(activation_dimension_corrected is not), and unrelated layers correlate by cca_floor"
        )


def _weights(look: Look) -> None:
    for name, layer in {spot.layer.name: spot.layer for spot in look.where.spots}.items():
        weight = numbers_of(layer)
        if weight is None:
            look.skip(name, "spectra", weights_problem(getattr(layer.module, layer.parameter, None)))
        else:
            look.add(name, "spectra", lambda name=name, weight=weight: spectra.weight_rows(name, weight))


def _clip(look: Look, task: Task) -> None:
    for layer in {spot.layer.name: spot.layer for spot in look.where.spots}.values():
        if why := reasons(layer).get("clipping"):
            look.skip(layer.name, "clipping", why)
        else:
            look.add(layer.name, "clipping", lambda layer=layer: curves.clipping_rows(task, layer))


def _prune(look: Look, task: Task) -> None:
    places, why = curves.prunable(look.net.model, look.where)
    for layer, reason in why.items():
        look.skip(layer, "pruning", reason)
    look.add("", "pruning", lambda: curves.pruning_rows(task, places))


def _attack(look: Look, task: Task) -> None:
    look.add("", "attack", lambda: curves.attack_rows(curves.attacked(task, None, look.loss)))


def _rainbow(look: Look, task: Task) -> None:
    look.add("", "rainbow", lambda: generation.rainbow_rows(task))


def _width(found: Map, modules: dict[str, nn.Module], place: str) -> int:
    """Neurons that leave a place."""
    shape = found.shapes[place]
    second = computes(modules[place], *CHANNELS_SECOND) and len(shape) > 2
    return shape[1 if second else -1]
