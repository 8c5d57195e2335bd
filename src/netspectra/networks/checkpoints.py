"""Network files: safetensors that hold what was trained, how it went, and the settings it came from."""

import hashlib
import json
import platform
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
    """All networks of one `networks:` block; variants may differ in whatever the block says.

    Attributes:
        settings: The block they were trained under.
        tensors: "final/<variant>/<name>" (replicates, ...) and "snapshot/<fraction>/<variant>/<name>", parameters and
            buffers; "history/<variant>/<quantity>" (records, replicates, ...); and what else was told of each network
            at its end, "<kind>/<variant>/<quantity>" (replicates, ...).
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
            CheckpointError: There is no such variant or snapshot.
        """
        settings = variant_settings(self.settings, variant)
        prefix = f"final/{variant}/" if at is None else f"snapshot/{at:g}/{variant}/"
        if not (state := _below(self.tensors, prefix)):
            kept = ", ".join(f"{f:g}" for f in settings["snapshots"]) or "none"
            raise CheckpointError(f"no networks under {prefix}; snapshots kept: {kept}")
        return Ensemble.from_state(build(settings["architecture"]), state)

    def history(self, variant: str) -> Tensors:
        """What was recorded while the variant trained, by quantity, each (records, replicates, ...)."""
        return _below(self.tensors, f"history/{variant}/")


def variant_settings(settings: dict, variant: str) -> dict:
    """A network block with one variant's changes laid over it.

    Raises:
        CheckpointError: There is no such variant.
    """
    if variant not in settings["variants"]:
        raise CheckpointError(f"no variant {variant!r}; there are: {', '.join(settings['variants'])}")
    return merge(settings, settings["variants"][variant])


def save(path: Path, settings: dict, tensors: Tensors, **origin: object) -> None:
    """Write a network file under a temporary name and rename it."""
    write(path, tensors, settings=settings, torch=torch.__version__, python=platform.python_version(), **origin)


def load(path: Path, settings: dict, device: torch.device | str = "cpu") -> Networks:
    """Read a network file that was trained under `settings`.

    Raises:
        CheckpointError: Missing or damaged file, or one from other settings; the differing key is named.
    """
    path = Path(path)
    remedy = f"train it again: snakemake --forcerun train_{path.stem}"
    try:
        tensors, facts = read(path, device)
        stored = facts["settings"]
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such network file; {remedy}") from None
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{path}: damaged network file ({error}); {remedy}") from None
    if difference := first_difference(stored, settings):
        raise CheckpointError(f"{path}: trained under other settings: {difference}; {remedy}")
    return Networks(settings, tensors)  # equal to what is stored, and in the order of params.yaml


def write(path: Path, tensors: Tensors, **facts: object) -> None:
    """Write tensors with facts about them and a checksum, whole or not at all; equal content makes equal bytes."""
    facts["sha256"] = digest(tensors)
    metadata = {key: json.dumps(value, sort_keys=True) for key, value in facts.items()}
    with replacing(path) as temporary:
        save_file({name: t.detach().cpu().contiguous() for name, t in tensors.items()}, temporary, metadata)
        sort_header(temporary)


def read(path: Path, device: torch.device | str = "cpu") -> tuple[Tensors, dict]:
    """Tensors and facts that `write` wrote.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged; says how that shows.
    """
    try:
        with safetensors.safe_open(path, framework="pt", device=str(device)) as file:
            facts = {key: json.loads(value) for key, value in (file.metadata() or {}).items()}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        wanted = facts["sha256"]
    except KeyError:
        raise ValueError("it has no checksum") from None
    except (safetensors.SafetensorError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
    if (found := digest(tensors)) != wanted:
        raise ValueError(f"its tensors have checksum {found[:12]}..., wanted {str(wanted)[:12]}...")
    return tensors, facts


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


def _below(tensors: Tensors, prefix: str) -> Tensors:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
