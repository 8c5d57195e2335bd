"""`netspectra lens`: a network that the project has never seen, under every lens that applies; a folder and a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netspectra.commands.console import emit_json, emit_table, say
from netspectra.errors import SettingsError
from netspectra.own.named import model_of
from netspectra.own.samples import Preparation, Samples, from_arrays, from_folder, from_torchvision

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
    import netspectra

    if asked.weights is None:
        say(f"{asked.model}: no --weights, so it is looked at as the function makes it")
    model, others = networks_of(asked)
    samples = samples_of(asked, prepared)
    say(f"{samples.count:,} samples in {len(samples)} batches")
    view = netspectra.lens(
        model,
        samples,
        layers=list(asked.layers) or "*",
        lenses=list(asked.lenses) or "all",
        against=others or None,
        null=asked.null,
        memory=asked.memory,
        device=asked.device,
        progress=True,
    )
    view.save(out)
    view.page(out / PAGE)
    _say(view, out, as_json)
    return 0


def networks_of(asked: Asked) -> tuple:
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
    from ast import literal_eval

    key, equals, value = text.partition("=")
    if not equals or not key.isidentifier():
        raise SettingsError(f"--argument: found {text!r}, wanted KEY=VALUE", "--argument num_classes=10")
    try:
        return key, literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value  # a word


def _say(view: object, out: Path, as_json: bool) -> None:
    """Numbers that stand for a whole layer, what was skipped and why, and where the page lies."""
    page = (out / PAGE).absolute()
    skipped = [{"layer": layer, "lens": lens, "why": why} for (layer, lens), why in _skipped(view).items()]
    if as_json:
        emit_json({"page": page, "folder": out.absolute(), "rows": len(view.table), "skipped": skipped})
        return
    counts = view.table.groupby("lens", sort=False).agg(layers=("layer", "nunique"), numbers=("value", "size"))
    emit_table(["lens", "layers", "numbers"], counts.reset_index().itertuples(index=False), "Looked at")
    if skipped:
        emit_table(["layer", "lens", "why"], (one.values() for one in skipped), "Skipped")
    print(f"Page: {page}")


def _skipped(view: object) -> dict[tuple[str, str], str]:
    """{(layer, lens): why}, from a mapping or a table of the same."""
    if hasattr(view.skipped, "itertuples"):
        return {(row.layer, row.lens): row.why for row in view.skipped.itertuples()}
    return dict(view.skipped)
