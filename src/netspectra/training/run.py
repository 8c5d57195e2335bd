"""One group in training: its steps, records, snapshots and saved states."""

import torch
from torch.nn import functional as F

from netspectra.data.images import Dataset, Split
from netspectra.errors import TrainingError
from netspectra.networks.checkpoints import Tensors, prefixed
from netspectra.networks.ensembles import Ensemble
from netspectra.training import interventions, probes
from netspectra.training.groups import Group
from netspectra.training.optimisers import OPTIMISERS


class Run:
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
        rates = torch.tensor(group.rates, device=device)
        del optimiser["rate"]
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

    def state(self) -> Tensors:
        """All that is needed to go on bit for bit."""
        state = {"theta": self.theta, **prefixed("optimiser/", self.optimiser.state), **prefixed("kept/", self.kept)}
        return state | {"step": torch.tensor(self.step)} | prefixed("history/", self._history())

    def restore(self, state: Tensors) -> None:
        """Take up what `state` gave.

        Raises:
            ValueError: It cannot be of this training.
        """
        wanted = {"theta": self.theta, "step": torch.tensor(0), **prefixed("optimiser/", self.optimiser.state)}
        for name, t in wanted.items():
            if name not in state or state[name].shape != t.shape or not state[name].isfinite().all():
                raise ValueError(f"state: wanted finite numbers of shape {tuple(t.shape)} in {name}")
        step = int(state["step"])
        rows = {len(t) for n, t in state.items() if n in ("history/step", "history/loss", "history/accuracy")}
        if not 0 < step <= self.steps or step % self.per_epoch or rows != {step}:
            raise ValueError(f"state: wanted the end of an epoch of {self.per_epoch} steps, found step {step}")
        self.theta.copy_(state["theta"])
        for name, t in self.optimiser.state.items():
            t.copy_(state[f"optimiser/{name}"])
        self.kept = {n.removeprefix("kept/"): t for n, t in state.items() if n.startswith("kept/")}
        self.past = [{n.removeprefix("history/"): t for n, t in state.items() if n.startswith("history/")}]
        self.step = step

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
