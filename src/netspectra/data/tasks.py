"""Prepared data as the task of a network reads them: images with classes, or windows of tokens."""

from pathlib import Path

import torch

from netspectra.data import images, tokens
from netspectra.data.images import Dataset


def load(path: Path | str, block: dict, device: torch.device | str = "cpu") -> Dataset:
    """The data that a network block asks for, as its task reads them.

    Args:
        path: File that `netspectra.data.prepare` wrote.
        block: Network block of one variant.
        device: Where the data go.

    Raises:
        DataError: Missing or damaged file, or one that does not hold what is asked for.
        ValueError: There is no such task, or its data and its architecture tell apart another number of words.
    """
    task = block.get("task", {"name": "classify"})
    if task["name"] == "classify":
        return images.load(path, block["data"], device)
    if task["name"] == "next_tokens":
        vocabulary, asked = block["architecture"]["vocabulary"], block["data"].get("vocabulary")
        if asked not in (None, vocabulary):
            raise ValueError(f"data.vocabulary: wanted null or {vocabulary}, as the architecture has it, found {asked}")
        return tokens.load(path, block["data"], length=task["length"], vocabulary=vocabulary, device=device)
    raise ValueError(f"task.name: wanted classify or next_tokens, found {task['name']!r}")
