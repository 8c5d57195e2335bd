"""Prepared data sets on the device as bytes, normalised there batch by batch."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors
import torch

from netspectra.data.prepared import opened
from netspectra.errors import DataError

LUMINANCE = (0.2989, 0.587, 0.114)  # of torchvision's Grayscale
FACTS = ("set", "checksum", "mean", "std", "classes")

Parts = dict[str, tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True, eq=False)
class Split:
    """Images and labels of one split.

    Attributes:
        images: uint8 (samples, C, H, W), or float32 (samples, C_out, H, W) that are normalised already.
        labels: int64 (samples,).
        scale: Factors (C_out, C) of the bytes; ToTensor, Normalize and Grayscale are one affine map. Diagonal, or one
            row for grey.
        shift: Added after that, (C_out,).
    """

    images: torch.Tensor
    labels: torch.Tensor
    scale: torch.Tensor
    shift: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def device(self) -> torch.device:
        """Where the images are."""
        return self.labels.device

    @property
    def at_once(self) -> int:
        """Images that are looked at at once where nothing is learned."""
        return 500

    def batch(self, index: torch.Tensor | slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised images (..., C_out, H, W), float32, and labels (...) for an index of any shape (...)."""
        if self.images.dtype != torch.uint8:
            return self.images[index], self.labels[index]
        x = self.images[index].float().mul_(self.scale.sum(0)[:, None, None])
        if len(self.scale) < x.shape[-3]:
            x = x.sum(-3, keepdim=True)
        return x.add_(self.shift[:, None, None]), self.labels[index]

    def batches(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """All samples in order, `size` at a time; the last batch holds what is left."""
        for start in range(0, len(self), size):
            yield self.batch(slice(start, start + size))

    def mixed(self) -> "Split":
        """The same split with its colours mixed once for all; four bytes a grey pixel take little more than three."""
        if self.scale.shape[0] == self.scale.shape[1]:
            return self
        images = self.images.new_empty((len(self), len(self.scale), *self.images.shape[2:]), dtype=torch.float32)
        for into, (x, _) in zip(images.split(1000), self.batches(1000), strict=True):
            into.copy_(x)
        return replace(self, images=images)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training and a test split, the names of the classes, and a checksum of the files they came from."""

    train: Split
    test: Split
    classes: tuple[str, ...]
    checksum: str


def load(path: Path | str, settings: dict, device: torch.device | str = "cpu") -> Dataset:
    """Read a prepared set as the `data:` part of a network block asks for it.

    Args:
        path: File that `netspectra.data.prepare` wrote.
        settings: {"set", "train", "test": the first so many images or None for all, "grey"}; where pixels are to be
            from 0 to 1, {"normalise": False}; and, where the training labels are to be one fixed random permutation of
            the true ones, {"permute_labels": True, "seed"}.
        device: Where the bytes go.

    Raises:
        DataError: Missing or damaged file, another set than asked for, fewer images than asked for, or labels to be
            permuted without a seed.
    """
    parts, facts = _read(Path(path), settings["set"], {part: settings[part] for part in ("train", "test")}, str(device))
    mean, std = facts["mean"], facts["std"]
    if not settings.get("normalise", True):
        mean, std = [0.0] * len(mean), [1.0] * len(std)
    scale, shift = _affine(mean, std, settings["grey"])
    splits = {part: Split(*both, scale.to(device), shift.to(device)).mixed() for part, both in parts.items()}
    if settings.get("permute_labels"):
        splits["train"] = _permuted(splits["train"], settings.get("seed"))
    return Dataset(**splits, classes=tuple(facts["classes"]), checksum=facts["checksum"])


def _affine(mean: list[float], std: list[float], grey: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """M (b / 255 - mean) / std = scale b + shift, where M is the identity or the luminance."""
    centre, sd = torch.tensor(mean, dtype=torch.float64), torch.tensor(std, dtype=torch.float64)
    mix = torch.eye(len(mean), dtype=torch.float64)
    if grey and len(mean) > 1:
        mix = torch.tensor([LUMINANCE], dtype=torch.float64)
    return (mix / (255 * sd)).float(), (-mix @ (centre / sd)).float()


def _permuted(split: Split, seed: int | None) -> Split:
    if seed is None:
        raise DataError("data.seed: permute_labels is set, but there is no seed", "give data.seed a whole number")
    order = torch.randperm(len(split), generator=torch.Generator().manual_seed(seed))
    return replace(split, labels=split.labels[order.to(split.labels.device)])


def _read(path: Path, wanted: str, counts: dict[str, int | None], device: str) -> tuple[Parts, dict]:
    with opened(path, wanted, FACTS, device) as (file, facts):
        return {part: _first(file, path, part, count, facts) for part, count in counts.items()}, facts


def _first(
    file: safetensors.safe_open, path: Path, part: str, count: int | None, facts: dict
) -> tuple[torch.Tensor, torch.Tensor]:
    """The first `count` images and labels; only they are read from the disk."""
    images, labels = file.get_slice(f"{part}_images"), file.get_slice(f"{part}_labels")
    (there,), shape = labels.get_shape(), images.get_shape()
    wanted, kinds = [there, len(facts["mean"]), *shape[2:4]], {images.get_dtype(), labels.get_dtype()}
    if shape != wanted or len(wanted) != 4 or kinds != {"U8"}:
        raise ValueError(f"{part}: wanted bytes, {there} images of {len(facts['mean'])} channels, found shape {shape}")
    if count is not None and not 0 < count <= there:
        raise DataError(f"{path}: data.{part} asks for {count} images, wanted 1 to {there}, or null for all")
    chosen = labels[:count].long()
    if (top := int(chosen.max())) >= len(facts["classes"]):
        raise ValueError(f"{part}: wanted labels below {len(facts['classes'])}, found {top}")
    return images[:count], chosen
