"""The training job: all variants and replicates of a `networks:` block in one process, into one file."""

import multiprocessing
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from netspectra.data.images import Dataset
from netspectra.errors import TrainingError
from netspectra.files import replacing
from netspectra.machine import pick_device, use_threads
from netspectra.networks import checkpoints
from netspectra.networks.checkpoints import Tensors
from netspectra.training.groups import Group, gather, groups
from netspectra.training.run import Run
from netspectra.training.tasks import load

RESUME = Path(".resume")
SAVE_EVERY_S = 10.0
TURN_S, NO_MORE = 5.0, 2**31 - 1


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Train a network block and write its file.

    Args:
        inputs: {"data": path of the prepared set}.
        outputs: {"networks": path}.
        settings: {"name", "network": the block, "device", "threads"}.

    Raises:
        TrainingError: The loss became NaN or infinite.
    """
    use_threads(1)
    block, device = settings["network"], pick_device(settings["device"])
    data = load(inputs["data"], block, device)
    folder = RESUME / settings["name"]
    parts: dict[str, list[Tensors]] = {}
    found = list(groups(block, device))
    if device.type == "cpu" and min(len(found), settings["threads"]) > 1:
        _train_ahead(found, data, folder, settings["threads"])
    use_threads(settings["threads"])
    for group in found:
        print(f"{settings['name']}: {group.variant}, replicates {list(group.replicates)} on {device}", flush=True)
        parts.setdefault(group.variant, []).extend(_train_what_fits(group, data, folder))
    tensors = {name: t for variant, found in parts.items() for name, t in gather(variant, found).items()}
    origin = {"seeds": [block["seed"] + r for r in range(block["replicates"])], "device": str(device)}
    checkpoints.save(outputs["networks"], block, tensors, data_checksum=data.checksum, **origin)
    shutil.rmtree(folder, ignore_errors=True)


def _train_ahead(found: list[Group], data: Dataset, folder: Path, workers: int) -> None:
    """Train groups in processes of one thread each, which beat one process of many threads, up to their last states.

    Groups take turns, so that all processes are busy to the end. Forked before any thread is started, so that they
    share the data. What fails there fails again, and is reported, in this process, which takes up the states.
    """
    context, parent = multiprocessing.get_context("fork"), os.getpid()
    turns = context.Array("i", len(found))  # that each group has had; NO_MORE where it is finished or in other hands

    def train_for_a_turn(group: Group, had: int) -> Run:
        ends = time.monotonic() + TURN_S
        return advance(group, data, folder, lambda: os.getppid() == parent and time.monotonic() < ends, had)

    def work() -> None:
        while os.getppid() == parent:
            with turns:
                i = min(range(len(found)), key=turns.__getitem__)
                had, turns[i] = turns[i], NO_MORE
            if had == NO_MORE:
                return
            if not train_for_a_turn(found[i], had).finished:
                turns[i] = had + 1

    processes = [context.Process(target=work) for _ in range(min(workers, len(found)))]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def _train_what_fits(group: Group, data: Dataset, folder: Path) -> list[Tensors]:
    """Train a group, in halves where the memory is too small for all of it."""
    try:
        return [train(group, data, folder)]
    except (RuntimeError, MemoryError) as error:
        if not _out_of_memory(error):
            raise
        first, last = group.replicates[0], group.replicates[-1]
        if first == last:
            remedy = "lower batch, or set device: cpu"
            raise TrainingError(f"{group.variant}: not even one network fits into memory; {remedy}") from error
    middle = (first + last + 1) // 2
    print(f"  out of memory; going on with replicates {first} to {middle - 1}, then the rest", flush=True)
    torch.cuda.empty_cache()
    halves = (replace(group, replicates=half) for half in (range(first, middle), range(middle, last + 1)))
    return [part for half in halves for part in _train_what_fits(half, data, folder)]


def _out_of_memory(error: Exception) -> bool:
    """Torch has a type of its own for GPUs alone."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def train(group: Group, data: Dataset, folder: Path) -> Tensors:
    """Train one group, taking up a killed run where its last saved state stands.

    Args:
        group: What is trained together.
        data: What it is trained on.
        folder: Of the resume files.

    Returns:
        "final/<parameter>", "snapshot/<fraction>/<parameter>" with replicates first, and "history/<quantity>" with
        records first and replicates second.
    """
    return advance(group, data, folder, lambda: True).result()


def advance(group: Group, data: Dataset, folder: Path, go_on: Callable[[], bool], turns: int = 0) -> Run:
    """Train a group from its last saved state for as long as `go_on`, asked after every epoch, says so; save it.

    `turns` is how many it has had in this process and those beside it.
    """
    path = folder / f"{group.key}.safetensors"
    run = Run(group, data)
    resume(run, path)
    if not turns and 0 < run.step < run.steps:
        print(f"  resumed at step {run.step} of {run.steps}", flush=True)
    saved, start = time.monotonic(), run.step
    while not run.finished:
        run.epoch()
        if not go_on():
            break
        if time.monotonic() - saved > SAVE_EVERY_S:
            save(run, path)
            saved = time.monotonic()
    if run.step > start:
        save(run, path)
    return run


def save(run: Run, path: Path) -> None:
    """Write all that a training needs to go on bit for bit."""
    with replacing(path) as temporary:
        save_file({n: t.detach().cpu().contiguous() for n, t in run.state().items()}, temporary)


def resume(run: Run, path: Path) -> None:
    """Take up a saved state, if there is one; one that is damaged is dropped, and training starts over."""
    try:
        run.restore(load_file(path))
    except FileNotFoundError:
        return
    except (SafetensorError, ValueError):
        path.unlink()
