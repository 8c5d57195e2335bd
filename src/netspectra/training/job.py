"""The training job: a `networks:` block into one file; of its networks, only those that are not kept are trained."""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError

from netspectra.data.images import Dataset
from netspectra.data.tasks import load
from netspectra.errors import TrainingError
from netspectra.machine import pick_device, use_threads
from netspectra.networks import checkpoints
from netspectra.networks.checkpoints import Tensors
from netspectra.training.groups import Member, gather, groups, networks, stacks, taken_apart
from netspectra.training.keys import circumstances, fingerprint
from netspectra.training.resuming import Work, advance
from netspectra.training.run import Run
from netspectra.training.store import Store
from netspectra.training.workers import in_turns

STATES, NETWORKS = Path(".resume"), Path(".store")
SHARED = "NETSPECTRA_STORE"  # names a folder of networks that several clones have in common
LIMITS = {"store_mb": 4000, "save_every_s": 10.0, "turn_s": 5.0}

Trained = dict[Member, Tensors]


@dataclass(frozen=True)
class Job:
    """What one job has to do, and what it may take.

    Attributes:
        name: Of the block.
        works: All groups of the block.
        threads: For the sums of every group, whoever trains it, so that its numbers do not depend on that.
        processes: At most so many train at once.
        states: Where the state of a training is saved.
        store: Where trained networks are kept.
        limits: As `LIMITS`.
    """

    name: str
    works: list[Work]
    threads: int
    processes: int
    states: Store
    store: Store
    limits: dict

    def networks(self) -> Trained:
        """All networks of the block, from the store or trained now."""
        kept = {
            member: tensors
            for work in self.works
            for member, key in zip(work.group.members, work.keys, strict=True)
            if (tensors := self.store.get(key)) is not None
        }
        count = sum(len(work.group) for work in self.works)
        print(f"{self.name}: {len(kept)} of {count} networks are in {self.store.folder}", flush=True)
        return kept | self.train([part for work in self.works if (part := _without(work, kept))])

    def train(self, missing: list[Work]) -> Trained:
        """Train networks and keep them."""
        self.states.trim(self.limits["store_mb"], frozenset(work.state_key for work in missing))
        if self.threads == 1 and min(self.processes, len(missing)) > 1:
            in_turns(len(missing), self.processes, lambda i, before: self.turn(missing[i], before))
        use_threads(self.threads)
        trained: Trained = {}
        for work in missing:
            replicates = [member.replicate for member in work.group.members]
            print(f"{self.name}: {work.group.variant}, replicates {replicates}", flush=True)
            for part, result in self.train_what_fits(work):
                trained |= self.keep(part, result)
                self.states.drop(part.state_key)
        return trained

    def turn(self, work: Work, before: int) -> bool:
        """Train for a turn in a process of its own, as long as its parent lives; whether it is finished.

        Args:
            work: What is trained.
            before: Turns that it has had in this job.
        """
        ends, parent = time.monotonic() + self.limits["turn_s"], os.getppid()
        return self.advance(work, lambda: os.getppid() == parent and time.monotonic() < ends, not before).finished

    def advance(self, work: Work, go_on: Callable[[], bool] = lambda: True, tell: bool = True) -> Run:
        """Train from the last saved state."""
        return advance(work, self.states, go_on, self.limits["save_every_s"], tell)

    def train_what_fits(self, work: Work) -> Iterator[tuple[Work, Tensors]]:
        """Train a group to its end, in halves where the memory is too small for all of it."""
        try:
            result = self.advance(work).result()
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
            if work.group.size == 1:
                remedy = "lower batch, or set device: cpu"
                raise TrainingError(f"{work.group.variant}: not even one network fits into memory; {remedy}") from error
        else:
            yield work, result
            return
        print(f"  out of memory; going on with {len(work.group)} networks in two halves", flush=True)
        self.states.drop(work.state_key)
        torch.cuda.empty_cache()
        for half in work.group.halves():
            yield from self.train_what_fits(work.on(half))

    def keep(self, work: Work, result: Tensors) -> Trained:
        """Take a group's result apart, and keep it for the next time; where there is no room for it, say so."""
        parts = taken_apart(result, work.group.slots)
        try:
            for key, tensors in zip(work.keys, parts, strict=True):
                self.store.put(key, tensors)
            self.store.trim(self.limits["store_mb"])
        except (OSError, SafetensorError) as error:
            print(f"  not kept for another time: {error}", flush=True)
        return dict(zip(work.group.members, parts, strict=True))


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Train a network block, as far as its networks are not kept from another time, and write its file.

    Args:
        inputs: {"data": path of a prepared set, or paths of all sets that the variants use, each named as its set}.
        outputs: {"networks": path}.
        settings: {"name", "network": the block, "device", "threads" that decide the order of sums, "granted" threads
            that decide how many processes there are, "code": digest of the job's code by meaning}, and where they are
            not those of `LIMITS`, "store_mb", "save_every_s" and "turn_s".

    Raises:
        TrainingError: A network diverged, or one does not fit into memory.
        ValueError: A variant asks for a data set that is not among the inputs.
    """
    use_threads(1)
    block, device = settings["network"], pick_device(settings["device"])
    job = plan(inputs, settings, device)
    trained = job.networks()
    tensors = gather({member: trained[member] for _, member in networks(block)})
    seeds, checksums = _by_variant(job.works)
    facts = {"seeds": seeds, "device": str(device), "data_checksum": checksums}
    checkpoints.save(outputs["networks"], block, tensors, **facts)


def plan(inputs: dict, settings: dict, device: torch.device) -> Job:
    """What a job has to do; data are read, and nothing is trained.

    One stack takes the threads of the job for its sums. Where there are several, processes of one thread each beat one
    process of many threads, and every group takes one thread, even where a single process trains them all.
    """
    block = settings["network"]
    alone = device.type != "cpu" or len(stacks(block, device)) == 1
    threads = settings["threads"] if alone else 1
    facts = circumstances(settings["code"], device, threads)
    read = Data(_files(inputs["data"]), device)
    works = [Work(group, *read(group.settings), facts) for group in groups(block, device)]
    processes = settings.get("granted", settings["threads"]) if device.type == "cpu" else 1
    limits = LIMITS | {key: settings[key] for key in LIMITS if key in settings}
    store = Store(Path(os.environ.get(SHARED) or NETWORKS))
    return Job(settings["name"], works, threads, processes, Store(STATES), store, limits)


class Data:
    """Prepared sets as variants ask for them, each read once.

    Args:
        files: Files of prepared data by set.
        device: Where the data go.
    """

    def __init__(self, files: dict[str, Path], device: torch.device) -> None:
        self.files, self.device = files, device
        self.read: dict[str, tuple[Dataset, str]] = {}

    def __call__(self, settings: dict) -> tuple[Dataset, str]:
        """The data of a variant, and their fingerprint.

        Raises:
            ValueError: Its data set is not among the files.
        """
        name = settings["data"]["set"]
        if name not in self.files:
            raise ValueError(f"data.set: wanted one of {', '.join(self.files)}, found {name!r}")
        asked = [settings["data"], settings.get("task"), settings["architecture"].get("vocabulary")]
        key = json.dumps(asked, sort_keys=True)
        if key not in self.read:
            data = load(self.files[name], settings, self.device)
            self.read[key] = data, fingerprint(data)
        return self.read[key]


def _files(given: str | Path | list[str]) -> dict[str, Path]:
    paths = [given] if isinstance(given, str | Path) else given
    return {Path(path).stem: Path(path) for path in paths}


def _without(work: Work, kept: Trained) -> Work | None:
    """What is still to be trained of a group."""
    missing = [i for i, member in enumerate(work.group.members) if member not in kept]
    return work.on(work.group.only(missing)) if missing else None


def _out_of_memory(error: Exception) -> bool:
    """Torch has a type of its own for GPUs alone."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def _by_variant(works: list[Work]) -> tuple[object, object]:
    """Seeds, and checksums of the data, of the variants: one for all where they have them in common."""
    seeds: dict[str, list[int]] = {}
    checksums: dict[str, str] = {}
    for work in works:
        for member in sorted(work.group.members, key=lambda m: m.replicate):
            seeds.setdefault(member.variant, []).append(member.seed)
            checksums[member.variant] = work.data.checksum
    return _common(seeds), _common(checksums)


def _common(values: dict) -> object:
    first, *others = values.values()
    return first if all(other == first for other in others) else values
