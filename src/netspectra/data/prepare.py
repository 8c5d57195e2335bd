"""Official files of a data set -> one file of uint8 tensors; nothing is opened before its checksum held."""

import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from netspectra.data.fetch import stated_checksum, verify
from netspectra.data.formats import FORMATS, Arrays, wrong
from netspectra.files import replacing, sort_header


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Prepare one data set; inputs: {"files": all in one folder}; settings: {"name", "data": its block}."""
    prepare(settings["name"], settings["data"], Path(inputs["files"][0]).parent, Path(outputs["data"]))


def prepare(name: str, block: dict, raw: Path, output: Path) -> None:
    """Verify, decode and write a set as `train_images` (n, C, H, W), `train_labels` (n,), and the same for test.

    Args:
        name: Name of the set.
        block: Its block in params.yaml.
        raw: Folder of the official files.
        output: Safetensors file to write.

    Raises:
        DataError: A file is missing, has another checksum, or does not hold what its format says.
    """
    checksums = []
    for file, facts in sorted(block["files"].items()):
        checksums.append(stated_checksum(verify(raw / file, facts), facts))
    arrays = FORMATS[block["format"]](raw, block)
    _check_images(raw, arrays, block)
    facts = {key: block[key] for key in ("mean", "std", "classes")}
    facts |= {"set": name, "checksum": hashlib.sha256("".join(checksums).encode()).hexdigest()}
    with replacing(output) as temporary:
        tensors = {key: np.ascontiguousarray(array) for key, array in arrays.items()}
        save_file(tensors, temporary, {key: json.dumps(value) for key, value in facts.items()})
        sort_header(temporary)


def _check_images(raw: Path, arrays: Arrays, block: dict) -> None:
    """Images of both splits have the shape that the counts and the means say, and the same size."""
    size = arrays["train_images"].shape[2:]
    for split, count in block["counts"].items():
        wanted = (count, len(block["mean"]), *size)
        if (found := arrays[f"{split}_images"].shape) != wanted:
            raise wrong(raw, f"{split} images of shape {wanted}", found)
