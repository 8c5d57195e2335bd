"""Plan: which steps a training makes, and what falls on each of them."""

from collections.abc import Sequence

import torch

from netspectra.training.schedules import step_at


class Plan:
    """The steps of a training, from its settings alone.

    Attributes:
        batch: Samples in a step.
        per_epoch: Steps in an epoch; the last one takes the samples that are left.
        steps: Of the whole training.
        snapshots: Steps of the snapshots, by name: the fraction. Fractions that fall on one step are each kept.
        tests: Steps after which the networks are tested.

    Args:
        settings: Network block of one variant.
        samples: In the training set.

    Raises:
        ValueError: Two fractions or probes of one name, or freezing beside an intervention.
    """

    def __init__(self, settings: dict, samples: int) -> None:
        self.settings, self.samples = settings, samples
        self.batch = min(settings["batch"], samples)
        self.per_epoch = -(-samples // self.batch)
        self.steps = self.per_epoch * settings["epochs"]
        self.snapshots = {f"{fraction:g}": step_at(fraction, self.steps) for fraction in settings["snapshots"]}
        every = settings["test_every"] * self.per_epoch
        self.tests = sorted({*range(0, self.steps + 1, every), self.steps})
        self._check()

    def epoch(self, step: int) -> int:
        """Epochs that are done after so many steps."""
        return step // self.per_epoch

    def snapshots_at(self, step: int) -> list[str]:
        """Names of the snapshots that are taken after so many steps."""
        return [name for name, at in self.snapshots.items() if at == step]

    def probes_at(self, step: int) -> list[str]:
        """Names of the probes that measure in the step after so many steps."""
        return [probe["name"] for probe in self.settings["probes"] if _due(probe, step)]

    def rows(self, until: int) -> dict[str, Sequence[int]]:
        """Steps of the rows that every series of records has after so many steps; none before the first."""
        if not until:
            return {}
        found = {"": range(until), "test/": [step for step in self.tests if step <= until]}
        due = {f"{probe['name']}/": probe for probe in self.settings["probes"]}
        return found | {series: [step for step in range(until) if _due(probe, step)] for series, probe in due.items()}

    def order(self, epoch: int, seeds: Sequence[int]) -> torch.Tensor:
        """Order of the samples in an epoch, (samples,) or (networks, samples).

        It comes from the seed and the epoch alone, so that resuming needs no state.
        """
        if self.settings["order"] == "shared":
            return self._permutation(self.settings["seed"], epoch)
        return torch.stack([self._permutation(seed, epoch) for seed in seeds])

    def _permutation(self, seed: int, epoch: int) -> torch.Tensor:
        return torch.randperm(self.samples, generator=torch.Generator().manual_seed(seed * 100_003 + epoch))

    def _check(self) -> None:
        fractions, probes = self.settings["snapshots"], [probe["name"] for probe in self.settings["probes"]]
        if len(self.snapshots) < len(fractions):
            raise ValueError(f"snapshots: wanted fractions that differ in six digits, found {fractions}")
        if len(set(probes)) < len(probes):
            raise ValueError(f"probes: wanted each name once, found {', '.join(probes)}")
        if self.settings.get("freeze") and self.settings.get("intervention"):
            raise ValueError("freeze: wanted none beside an intervention, which changes all layers")


def _due(probe: dict, step: int) -> bool:
    """Whether a probe measures in the step after so many steps: in each of the first `early`, then in some."""
    return step < probe.get("early", 0) or step % probe["every"] == 0
