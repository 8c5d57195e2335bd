"""Official text files -> token ids, with a vocabulary that the training part alone decides."""

from collections import Counter
from pathlib import Path

import numpy as np

from netspectra.data.archives import read_whole, read_xz, read_zip
from netspectra.data.damage import reading, wrong
from netspectra.errors import DataError

UNKNOWN, END = "<unk>", "<eos>"
BYTES_PER_TOKEN = 32  # on average, at most; English has 5 to 6


def read_text_set(raw: Path, block: dict) -> tuple[dict[str, np.ndarray], list[str]]:
    """Token ids of both splits, and the words by id, as `encode` gives them.

    Args:
        raw: Folder of the official files.
        block: Block of the set: `files`; `parts`, {split: {"file", and "member" of a zip}}; `vocabulary`, the number of
            words; `counts`, tokens by split.

    Raises:
        DataError: Not such files, or not so many tokens or words.
    """
    return encode({split: _read(raw, block, split) for split in ("train", "test")}, block["vocabulary"])


def words_of(text: str) -> list[str]:
    """What stands between spaces, and `<eos>` at the end of every line, also of an empty one."""
    return [word for line in text.removesuffix("\n").split("\n") for word in (*line.split(), END)]


def encode(words: dict[str, list[str]], size: int | None = None) -> tuple[dict[str, np.ndarray], list[str]]:
    """Ids of words, and the words by id.

    The vocabulary holds `<unk>` (0), `<eos>` (1) and then the commonest words of the training part, equals by code
    point; every other word of either part is `<unk>`.

    Args:
        words: Of each split, "train" among them.
        size: Words of the vocabulary, or None for all.

    Returns:
        {"<split>_tokens": int32 (tokens,)}, and the words.

    Raises:
        DataError: The training part does not have so many words.
    """
    counts = Counter(words["train"])
    common = sorted(counts.keys() - {UNKNOWN, END}, key=lambda word: (-counts[word], word))
    if size is not None and not 2 <= size <= len(common) + 2:
        raise DataError(f"data: vocabulary: wanted 2 to {len(common) + 2} words of the training text, found {size}")
    vocabulary = [UNKNOWN, END, *common][:size]
    ids = {word: i for i, word in enumerate(vocabulary)}
    tokens = {
        f"{split}_tokens": np.array([ids.get(word, 0) for word in text], np.int32) for split, text in words.items()
    }
    return tokens, vocabulary


def _read(raw: Path, block: dict, split: str) -> list[str]:
    part, count = block["parts"][split], block["counts"][split]
    if part["file"] not in block["files"]:
        raise DataError(f"data: parts.{split}.file: wanted one of {', '.join(block['files'])}, found {part['file']}")
    path = raw / part["file"]
    with reading(path, "a text in UTF-8"):
        words = words_of(_content(path, part, count * BYTES_PER_TOKEN).decode())
    if len(words) != count:
        raise wrong(path, f"{count} tokens to {split}", len(words))
    return words


def _content(path: Path, part: dict, limit: int) -> bytes:
    if path.suffix == ".zip":
        return read_zip(path, part["member"], limit)
    return read_xz(path, limit) if path.suffix == ".xz" else read_whole(path, limit)
