"""One network under every lens: which sums are wanted, one after the other, and what cannot be had, with the reason."""

from collections.abc import Iterator, Sequence
from functools import partial

from netspectra.own import aligning, curves, generation, relating, spectra, subspace
from netspectra.own.applying import numbers_of, reasons
from netspectra.own.look import SUMS, Look, width_of
from netspectra.own.rows import weights_problem
from netspectra.own.streaming import Collector, stream
from netspectra.own.sums import ActivationSums, InputSums, block_count
from netspectra.own.tasks import NO_LABELS, Task
from netspectra.own.tidy import Row


def streamed(look: Look, lenses: Sequence[str]) -> None:
    """Alignment, spectra and similarity within the network, in as few passes as the memory allows."""
    budget = SUMS * look.net.memory
    aligned = list(_input_sums(look)) if "alignment" in lenses else []
    spectral = list(_activation_sums(look, budget)) if "spectra" in lenses else []
    joint, wanted = relating.within(look, budget) if "similarity" in lenses else ([], [])
    held = list(relating.held_sums(look, look.modules, wanted)) if joint and look.null else []
    done = partial(_take, look)
    lost = stream(look.net.model, look.source, [*spectral, *aligned, *joint, *held], budget, look.say, done)
    for sums in (one for one in [*spectral, *aligned] if lost.of(one)):
        look.skip(sums.layer, sums.lens, lost.of(sums))
    if "spectra" in lenses:
        _weights(look)
    relating.compared(look, joint, wanted, held, lost, "similarity")


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
        d = width_of(look.where, look.modules, place)
        blocks = block_count(d, budget / max(1, min(len(places), 4)))
        yield ActivationSums(place, look.modules[place], d, look.tokens or "all", blocks)


def _take(look: Look, sums: Collector) -> None:
    """What the sums of one layer say; they are forgotten then, as those of the next pass need the memory."""
    if isinstance(sums, InputSums):
        look.add(sums.layer, sums.lens, lambda: aligning.alignment_rows(sums))
        sums.forget()
    elif isinstance(sums, ActivationSums):
        look.add(sums.layer, sums.lens, lambda: spectra.activation_rows(sums))
        _note_few(look, sums)
        sums.forget()


def _note_few(look: Look, sums: ActivationSums) -> None:
    d = sums.blocks[0].dim
    if 0 < sums.inputs < d:
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
    if look.loss == "bce":
        task = Task(task.network, task.source, cut=False)
    look.add("", "attack", lambda: curves.attack_rows(curves.attacked(task, None, look.loss)))


def _rainbow(look: Look, task: Task) -> None:
    look.add("", "rainbow", lambda: generation.rainbow_rows(task))
