"""The one training loop: all variants and replicates of a `networks:` block in one process, into one file."""

import hashlib
import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

from netspectra.data.images import Dataset, Split
from netspectra.data.images import load as load_data
from netspectra.errors import TrainingError
from netspectra.files import replacing
from netspectra.machine import pick_device, use_threads
from netspectra.networks import checkpoints
from netspectra.networks.checkpoints import Tensors, joined, prefixed, variant_settings
from netspectra.networks.ensembles import Ensemble
from netspectra.training import interventions, probes
from netspectra.training.optimisers import OPTIMISERS

RESUME = Path(".resume")
SAVE_EVERY_S = 10.0
TURN_S, NO_MORE = 5.0, 2**31 - 1
# Batch and parameters per network from which arithmetic, not the calls, is the cost on a CPU.
STACK_BELOW = {"batch": 512, "parameters": 200_000}


@dataclass(frozen=True)
class Group:
    """Replicates of one variant that train together."""

    variant: str
    settings: dict
    replicates: range

    @property
    def seeds(self) -> list[int]:
        """Seed of each replicate: it alone, not the company, decides what a replicate becomes."""
        return [self.settings["seed"] + r for r in self.replicates]

    @property
    def key(self) -> str:
        """Name of the group's resume file: a digest of everything that decides its numbers."""
        text = json.dumps([self.variant, self.settings, self.seeds, torch.__version__], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]


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
    data = load_data(inputs["data"], block["data"], device)
    folder = RESUME / settings["name"]
    parts: dict[str, list[Tensors]] = {}
    found = list(groups(block, device))
    if device.type == "cpu" and min(len(found), settings["threads"]) > 1:
        _train_ahead(found, data, folder, settings["threads"])
    use_threads(settings["threads"])
    for group in found:
        print(f"{settings['name']}: {group.variant}, replicates {list(group.replicates)} on {device}", flush=True)
        parts.setdefault(group.variant, []).extend(_train_what_fits(group, data, folder))
    tensors = {name: t for variant, found in parts.items() for name, t in _gather(variant, found).items()}
    origin = {"seeds": [block["seed"] + r for r in range(block["replicates"])], "device": str(device)}
    checkpoints.save(outputs["networks"], block, tensors, data_checksum=data.checksum, **origin)
    shutil.rmtree(folder, ignore_errors=True)


def groups(block: dict, device: torch.device) -> Iterator[Group]:
    """Replicates stacked on a GPU; on a CPU stacked where that pays and looped where it does not."""
    for variant in block["variants"]:
        settings = variant_settings(block, variant) | {"variants": {}}
        size = settings["replicates"] if device.type != "cpu" or _stacking_pays(settings) else 1
        for start in range(0, settings["replicates"], size):
            yield Group(variant, settings, range(start, min(start + size, settings["replicates"])))


def _stacking_pays(settings: dict) -> bool:
    """On a CPU: where the calls are the cost, or where one product with the shared images serves all replicates."""
    architecture = settings["architecture"]
    if architecture["type"] != "fully_connected":
        return False
    parameters = sum(d * nodes for d, nodes in pairwise(architecture["widths"]))
    small = settings["batch"] < STACK_BELOW["batch"] and parameters < STACK_BELOW["parameters"]
    return small or settings["order"] == "shared"


def _train_ahead(found: list[Group], data: Dataset, folder: Path, workers: int) -> None:
    """Train groups in processes of one thread each, which beat one process of many threads, up to their last states.

    Groups take turns, so that all processes are busy to the end. Forked before any thread is started, so that they
    share the data. What fails there fails again, and is reported, in this process, which takes up the states.
    """
    context, parent = multiprocessing.get_context("fork"), os.getpid()
    turns = context.Array("i", len(found))  # that each group has had; NO_MORE where it is finished or in other hands

    def train_for_a_turn(group: Group, had: int) -> _Run:
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


def advance(group: Group, data: Dataset, folder: Path, go_on: Callable[[], bool], turns: int = 0) -> "_Run":
    """Train a group from its last saved state for as long as `go_on`, asked after every epoch, says so; save it.

    `turns` is how many it has had in this process and those beside it.
    """
    path = folder / f"{group.key}.safetensors"
    run = _Run(group, data)
    run.resume(path)
    if not turns and 0 < run.step < run.steps:
        print(f"  resumed at step {run.step} of {run.steps}", flush=True)
    saved, start = time.monotonic(), run.step
    while not run.finished:
        run.epoch()
        if not go_on():
            break
        if time.monotonic() - saved > SAVE_EVERY_S:
            run.save(path)
            saved = time.monotonic()
    if run.step > start:
        run.save(path)
    return run


class _Run:
    """The state of one group in training."""

    def __init__(self, group: Group, data: Dataset) -> None:
        self.group, self.data, self.settings = group, data, group.settings
        device = data.train.labels.device
        initial = Ensemble.initial(self.settings["architecture"], group.seeds).to(device)
        self.shapes = {name: p.shape for name, p in initial.parameters.items()}
        self.theta = torch.cat([p.flatten(1) for p in initial.parameters.values()], 1)
        self.gradient = torch.empty_like(self.theta)
        self.network = initial.network
        optimiser = dict(self.settings["optimiser"])
        rates = torch.full((len(group.seeds),), optimiser.pop("rate"), device=device)
        self.optimiser = OPTIMISERS[optimiser.pop("name")](self.theta, rates, **optimiser)
        self.batch = min(self.settings["batch"], len(data.train.labels))
        self.per_epoch = -(-len(data.train.labels) // self.batch)
        self.steps = self.per_epoch * self.settings["epochs"]
        self.snapshots_at = {round(f * self.steps): f for f in self.settings["snapshots"]}
        self.step = 0
        self.kept: Tensors = {}
        self.records: dict[str, tuple[torch.Tensor, int]] = {}
        self.past: list[Tensors] = []

    def stack(self) -> Ensemble:
        """The networks as they are; writing to them changes the flat parameters in place."""
        flat = self.theta.split([s[1:].numel() for s in self.shapes.values()], 1)
        return Ensemble(self.network, {n: t.view(s) for (n, s), t in zip(self.shapes.items(), flat, strict=True)})

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.step == self.steps

    def epoch(self) -> None:
        """One pass over the training set, with the probes, snapshots and interventions that fall into it."""
        if self.step == 0:
            self._snapshot()
            self._test()
        for index in self._order().split(self.batch, -1):
            self._learn(*self.data.train.batch(index))
            self._snapshot()
        self._check(self.records["loss"][0][self.per_epoch - 1])
        epoch = self.step // self.per_epoch
        if action := self.settings.get("intervention"):
            interventions.at_epoch(self.stack(), self.data, epoch, self.settings["epochs"], action)
        if epoch % self.settings["test_every"] == 0 or self.finished:
            self._test()
        self._settle()

    def save(self, path: Path) -> None:
        """Write all that is needed to go on bit for bit."""
        state = {"theta": self.theta, **prefixed("optimiser/", self.optimiser.state), **prefixed("kept/", self.kept)}
        state |= prefixed("history/", self._history())
        with replacing(path) as temporary:
            save_file({n: t.detach().cpu().contiguous() for n, t in state.items()}, temporary, {"step": str(self.step)})

    def resume(self, path: Path) -> None:
        """Take up a saved state, if there is one; one that is damaged is dropped, and training starts over."""
        try:
            state = load_file(path, device=str(self.theta.device))
        except FileNotFoundError:
            return
        except SafetensorError:
            path.unlink()
            return
        self.theta.copy_(state["theta"])
        for name, t in self.optimiser.state.items():
            t.copy_(state[f"optimiser/{name}"])
        self.kept = {n.removeprefix("kept/"): t for n, t in state.items() if n.startswith("kept/")}
        self.past = [{n.removeprefix("history/"): t for n, t in state.items() if n.startswith("history/")}]
        self.step = int(self.past[0]["step"][-1]) + 1

    def result(self) -> Tensors:
        """Everything the group leaves behind."""
        final = prefixed("final/", self.stack().parameters)
        return final | self.kept | prefixed("history/", self._history())

    def _order(self) -> torch.Tensor:
        """Order of the samples in this epoch, from the seed and the epoch alone, so that resuming needs no state."""
        epoch, count = self.step // self.per_epoch, len(self.data.train.labels)
        seeds = [self.settings["seed"]] if self.settings["order"] == "shared" else self.group.seeds
        orders = [torch.randperm(count, generator=torch.Generator().manual_seed(s * 100_003 + epoch)) for s in seeds]
        return (orders[0] if self.settings["order"] == "shared" else torch.stack(orders)).to(self.theta.device)

    def _learn(self, x: torch.Tensor, y: torch.Tensor) -> None:
        due = [probe for probe in self.settings["probes"] if self.step % probe["every"] == 0]
        stack = self.stack()
        weights = [p.requires_grad_() for p in stack.parameters.values()]
        logits, kept = stack(x, probes.wanted(self.network) if due else ())
        labels = y.expand(len(logits), -1)
        losses = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").unflatten(0, labels.shape)
        losses = losses.mean(1)
        gradients = torch.autograd.grad(losses.sum(), weights)
        with torch.no_grad():
            torch.cat([g.flatten(1) for g in gradients], 1, out=self.gradient)
            accuracy = (logits.argmax(-1) == labels).float().mean(1)
            self._record("step", torch.tensor(self.step), loss=losses, accuracy=accuracy)
            for probe in due:
                found = probes.PROBES[probe["name"]](self.stack(), kept)
                self._record(f"{probe['name']}/step", torch.tensor(self.step), **prefixed(f"{probe['name']}/", found))
            self.optimiser.step(self.gradient)
        self.step += 1

    def _snapshot(self) -> None:
        if (fraction := self.snapshots_at.get(self.step)) is not None:
            copies = {name: p.clone() for name, p in self.stack().parameters.items()}
            self.kept |= prefixed(f"snapshot/{fraction:g}/", copies)

    def _test(self) -> None:
        loss, accuracy = evaluate(self.stack(), self.data.test)
        self._record("test/step", torch.tensor(self.step), **{"test/loss": loss, "test/accuracy": accuracy})

    def _check(self, loss: torch.Tensor) -> None:
        if not torch.isfinite(loss).all():
            raise TrainingError(
                f"{self.group.variant}: the loss is not finite at step {self.step}; lower optimiser.rate "
                f"(now {self.settings['optimiser']['rate']})"
            )

    def _record(self, step_name: str, step: torch.Tensor, **values: torch.Tensor) -> None:
        """One row each, in room for an epoch: small tensors that stay would break up the memory of large ones."""
        for name, value in {step_name: step, **values}.items():
            rows, filled = self.records.get(name) or (value.new_empty(self.per_epoch + 1, *value.shape), 0)
            rows[filled] = value.detach()
            self.records[name] = rows, filled + 1

    def _settle(self) -> None:
        """Put the records of the epoch away."""
        self.past.append({name: rows[:filled] for name, (rows, filled) in self.records.items()})
        self.records = {}

    def _history(self) -> Tensors:
        names = dict.fromkeys(name for part in self.past for name in part)
        return {name: torch.cat([part[name].cpu() for part in self.past if name in part]) for name in names}


def evaluate(stack: Ensemble, split: Split, batch: int = 500) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean cross-entropy (nats) and accuracy in [0, 1] of every network over a split, each (R,), float64."""
    loss = hits = 0
    with torch.no_grad():
        for x, y in split.batches(batch):
            logits, _ = stack(x)
            labels = y.expand(len(logits), -1)
            loss += F.cross_entropy(logits.mT, labels, reduction="none").double().sum(1)
            hits += (logits.argmax(-1) == labels).double().sum(1)
    return loss / len(split.labels), hits / len(split.labels)


def _gather(variant: str, parts: list[Tensors]) -> Tensors:
    """Results of a variant's groups as one, named as in `checkpoints.Networks`."""
    gathered = {}
    for kind, dim in (("final/", 0), ("snapshot/", 0), ("history/", 1)):
        chosen = [{n: t for n, t in part.items() if n.startswith(kind)} for part in parts]
        steps = {n: t for n, t in chosen[0].items() if n.split("/")[-1] == "step"}
        rest = joined([{n: t.cpu() for n, t in part.items() if n not in steps} for part in chosen], dim)
        for name, t in {**steps, **rest}.items():
            at = 2 if kind == "snapshot/" else 1
            words = name.split("/")
            gathered["/".join([*words[:at], variant, *words[at:]])] = t
    return gathered
