"""What a job takes of the machine: a device, and fixed threads."""

from typing import TYPE_CHECKING

from netspectra.errors import DeviceError

if TYPE_CHECKING:
    import torch


def use_threads(threads: int) -> None:
    """Fix the number of threads: sums in another order give other last digits, whatever --cores says."""
    import torch

    torch.set_num_threads(threads)


def pick_device(wanted: str) -> "torch.device":
    """The device named by the setting `device`; "auto" takes CUDA, then MPS, then the CPU.

    Raises:
        DeviceError: A device is asked for by name and is not there.
    """
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, usable in there.items() if usable))
    if not there.get(wanted.partition(":")[0], False):
        usable = ", ".join(name for name, usable in there.items() if usable)
        problem = f"device: {wanted} asked for, but usable here: {usable}"
        raise DeviceError(problem, "set device: auto in params.yaml")
    return torch.device(wanted)
