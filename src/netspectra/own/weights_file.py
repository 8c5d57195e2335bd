"""What a safetensors file holds, read from its header alone, and how that fits the shapes that are wanted."""

import json
from collections.abc import Mapping
from pathlib import Path

from netspectra.errors import CheckpointError

Shapes = dict[str, tuple[int, ...]]
LONGEST = 100_000_000  # bytes of a header, as the format has it
SHOWN = 3
WRITE = 'safetensors.torch.save_file(model.state_dict(), "weights.safetensors")'


def shapes_in(file: Path | str) -> Shapes:
    """Shapes of the tensors by name.

    Raises:
        CheckpointError: No such file, or no safetensors; files that would have to be unpickled are refused.
    """
    file = Path(file)
    if not file.is_file():
        raise CheckpointError(f"{file}: no such file", f"name one that was written by {WRITE}")
    if file.suffix != ".safetensors":
        raise CheckpointError(f"{file}: wanted a .safetensors file, as others would be unpickled", f"write it: {WRITE}")
    try:
        with file.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(size)) if 0 < size <= LONGEST else None
        return {name: tuple(facts["shape"]) for name, facts in header.items() if name != "__metadata__"}
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        problem = f"{file}: damaged, or no safetensors file ({type(error).__name__})"
        raise CheckpointError(problem, f"write it anew: {WRITE}") from None


def check(file: Path | str, found: Shapes, wanted: Shapes, tied: Mapping[str, str] | None = None) -> None:
    """Hold the tensors of a file against those of a network.

    Args:
        file: For the message.
        found: Shapes in the file.
        wanted: Shapes of the network's state.
        tied: Names in the network's state that share a tensor with another name; one of the two is enough.

    Raises:
        CheckpointError: Names that are missing or too many, or other shapes; all in one line.
    """
    tied = tied or {}
    missing = [name for name in wanted if name not in found and tied.get(name) not in found]
    extra = [name for name in found if name not in wanted]
    unlike = [n for n, shape in found.items() if n in wanted and shape != wanted[n]]
    parts = [f"it lacks {_few(missing)}"] if missing else []
    parts += [f"it has {_few(extra)}, which the network lacks"] if extra else []
    parts += [f"{n} is {found[n]}, wanted {wanted[n]}" for n in unlike[:SHOWN]]
    if parts:
        raise CheckpointError(f"{file}: does not fit the network: {'; '.join(parts)}", _remedy(missing, extra))


def _few(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _remedy(missing: list[str], extra: list[str]) -> str:
    """What mends it, where the names differ by what stands before all of them."""
    for name in missing:
        for other in extra:
            if other.endswith(f".{name}"):
                before = other.removesuffix(name)
                return f"take {before!r} from the names: {{k.removeprefix({before!r}): v for k, v in state.items()}}"
    return "name the function, and arguments such as num_classes, that the weights are of"
