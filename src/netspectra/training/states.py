"""States: whether tensors that were saved in the middle of training can be taken up."""

from collections.abc import Mapping, Sequence

import torch

from netspectra.training.records import series_of

Tensors = dict[str, torch.Tensor]


def parted(state: Tensors, *prefixes: str) -> list[Tensors]:
    """The tensors whose names have none of the prefixes, then those of each prefix without it."""
    rest = {name: t for name, t in state.items() if not name.startswith(prefixes)}
    parts = ({n.removeprefix(p): t for n, t in state.items() if n.startswith(p)} for p in prefixes)
    return [rest, *parts]


def check_step(state: Tensors, steps: int, per_epoch: int) -> int:
    """The number of steps that were made: whole epochs of those that there are.

    Raises:
        ValueError: There is none, or it is none of these.
    """
    step = state.get("step")
    if step is None or step.shape != () or step.dtype != torch.int64:
        raise ValueError(f"state: wanted a step, one int64, found {step}")
    if not 0 <= step <= steps or step % per_epoch:
        raise ValueError(f"state: wanted a step from 0 to {steps} in steps of {per_epoch}, found {int(step)}")
    return int(step)


def check_ends(ends: torch.Tensor, step: int, steps: int, per_epoch: int) -> None:
    """Every network ended with an epoch that was made, or is to end with the last.

    Raises:
        ValueError: One did not.
    """
    odd = ((ends > step) & (ends != steps)) | (ends <= 0) | (ends % per_epoch != 0)
    if odd.any():
        raise ValueError(f"state: wanted ends of epochs up to step {step}, or {steps}, found {ends.tolist()}")


def check_tensors(found: Tensors, wanted: Tensors) -> None:
    """Names, shapes and dtypes are those wanted, and all numbers are finite.

    Raises:
        ValueError: They are not; names the first that differs.
    """
    if odd := found.keys() ^ wanted.keys():
        raise ValueError(f"state: wanted {len(wanted)} tensors; missing or not known: {', '.join(sorted(odd))}")
    for name, t in wanted.items():
        for what, has, wants in (("shape", found[name].shape, t.shape), ("dtype", found[name].dtype, t.dtype)):
            if has != wants:
                raise ValueError(f"state: wanted {name} of {what} {wants}, found {has}")
        if not found[name].isfinite().all():
            raise ValueError(f"state: wanted finite numbers, found NaN or infinity in {name}")


def check_history(history: Tensors, due: Mapping[str, Sequence[int]], networks: int) -> None:
    """Every series has its rows, one for each step that was due, for every network.

    Raises:
        ValueError: It has not; names the first that differs.
    """
    for series, steps in due.items():
        names = {name for name in history if series_of(name) == series}
        if len(names) < 2 or f"{series}step" not in names or history[f"{series}step"].tolist() != list(steps):
            raise ValueError(f"state: wanted rows of history/{series}step for {len(steps)} steps, found others")
        for name in names - {f"{series}step"}:
            if (shape := history[name].shape)[:2] != (len(steps), networks):
                raise ValueError(
                    f"state: wanted history/{name} of shape ({len(steps)}, {networks}, ...), found {shape}"
                )
    if odd := {series_of(name) for name in history} - due.keys():
        raise ValueError(f"state: wanted histories of {', '.join(due)}; not known: {', '.join(sorted(odd))}")
