"""Prepared text as token ids on the device, read in windows of which every token is to tell the next."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import safetensors
import torch

from netspectra.data.images import Dataset
from netspectra.data.prepared import opened
from netspectra.errors import DataError

FACTS = ("set", "checksum", "words")
LOGITS_AT_ONCE = 2**24


@dataclass(frozen=True, eq=False)
class Windows:
    """One split of a text, cut into windows that follow one another; a sample is a window.

    Attributes:
        tokens: Ids in the order of the text, int64 (tokens,).
        length: Tokens in a window.
        vocabulary: Ids are below this.
    """

    tokens: torch.Tensor
    length: int
    vocabulary: int

    def __len__(self) -> int:
        return (len(self.tokens) - 1) // self.length

    @property
    def device(self) -> torch.device:
        """Where the tokens are."""
        return self.tokens.device

    @property
    def at_once(self) -> int:
        """Windows whose logits are held at once where nothing is learned."""
        return max(1, LOGITS_AT_ONCE // (self.length * self.vocabulary))

    def batch(self, index: torch.Tensor | slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens and the tokens that follow them, each (..., length), for an index of any shape (...)."""
        end = len(self) * self.length
        now, following = self.tokens[:end], self.tokens[1 : end + 1]
        return now.view(-1, self.length)[index], following.view(-1, self.length)[index]

    def batches(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """All windows in order, `size` at a time; the last batch holds what is left."""
        for start in range(0, len(self), size):
            yield self.batch(slice(start, start + size))


def load(
    path: Path | str, settings: dict, *, length: int, vocabulary: int, device: torch.device | str = "cpu"
) -> Dataset:
    """Read a prepared text as the `data:` part of a network block asks for it.

    Args:
        path: File that `netspectra.data.prepare` wrote.
        settings: {"set", "train", "test": the first so many tokens or None for all}.
        length: Tokens in a window.
        vocabulary: Ids that are told apart; those from here on become 0, the unknown word.
        device: Where the tokens go.

    Raises:
        DataError: Missing or damaged file, another set than asked for, more tokens or ids than there are, fewer tokens
            than make one window, or something asked for that a text does not have.
    """
    if asked := [key for key in ("grey", "permute_labels") if settings.get(key)]:
        raise DataError(f"data.{asked[0]}: wanted false for a text, found true")
    path = Path(path)
    with opened(path, settings["set"], FACTS, str(device)) as (file, facts):
        words = facts["words"]
        if not 1 < vocabulary <= len(words):
            raise DataError(f"{path}: vocabulary of {vocabulary} words asked for, wanted 2 to {len(words)}")
        splits = {part: _first(file, path, part, settings[part], len(words)) for part in ("train", "test")}
    for part, ids in splits.items():
        if len(ids) <= length:
            raise DataError(f"data.{part}: wanted more than {length} tokens, one window, found {len(ids)}")
    windows = {part: Windows(torch.where(ids < vocabulary, ids, 0), length, vocabulary) for part, ids in splits.items()}
    return Dataset(**windows, classes=tuple(words[:vocabulary]), checksum=facts["checksum"])


def _first(file: safetensors.safe_open, path: Path, part: str, count: int | None, vocabulary: int) -> torch.Tensor:
    """The first `count` ids; only they are read from the disk."""
    ids = file.get_slice(f"{part}_tokens")
    shape, kind = ids.get_shape(), ids.get_dtype()
    if len(shape) != 1 or kind != "I32":
        raise ValueError(f"{part}: wanted 32-bit ids (tokens,), found {kind} of shape {shape}")
    if count is not None and not 0 < count <= shape[0]:
        raise DataError(f"{path}: data.{part} asks for {count} tokens, wanted 1 to {shape[0]}, or null for all")
    chosen = ids[:count].long()
    if len(chosen) and not 0 <= int(chosen.min()) <= int(chosen.max()) < vocabulary:
        raise ValueError(
            f"{part}: wanted ids from 0 to {vocabulary - 1}, found {int(chosen.min())} to {int(chosen.max())}"
        )
    return chosen
