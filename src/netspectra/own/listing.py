"""Which files a reader's samples stand in, found without reading them: workflow rules ask this before any job."""

import zipfile
from collections.abc import Sequence
from itertools import chain, zip_longest
from pathlib import Path

from netspectra.errors import DataError

PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
INPUTS, LABELS = ("x", "inputs", "images", "data"), ("y", "labels", "targets")


def classes_in(folder: Path | str) -> dict[str, list[Path]]:
    """Pictures of a folder by class, which is the folder within it that they lie in, all in the order of their names.

    Raises:
        DataError: No such folder, no folder in it, or no picture in one of them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder", "name a folder that holds one folder of pictures per class")
    found = {each.name: _pictures(each) for each in sorted(folder.iterdir()) if each.is_dir()}
    if not found:
        problem = f"{folder}: wanted one folder of pictures per class, found no folder"
        raise DataError(problem, f"put the pictures into folders; without classes into one: {folder / 'all'}")
    if empty := [name for name, pictures in found.items() if not pictures]:
        raise DataError(f"{folder / empty[0]}: no picture", f"wanted files ending in {', '.join(sorted(PICTURES))}")
    return found


def pictures_in(folder: Path | str, count: int | None = None) -> list[Path]:
    """The first so many pictures, the classes in turn, so that few of them still hold all; None for all."""
    in_turn = chain.from_iterable(zip_longest(*classes_in(folder).values()))
    return [path for path in in_turn if path is not None][:count]


def arrays_in(file: Path | str) -> tuple[str, str | None]:
    """Names of the inputs and of the labels in an .npz; None without labels.

    Raises:
        DataError: No such file, no .npz, or no inputs in it.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
    except FileNotFoundError:
        raise DataError(f"{file}: no such file", "np.savez(FILE, x=inputs, y=labels) writes one") from None
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{file}: no .npz ({error})", "np.savez(FILE, x=inputs, y=labels) writes one") from None
    inputs, labels = _first(INPUTS, names), _first(LABELS, names)
    if inputs is None:
        problem = f"{file}: wanted inputs under one of {', '.join(INPUTS)}, found {', '.join(names) or 'nothing'}"
        raise DataError(problem, "np.savez(FILE, x=inputs, y=labels)")
    return inputs, labels


def files_below(folder: Path | str) -> list[Path]:
    """All files below the root of a torchvision set.

    Raises:
        DataError: There are none.
    """
    found = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    if not found:
        raise DataError(f"{folder}: no files", "have torchvision fetch the set there once, with download=True")
    return found


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES and path.is_file())


def _first(wanted: Sequence[str], names: Sequence[str]) -> str | None:
    return next((name for name in wanted if name in names), None)
