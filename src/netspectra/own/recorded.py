"""Activations that were recorded: rows of every layer, in memory or in files, and the input that each comes from."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from netspectra.errors import DataError
from netspectra.files import replacing

FACTS = "activations.json"
FORMAT = 1


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one layer.

    Attributes:
        values: (rows, neurons), float32; a memory map where it was spilled.
        inputs: Which input each row comes from, (rows,), ascending.
    """

    values: np.ndarray
    inputs: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    @property
    def neurons(self) -> int:
        """Columns."""
        return self.values.shape[1]

    def chunks(self, numbers: int = 2**22) -> Iterator[torch.Tensor]:
        """The rows, some at a time, as tensors of their own."""
        step = max(1, numbers // self.neurons)
        for start in range(0, len(self), step):
            yield torch.from_numpy(np.array(self.values[start : start + step]))


class Activations(Mapping[str, Rows]):
    """Rows by layer, as `Wrapped.record` gives them.

    Attributes:
        skipped: {layer: why it was not recorded}.
        folder: Where they are spilled; None in memory.
    """

    def __init__(
        self, layers: Mapping[str, Rows], skipped: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> None:
        self._layers, self.skipped, self.folder = dict(layers), dict(skipped or {}), folder

    def __getitem__(self, layer: str) -> Rows:
        if layer not in self._layers:
            why = self.skipped.get(layer, f"recorded are {', '.join(self._layers) or 'none'}")
            raise KeyError(f"{layer}: {why}")
        return self._layers[layer]

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} {tuple(rows.values.shape)}" for name, rows in self.items())
        return f"Activations({shown}; {len(self.skipped)} skipped)"


def as_activations(acts: object, name: str) -> Activations:
    """Recorded activations, a mapping of matrices, or one matrix (samples, neurons), every row an input of its own.

    Raises:
        ValueError: None of these.
    """
    if isinstance(acts, Activations):
        return acts
    if isinstance(acts, Mapping) and acts:
        return Activations({str(key): _rows(value, f"{name}[{key!r}]") for key, value in acts.items()})
    return Activations({name: _rows(acts, name)})


def load_activations(folder: Path | str) -> Activations:
    """Activations that `Wrapped.record(..., spill=folder)` wrote.

    Raises:
        DataError: They are not there, or their recording was interrupted.
    """
    folder = Path(folder)
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        layers = {name: _mapped(folder, file, shape) for name, (file, shape) in facts["layers"].items()}
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{folder}: no complete activations ({error})", "record them again") from None
    return Activations(layers, facts["skipped"], folder)


class Writer:
    """Rows of one layer that arrive batch by batch, in memory or in a file that grows."""

    def __init__(self, folder: Path | None, number: int) -> None:
        self.file = f"{number:04d}.f32"
        self.out = (folder / self.file).open("wb") if folder else None
        self.parts: list[np.ndarray] = []
        self.owners: list[np.ndarray] = []
        self.shape = (0, 0)

    def write(self, values: torch.Tensor, inputs: torch.Tensor) -> None:
        """Add rows."""
        part = np.ascontiguousarray(values.detach().to("cpu", torch.float32).numpy())
        self.shape = (self.shape[0] + len(part), part.shape[1])
        self.owners.append(inputs.cpu().numpy())
        if self.out:
            self.out.write(part)
        else:
            self.parts.append(part)

    def stop(self) -> None:
        """Close the file."""
        if self.out:
            self.out.close()

    def close(self, folder: Path | None) -> Rows:
        """All rows."""
        owners = np.concatenate(self.owners)
        if not self.out:
            return Rows(np.concatenate(self.parts), owners)
        self.stop()
        np.save(folder / f"{self.file}.inputs.npy", owners)
        return _mapped(folder, self.file, self.shape)


def finish(folder: Path, writers: Mapping[str, Writer], skipped: Mapping[str, str]) -> None:
    """Say what the folder holds: only then is it complete."""
    layers = {name: (writer.file, writer.shape) for name, writer in writers.items()}
    with replacing(folder / FACTS) as temporary:
        temporary.write_text(json.dumps({"format": FORMAT, "layers": layers, "skipped": dict(skipped)}))


def _mapped(folder: Path, file: str, shape: tuple[int, int]) -> Rows:
    values = np.memmap(folder / file, np.float32, "r", shape=tuple(shape))
    return Rows(values, np.load(folder / f"{file}.inputs.npy"))


def _rows(x: object, name: str) -> Rows:
    array = x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else x
    if isinstance(x, Rows):
        return x
    if not isinstance(array, np.ndarray) or array.ndim != 2:
        found = f"shape {array.shape}" if isinstance(array, np.ndarray) else type(x).__name__
        raise ValueError(f"{name}: wanted recorded activations or a matrix (samples, neurons), found {found}")
    return Rows(array, np.arange(len(array)))
