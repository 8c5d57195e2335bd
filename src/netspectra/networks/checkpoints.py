"""Network files: safetensors that hold what was trained, how it went, and the settings it came from."""

import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import safetensors
import torch
from safetensors.torch import save_file

from netspectra.errors import CheckpointError
from netspectra.files import replacing, sort_header
from netspectra.networks.ensembles import Ensemble
from netspectra.networks.zoo import build
from netspectra.overlays import first_difference, merge

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Networks:
    """All networks of one `networks:` block.

    Attributes:
        settings: The block they were trained under.
        tensors: "final/<variant>/<parameter>" (replicates, ...), "snapshot/<fraction>/<variant>/<parameter>" and
            "history/<variant>/<quantity>" (records, replicates, ...).
    """

    settings: dict
    tensors: Tensors

    @property
    def variants(self) -> list[str]:
        """Names of the variants, in the order of the settings."""
        return list(self.settings["variants"])

    def stack(self, variant: str, at: float | None = None) -> Ensemble:
        """The replicates of a variant at the end of training, or at a fraction of it that was kept.

        Raises:
            CheckpointError: There is no such snapshot.
        """
        prefix = f"final/{variant}/" if at is None else f"snapshot/{at:g}/{variant}/"
        if not (parameters := _below(self.tensors, prefix)):
            kept = ", ".join(f"{f:g}" for f in self.settings["snapshots"]) or "none"
            raise CheckpointError(f"no networks under {prefix}; snapshots kept: {kept}")
        return Ensemble(build(variant_settings(self.settings, variant)["architecture"]), parameters)

    def history(self, variant: str) -> Tensors:
        """What was recorded while the variant trained, by quantity, each (records, replicates, ...)."""
        return _below(self.tensors, f"history/{variant}/")


def variant_settings(settings: dict, variant: str) -> dict:
    """A network block with one variant's changes laid over it."""
    return merge(settings, settings["variants"][variant])


def save(path: Path, settings: dict, tensors: Tensors, **origin: object) -> None:
    """Write a network file under a temporary name and rename it."""
    facts = {"settings": settings, "torch": torch.__version__, "python": platform.python_version(), **origin}
    facts["sha256"] = digest(tensors)
    metadata = {key: json.dumps(value, sort_keys=True) for key, value in facts.items()}
    with replacing(path) as temporary:
        save_file({name: t.detach().cpu().contiguous() for name, t in tensors.items()}, temporary, metadata)
        sort_header(temporary)


def load(path: Path, settings: dict, device: torch.device | str = "cpu") -> Networks:
    """Read a network file that was trained under `settings`.

    Raises:
        CheckpointError: Missing or damaged file, or one from other settings; the differing key is named.
    """
    path = Path(path)
    remedy = f"train it again: snakemake --forcerun train_{path.stem}"
    try:
        with safetensors.safe_open(path, framework="pt", device=str(device)) as file:
            stored, sha256 = (json.loads(file.metadata()[key]) for key in ("settings", "sha256"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            if (found := digest(tensors)) != sha256:
                raise ValueError(f"its tensors have checksum {found[:12]}..., wanted {sha256[:12]}...")
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such network file; {remedy}") from None
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: damaged network file ({error}); {remedy}") from None
    if difference := first_difference(stored, settings):
        raise CheckpointError(f"{path}: trained under other settings: {difference}; {remedy}")
    return Networks(settings, tensors)  # equal to what is stored, and in the order of params.yaml


def digest(tensors: Tensors) -> str:
    """SHA-256 of all names and values."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return found.hexdigest()


def prefixed(prefix: str, tensors: Tensors) -> Tensors:
    """The same tensors with a prefix before their names."""
    return {prefix + name: t for name, t in tensors.items()}


def joined(parts: Iterable[Tensors], dim: int) -> Tensors:
    """Tensors of the same names joined along the dimension of the replicates."""
    parts = list(parts)
    return {name: torch.cat([part[name] for part in parts], dim) for name in parts[0]}


def _below(tensors: Tensors, prefix: str) -> Tensors:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
