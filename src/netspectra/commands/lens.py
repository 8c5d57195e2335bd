"""`netspectra lens`: a network that the project has never seen, under every lens that applies; a folder and a page."""

import re
from ast import literal_eval
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from netspectra.commands.console import emit_json, emit_table, say
from netspectra.errors import SettingsError
from netspectra.own.named import model_of
from netspectra.own.samples import Preparation, Samples, from_arrays, from_folder, from_torchvision

if TYPE_CHECKING:
    from torch import nn

    from netspectra.own.view import View

ARGUMENT = re.compile(r"(layers|lenses|against|null|memory|device|samples)\b.*: ")
TORCHVISION = "torchvision:"
PAGE = "index.html"


@dataclass(frozen=True)
class Asked:
    """What the command line asks for.

    Attributes:
        model: "package.module:function".
        weights: A safetensors file; None for those that the function makes.
        arguments: "key=value" for the function, values as Python writes them.
        against: Further safetensors files of the same network, or further functions.
        data: A folder of pictures, an .npz, or torchvision:NAME:FOLDER.
        split: Of a set of torchvision's.
        count: The first so many samples; None for all.
        batch: Samples in a batch.
        layers: Patterns of names.
        lenses: Names; none for all.
        null: Permutations.
        memory: Such as "4GB".
        device: "auto", "cpu", "cuda", "mps".
    """

    model: str
    weights: Path | None
    arguments: Sequence[str]
    against: Sequence[str]
    data: str
    split: str
    count: int | None
    batch: int
    layers: Sequence[str]
    lenses: Sequence[str]
    null: int
    memory: str
    device: str


def run(asked: Asked, prepared: Preparation, out: Path, *, as_json: bool) -> int:
    """Look, save the view and its page, and say what was found and what was skipped."""
    if asked.weights is None:
        say(f"{asked.model}: no --weights, so it is looked at as the function makes it")
    model, others = networks_of(asked)
    samples = samples_of(asked, prepared)
    say(f"{samples.count:,} samples in {len(samples)} batches")
    view = _looked(asked, model, others, samples, out)
    view.save(out)
    view.page(out / PAGE)
    _say(view, out, as_json)
    return 0


def _looked(asked: Asked, model: "nn.Module", others: list, samples: Samples, out: Path) -> "View":
    """The view; upon an interruption what was seen by then is saved.

    Raises:
        SettingsError: An argument of the lens is wrong; names it.
    """
    from netspectra.own.call import lens
    from netspectra.own.view import Interrupted

    try:
        return lens(
            model,
            samples,
            layers=list(asked.layers) or "*",
            lenses=list(asked.lenses) or "all",
            against=others or None,
            null=asked.null,
            memory=asked.memory,
            device=asked.device,
            progress=say,
        )
    except Interrupted as stopped:
        stopped.view.save(out)
        raise
    except ValueError as error:
        if not ARGUMENT.match(str(error)):
            raise
        raise SettingsError(str(error).splitlines()[0], "netspectra lens --help, which has examples") from None


def networks_of(asked: Asked) -> tuple["nn.Module", list["nn.Module"]]:
    """The network, and those it is compared with: other weights of it, or what another function makes."""
    arguments = dict(map(_argument, asked.arguments))
    model = model_of(asked.model, arguments, asked.weights)
    others = [
        model_of(one, arguments) if ":" in one else model_of(asked.model, arguments, one) for one in asked.against
    ]
    return model, others


def samples_of(asked: Asked, prepared: Preparation) -> Samples:
    """What the data are read with, by their kind."""
    kept = {"count": asked.count, "batch": asked.batch}
    if asked.data.startswith(TORCHVISION):
        name, _, root = asked.data.removeprefix(TORCHVISION).partition(":")
        return from_torchvision(name, root or "data", asked.split, prepared, **kept)
    if Path(asked.data).suffix == ".npz":
        return from_arrays(asked.data, prepared, **kept)
    return from_folder(asked.data, prepared, **kept)


def _argument(text: str) -> tuple[str, object]:
    key, equals, value = text.partition("=")
    if not equals or not key.isidentifier():
        raise SettingsError(f"--argument: found {text!r}, wanted KEY=VALUE", "--argument num_classes=10")
    try:
        return key, literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value  # a word


def _say(view: "View", out: Path, as_json: bool) -> None:
    """Numbers that stand for a whole layer, what was skipped and why, and where the page lies."""
    page = (out / PAGE).absolute()
    skipped = view.skipped.to_dict("records")
    if as_json:
        found = {"page": page, "folder": out.absolute(), "numbers": len(view.table), "notes": view.notes}
        emit_json(found | {"skipped": skipped})
        return
    counts = view.table.groupby("lens", sort=False).agg(layers=("layer", "nunique"), numbers=("value", "size"))
    emit_table(["lens", "layers", "numbers"], counts.reset_index().itertuples(index=False), "Looked at")
    if skipped:
        rows = ([one["layer"] or "all", one["lens"], one["why"]] for one in skipped)
        emit_table(["layer", "lens", "why"], rows, "Skipped")
    print("\n".join([*(f"Note: {note}" for note in view.notes), f"Page: {page}"]))
