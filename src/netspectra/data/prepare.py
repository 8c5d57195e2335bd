"""Official files of a data set -> one file of tensors; nothing is opened before its checksum held."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from netspectra.data.damage import wrong
from netspectra.data.fetch import verify
from netspectra.data.formats import FORMATS, Arrays
from netspectra.data.mirrors import VARIABLE, Held, Mirror, mirrors_in_force
from netspectra.data.targets import plain_name
from netspectra.data.text import read_text_set
from netspectra.errors import DataError
from netspectra.files import replacing, sort_header


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Prepare one data set.

    Args:
        inputs: {"files": all in one folder}.
        outputs: {"data": path}.
        settings: {"name", "data": its block, "mirrors": those of the block `download`}.
    """
    mirrors = mirrors_in_force(settings["mirrors"])
    prepare(settings["name"], settings["data"], Path(inputs["files"][0]).parent, Path(outputs["data"]), mirrors)


def prepare(name: str, block: dict, raw: Path, output: Path, mirrors: Sequence[Mirror] = ()) -> None:
    """Verify, decode and write a set.

    Pictures become `train_images` (n, C, H, W) and `train_labels` (n,), bytes, and the same for test; a text becomes
    `train_tokens` and `test_tokens` (n,), int32. The header holds, each as JSON: the set; a checksum of all that the
    tensors were made from; and mean, std and classes of pictures, or the words by id and the counts of a text.

    Args:
        name: Name of the set.
        block: Its block in params.yaml.
        raw: Folder of the official files.
        output: Safetensors file to write.
        mirrors: Whose checksums count beside those of params.yaml.

    Raises:
        DataError: A file is missing, has another checksum, or does not hold what its format says.
    """
    files = {plain_name(file, f"data.{name}.files"): facts for file, facts in sorted(block["files"].items())}
    held = {file: verify(name, raw / file, facts, mirrors) for file, facts in files.items()}
    try:
        arrays, facts = _decoded(raw, block)
    except DataError as error:
        raise DataError(error.args[0], _remedy(name, held)) from error
    facts |= {"set": name, "checksum": _checksum(held, block)}
    with replacing(output) as temporary:
        tensors = {key: np.ascontiguousarray(array) for key, array in arrays.items()}
        save_file(tensors, temporary, {key: json.dumps(value) for key, value in facts.items()})
        sort_header(temporary)


def _decoded(raw: Path, block: dict) -> tuple[Arrays, dict]:
    if block["format"] == "text":
        arrays, words = read_text_set(raw, block)
        return arrays, {"words": words, "counts": block["counts"]}
    arrays = FORMATS[block["format"]](raw, block)
    _check_images(raw, arrays, block)
    return arrays, {key: block[key] for key in ("mean", "std", "classes")}


def _check_images(raw: Path, arrays: Arrays, block: dict) -> None:
    """Images of both splits have the shape that the counts and the means say, and the same size."""
    size = arrays["train_images"].shape[2:]
    for split, count in block["counts"].items():
        wanted = (count, len(block["mean"]), *size)
        if (found := arrays[f"{split}_images"].shape) != wanted:
            raise wrong(raw, f"{split} images of shape {wanted}", found)


def _checksum(held: dict[str, Held], block: dict) -> str:
    """Of the files; and, where they are a text, of what decides which word has which number."""
    text = {key: block[key] for key in ("parts", "vocabulary")} if block["format"] == "text" else None
    parts = [own.sha256 for own in held.values()] + ([json.dumps(text, sort_keys=True)] if text else [])
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _remedy(name: str, held: dict[str, Held]) -> str:
    """What helps where a file has its checksum and is damaged all the same."""
    if liars := [(file, own.mirror) for file, own in held.items() if own.mirror]:
        (file, mirror), *_ = liars
        return f"mend {name}/{file} at {mirror}, or take that mirror out of {VARIABLE} or download.mirrors"
    return f"its checksum is the one in params.yaml: correct the block data.{name} there (git diff params.yaml)"
