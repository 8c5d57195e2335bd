"""`netspectra.lens`: a reader's network under every lens that applies."""

import copy
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pandas as pd
import torch
from torch import nn

from netspectra.errors import DeviceError, NetspectraError
from netspectra.networks.flow import call
from netspectra.networks.looking import looking
from netspectra.own import looks, relating, rows
from netspectra.own.applying import LENSES
from netspectra.own.batches import Hook, Source, place_of
from netspectra.own.checking import mode_difference
from netspectra.own.look import Look
from netspectra.own.streaming import bytes_of
from netspectra.own.tidy import frame, over_networks
from netspectra.own.view import Interrupted, View
from netspectra.own.wrapped import CURVE_SAMPLES, HELD, Wrapped, wrap

STREAMED = ("alignment", "spectra", "similarity")
ACCURACIES = ("clipping", "pruning", "attack", "rainbow")
MODE_CHANGES = 1e-3
Model = nn.Module | Wrapped


def lens(
    model: Model | Sequence[Model],
    loader: Iterable,
    *,
    layers: str | Sequence[str] = "*",
    lenses: str | Sequence[str] = "all",
    against: Model | Sequence[Model] | None = None,
    mask: Hook = None,
    null: int = 200,
    memory: str | float = "4GB",
    device: str = "auto",
    progress: bool | Callable[[str], None] = False,
    tokens: str | None = None,
    samples: int | None = None,
    curve_samples: int = CURVE_SAMPLES,
    loss: str = "cross_entropy",
) -> View:
    """Look at a network through every lens that applies. Nothing about the network changes.

    Args:
        model: Any module, or `netspectra.wrap` of one; or a list of replicates of one architecture, over which
            intervals are then taken.
        loader: Any iterable of tensors, pairs (inputs, labels) or mappings that can be read again.
        layers: Patterns of names of layers with weights.
        lenses: Some of alignment, spectra, clipping, pruning, attack, similarity, rainbow, active_subspace; or "all".
        against: Other networks, such as earlier checkpoints, whose layers of the same name are compared (lens
            "against", x being their number).
        mask: Of a batch, which tokens count; `attention_mask` of mappings where None is given.
        null: Permutations of inputs for the null of similarities; 0 draws none.
        memory: What may be taken beside the model.
        device: "auto" looks where the model is; another one looks at a copy there.
        progress: True says on standard error what comes next; or a function of that text.
        tokens: Which rows of sequences and maps count: "all", the "last" of every input, or their "mean". By default
            all, and the mean where layers are compared.
        samples: At most so many inputs.
        curve_samples: At most so many inputs for clipping, pruning, attack and rainbow generation.
        loss: "cross_entropy", or "bce" of truth values, for the attack and the active subspace.

    Raises:
        NetspectraError: No data, data of which it is not known what is what, or a device that is not there.
        ValueError: An argument that is unknown or matches nothing.
        Interrupted: From the keyboard; holds what was seen by then.
    """
    chosen, sizes = _lenses(lenses), bytes_of(memory)
    rows.check_tokens(tokens)
    models, others = _models(model, mask, sizes, device), [_at(_plain(m), device) for m in _listed(against)]
    say = _said(progress)
    first = models[0]
    loader = Source(loader, first.hooks, first.model, HELD * sizes).loader
    views = []
    for number, net in enumerate(models, 1):
        if len(models) > 1:
            say(f"network {number} of {len(models)}")
        look = _look(net, loader, samples, layers)
        look.against, look.null, look.tokens, look.loss, look.say = others, null, tokens, loss, say
        look.curve_samples = curve_samples
        views.append(_seen(look, chosen))
    return _together(views) if len(views) > 1 else views[0]


def _seen(look: Look, chosen: list[str]) -> View:
    steps = {"streamed": [name for name in chosen if name in STREAMED]}
    steps |= {name: [name] for name in ACCURACIES if name in chosen}
    ways = {"streamed": looks.streamed, **dict.fromkeys(ACCURACIES, looks.accuracies)}
    done: list[str] = []
    with torch.random.fork_rng(devices=_gpus(look.net.model)):
        try:
            for step, names in steps.items():
                if names:
                    ways[step](look, names)
                done += names
            if "similarity" in chosen and look.against:
                relating.against(look)
            if "active_subspace" in chosen:
                looks.subspaces(look)
        except KeyboardInterrupt:
            raise Interrupted(_view(look), [name for name in chosen if name not in done]) from None
    return _view(look)


def _look(net: Wrapped, loader: Iterable, samples: int | None, layers: str | Sequence[str]) -> Look:
    """The network, tried on the first batch.

    Raises:
        NetspectraError: The network does not take it.
    """
    with torch.random.fork_rng(devices=_gpus(net.model)):
        source = Source(loader, net.hooks, net.model, HELD * net.memory, samples)
        batch = next(iter(source))
        try:
            with looking(net.model), torch.no_grad():
                call(net.model, batch.inputs)
        except (TypeError, RuntimeError, ValueError, IndexError) as error:
            remedy = "say how it is called: netspectra.wrap(model, inputs=lambda batch: ...)"
            raise NetspectraError(f"model: it does not take the first batch: {_line(error)}", remedy) from error
        look = Look(net, source, net.met(source, layers))
        for layer, why in look.where.absent.items():
            look.skip(layer, "all", why)
        look.notes += _notes(net, batch)
    return look


def _notes(net: Wrapped, batch: object) -> list[str]:
    found, dtype = [], place_of(net.model)[1]
    if any(module.training for module in net.model.modules()):
        apart = mode_difference(net.model, batch)
        if apart > MODE_CHANGES:
            found.append(
                f"the network is in training mode, where its outputs differ by {apart:.2g} of the largest; lenses look "
                "in evaluation mode"
            )
    if dtype in (torch.float16, torch.bfloat16):
        found.append(f"the network computes in {dtype}; statistics are in float64, but its activations are rounded")
    return found


def _view(look: Look) -> View:
    skipped = pd.DataFrame(look.skipped, columns=["layer", "lens", "why"]).astype(str)
    inputs = max([int(r[4]) for r in look.rows if r[2] == "activation_samples"], default=None)
    facts = {
        "network": type(look.net.model).__name__,
        "layers": [spot.name for spot in look.where.spots],
        "places": look.where.places,
        "networks": 1,
        "inputs": inputs,
        "footer": [f"{inputs:,} inputs" if inputs else "", "95 % intervals over samples"],
    }
    return View(frame(look.rows), skipped, look.notes, facts)


def _together(views: Sequence[View]) -> View:
    """Means over networks with intervals over them."""
    skipped = pd.concat([view.skipped for view in views]).drop_duplicates().reset_index(drop=True)
    notes = list(dict.fromkeys(note for view in views for note in view.notes))
    facts = views[0].facts | {"networks": len(views)}
    facts["footer"] = [facts["footer"][0], f"{len(views)} networks", "95 % intervals over networks"]
    return View(over_networks([view.table for view in views]), skipped, notes, facts)


def _lenses(lenses: str | Sequence[str]) -> list[str]:
    wanted = [lenses] if isinstance(lenses, str) else list(lenses)
    if bad := [name for name in wanted if name not in (*LENSES, "all")]:
        raise ValueError(f"lenses: wanted some of {', '.join(LENSES)}, or 'all'; found {bad[0]!r}")
    return [name for name in LENSES if name in wanted or "all" in wanted]


def _models(model: Model | Sequence[Model], mask: Hook, memory: float, device: str) -> list[Wrapped]:
    if not (found := _listed(model)):
        raise ValueError("model: wanted one network or more, found none")
    nets = [one if isinstance(one, Wrapped) else wrap(one) for one in found]
    hooks = [replace(net.hooks, mask=mask) if mask else net.hooks for net in nets]
    return [Wrapped(_at(net.model, device), own, memory) for net, own in zip(nets, hooks, strict=True)]


def _listed(model: object) -> list:
    return [] if model is None else list(model) if isinstance(model, list | tuple) else [model]


def _plain(model: Model) -> nn.Module:
    return model.model if isinstance(model, Wrapped) else wrap(model).model


def _at(model: nn.Module, device: str) -> nn.Module:
    """The network where it is to be looked at: itself, or a copy elsewhere.

    Raises:
        DeviceError: There is no such device.
    """
    if device == "auto":
        return model
    try:
        if torch.device(device).type == place_of(model)[0].type:
            return model
        return copy.deepcopy(model).to(device)
    except (RuntimeError, AssertionError) as error:
        raise DeviceError(f"device: {device} asked for: {_line(error)}", "leave device='auto'") from None


def _said(progress: bool | Callable[[str], None]) -> Callable[[str], None]:
    if callable(progress):
        return progress
    return (lambda text: print(f"netspectra: {text}", file=sys.stderr, flush=True)) if progress else (lambda text: None)


def _gpus(model: nn.Module) -> list[int]:
    return sorted({p.device.index for p in model.parameters() if p.device.type == "cuda"})


def _line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
