"""A folder of tensors by key: what was trained is kept there, and what is in training is saved there.

Several jobs, and several clones, may use one folder at once: files appear whole, are named by all that decides their
content, and may vanish at any time.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from netspectra.files import clear_killed
from netspectra.networks import checkpoints
from netspectra.networks.checkpoints import Tensors

MB = 10**6


@dataclass(frozen=True)
class Store:
    """Tensors by key in a folder.

    Attributes:
        folder: Where they lie, each in a file of its own.
    """

    folder: Path

    def path(self, key: str) -> Path:
        """File of a key."""
        return self.folder / f"{key}.safetensors"

    def put(self, key: str, tensors: Tensors) -> None:
        """Keep tensors under a key, for whoever may read the folder."""
        checkpoints.write(self.path(key), tensors, key=key, layout=_layout(tensors))
        with suppress(FileNotFoundError):
            self.path(key).chmod(self.folder.stat().st_mode & 0o666)

    def get(self, key: str) -> Tensors | None:
        """What is kept under a key, or None; what is damaged is dropped, and said."""
        path = self.path(key)
        try:
            tensors, facts = checkpoints.read(path)
            if facts.get("key") != key or facts.get("layout") != _layout(tensors):
                raise ValueError("it is another's, or its header is wrong")
        except FileNotFoundError:
            return None
        except OSError as error:
            print(f"  {path} cannot be read ({error}); left alone", flush=True)
            return None
        except ValueError as error:
            print(f"  {path} is damaged ({error}); dropped", flush=True)
            self.drop(key)
            return None
        with suppress(OSError):
            os.utime(path)
        return tensors

    def drop(self, key: str) -> None:
        """Forget a key, if it is there."""
        _remove(self.path(key))

    def trim(self, limit_mb: float, spared: frozenset[str] = frozenset()) -> None:
        """Drop what was not used for longest until no more than `limit_mb` MB is left, but nothing of `spared`."""
        clear_killed(self.folder)
        entries = sorted(_entries(self.folder))
        excess = sum(size for _, size, _ in entries) - limit_mb * MB
        for _, size, path in entries:
            if excess > 0 and path.stem not in spared:
                _remove(path)
                excess -= size


def _remove(path: Path) -> None:
    with suppress(OSError):  # another has dropped it, or it is another's
        path.unlink()


def _layout(tensors: Tensors) -> dict[str, str]:
    """Shapes and types, which a checksum of the values does not see."""
    return {name: f"{t.dtype} {list(t.shape)}" for name, t in tensors.items()}


def _entries(folder: Path) -> list[tuple[float, int, Path]]:
    """When each file was last used, its bytes, and where it is."""
    found = []
    for path in folder.glob("*.safetensors"):
        with suppress(FileNotFoundError):  # another job has dropped it
            facts = path.stat()
            found.append((facts.st_mtime, facts.st_size, path))
    return found
