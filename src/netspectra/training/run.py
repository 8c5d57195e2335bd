"""One group in training: its epochs, and what they leave behind."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from netspectra.data.images import Dataset
from netspectra.errors import TrainingError
from netspectra.networks import executors
from netspectra.networks.checkpoints import Tensors, prefixed
from netspectra.networks.ensembles import Ensemble
from netspectra.training import interventions
from netspectra.training.descent import Descent
from netspectra.training.freezing import Freezing
from netspectra.training.groups import Group
from netspectra.training.plan import Plan
from netspectra.training.probes import places, probe
from netspectra.training.records import Records, lengthened
from netspectra.training.states import check_ends, check_history, check_step, check_tensors, parted
from netspectra.training.tasks import accuracies, evaluate, losses

Rows = torch.Tensor | None  # indices of the networks that are still in training; None for all


class Run:
    """Networks in training.

    A network ends after the first epoch at whose end it reaches the training accuracy that `stop` asks for, whatever
    the others do, or else with the last epoch. What it is at its end is its result; it does not change afterwards.

    Args:
        group: The networks and their settings.
        data: What they are trained and tested on.

    Raises:
        ValueError: Settings that exclude each other, or that name what is not there.
    """

    def __init__(self, group: Group, data: Dataset) -> None:
        self.group, self.data, self.settings, self.device = group, data, group.settings, data.train.device
        self.plan = Plan(self.settings, len(data.train))
        initial = Ensemble.initial(self.settings["architecture"], group.seeds).to(self.device)
        self.network, self.buffers = initial.network, initial.buffers
        self.draws = executors.draws(self.network.train())
        self.probes = {asked["name"]: probe(asked["name"], self.network) for asked in self.settings["probes"]}
        schedule, clip = self.settings.get("schedule", {"name": "constant"}), self.settings.get("clip")
        self.descent = Descent(initial.parameters, self.settings["optimiser"], group.rates, schedule, clip)
        self.freezing = Freezing(self.network, self.settings.get("freeze", ()), self.steps)
        self.step = 0
        self.ends = torch.full((len(group.seeds),), self.steps)
        self.reached = torch.zeros(len(group.seeds), dtype=torch.float64)
        self.kept: Tensors = {}
        self.records = Records(self.plan.per_epoch + 1)

    def stack(self) -> Ensemble:
        """The networks as they are; writing to them changes them in place."""
        return Ensemble(self.network, self.descent.parameters, self.buffers)

    @property
    def steps(self) -> int:
        """Of the whole training."""
        return self.plan.steps

    @property
    def finished(self) -> bool:
        """Whether every network has come to its end."""
        return not (self.ends > self.step).any()

    def epoch(self) -> None:
        """One pass over the training set, with the probes, snapshots and interventions that fall into it.

        Raises:
            TrainingError: The parameters, the buffers or the test loss of a network are no longer finite.
        """
        if self.step == 0:
            self._snapshot()
            self._test()
        going = self.ends > self.step
        rows = None if going.all() else going.nonzero().flatten().to(self.device)
        order = self.plan.order(self.plan.epoch(self.step), self._of(self.group.seeds, rows)).to(self.device)
        for index in order.split(self.plan.batch, -1):
            self._learn(index, rows)
            self._snapshot()
        self._check(self.stack().state)
        self._intervene(rows)
        self._end(rows)
        if self.step in self.plan.tests or self.finished:
            self._test()
        self.records.settle()

    def state(self) -> Tensors:
        """All that is needed to go on bit for bit, between two epochs."""
        changing = {"step": torch.tensor(self.step), **self._changing(), **prefixed("kept/", self.kept)}
        return changing | prefixed("history/", self.records.history())

    def restore(self, state: Tensors) -> None:
        """Take up what `state` gave.

        Raises:
            ValueError: Tensors that this training cannot have left: other names, shapes or dtypes, numbers that are
                not finite, or a step that is not the end of an epoch. Nothing is taken up then.
        """
        step = check_step(state, self.steps, self.plan.per_epoch)
        rest, kept, history = parted(state, "kept/", "history/")
        taken = [name for name, at in self.plan.snapshots.items() if step and at <= step]
        check_tensors(rest, {"step": torch.tensor(step), **self._changing()})
        check_tensors(kept, {name: t for fraction in taken for name, t in _snapshot(fraction, self.stack()).items()})
        check_history(history, self.plan.rows(step), len(self.ends))
        check_ends(rest.get("stopped/step", self.ends), step, self.steps, self.plan.per_epoch)
        for name, t in self._changing().items():
            t.copy_(rest[name])
        self.kept = {name: t.to(self.device) for name, t in kept.items()}
        self.records.restore(history)
        self.step = step

    def result(self) -> Tensors:
        """What the group leaves behind.

        Returns:
            "final/<name>" and "snapshot/<fraction>/<name>", parameters and buffers with networks first, and
            "history/<quantity>" with records first and networks second. A network that ended early has NaN for the
            steps that it did not make, and its last test for the tests after its end; fractions are of all steps, and
            those after its end show it as it ended. Then there is "stopped/step" and "stopped/accuracy" too, (R,):
            when each network ended, and with which accuracy on the training set.
        """
        stack, history = self.stack(), self.records.history()
        later = [name for name, at in self.plan.snapshots.items() if at > self.step]
        kept = self.kept | {name: t for fraction in later for name, t in _snapshot(fraction, stack).items()}
        if self.step < self.steps:
            tests = dict(zip(("test/loss", "test/accuracy"), evaluate(stack, self.data.test), strict=True))
            history = lengthened(history, self.plan.rows(self.steps), tests)
        return prefixed("final/", stack.state) | kept | prefixed("history/", history) | self._stopped()

    def _changing(self) -> Tensors:
        return {**self.descent.state, **prefixed("buffers/", self.buffers), **self._stopped()}

    def _stopped(self) -> Tensors:
        return {"stopped/step": self.ends, "stopped/accuracy": self.reached} if self.settings.get("stop") else {}

    @contextmanager
    def _networks(self, rows: Rows) -> Iterator[Ensemble]:
        """Some of the networks; what is written to them changes them."""
        whole = self.stack()
        part = whole if rows is None else whole[rows]
        yield part
        if rows is not None:
            with torch.no_grad():
                for name, t in whole.state.items():
                    t[rows] = part.state[name]

    def _of(self, each: Sequence[int], rows: Rows) -> list[int]:
        return list(each) if rows is None else [each[i] for i in rows.tolist()]

    def _learn(self, index: torch.Tensor, rows: Rows) -> None:
        x, targets = self.data.train.batch(index)
        frozen = self.freezing.at(self.step)
        due = {name: self.probes[name] for name in self.plan.probes_at(self.step)}
        with self._networks(rows) as ensemble:
            learning = {n: p.requires_grad_() for n, p in ensemble.parameters.items() if n not in frozen.parameters}
            reading = ensemble(
                x, *places(due.values()), training=True,
                own=index.ndim > 1, frozen=frozen.modules, seeds=self._seeds(rows),
            )  # fmt: skip
            loss = losses(reading.outputs, targets)
            gradients = torch.autograd.grad(loss.sum(), list(learning.values())) if learning else ()
        with torch.no_grad():
            self._record("", rows, {"loss": loss, "accuracy": accuracies(reading.outputs, targets)})
            for name, one in due.items():
                self._record(f"{name}/", rows, one.measure(ensemble, reading))
            self.descent.step(dict(zip(learning, gradients, strict=True)), rows, self.step / self.steps)
        self.step += 1

    def _seeds(self, rows: Rows) -> list[int] | None:
        """For what networks draw in this step, from their own seed and the step alone."""
        return [(seed << 32) + self.step + 1 for seed in self._of(self.group.seeds, rows)] if self.draws else None

    def _record(self, series: str, rows: Rows, values: Tensors) -> None:
        if rows is not None:
            values = {name: self._spread(value, rows) for name, value in values.items()}
        self.records.add(series, self.step, values)

    def _spread(self, value: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        spread = value.new_full((len(self.ends), *value.shape[1:]), math.nan)
        spread[rows] = value
        return spread

    def _snapshot(self) -> None:
        for fraction in self.plan.snapshots_at(self.step):
            self.kept |= _snapshot(fraction, self.stack())

    def _test(self) -> None:
        loss, accuracy = evaluate(self.stack(), self.data.test)
        self._check({**self.stack().state, "test loss": loss})
        if self.step in self.plan.tests:
            self.records.add("test/", self.step, {"loss": loss, "accuracy": accuracy})

    def _check(self, state: Tensors) -> None:
        """Make sure that all networks are finite; the loss of a step was known before it was made."""
        for name, t in state.items():
            if not t.sum().isfinite() and not (finite := t.isfinite().reshape(len(t), -1).all(1)).all():
                i = int((~finite).nonzero()[0])
                raise TrainingError(
                    f"{self.group.variant}: the network of seed {self.group.seeds[i]} diverged: {name} is not finite "
                    f"at step {self._first_lost(i)}; lower optimiser.rate (now {self.group.rates[i]:g})"
                )

    def _first_lost(self, i: int) -> int:
        """The first step of this epoch whose loss was not finite, else the last step."""
        if not self.step:
            return 0
        lost = (~self.records.of_epoch("loss")[:, i].isfinite()).nonzero()
        return int(self.records.of_epoch("step")[lost[0]]) if len(lost) else self.step

    def _intervene(self, rows: Rows) -> None:
        if action := self.settings.get("intervention"):
            with self._networks(rows) as ensemble:
                epoch = self.plan.epoch(self.step)
                interventions.at_epoch(ensemble, self.data, epoch, self.settings["epochs"], action)

    def _end(self, rows: Rows) -> None:
        """End the networks that tell the training set as well as they are asked to."""
        if not (stop := self.settings.get("stop")):
            return
        with self._networks(rows) as ensemble:
            accuracy = evaluate(ensemble, self.data.train)[1].cpu()
        chosen = torch.arange(len(self.ends)) if rows is None else rows.cpu()
        self.reached[chosen] = accuracy
        self.ends[chosen[accuracy >= stop["accuracy"]]] = self.step


def _snapshot(fraction: str, ensemble: Ensemble) -> Tensors:
    return {f"snapshot/{fraction}/{name}": t.clone() for name, t in ensemble.state.items()}
