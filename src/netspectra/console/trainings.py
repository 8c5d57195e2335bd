"""Where a training is: from what its job has written into its log, and from the states that it saves.

A state does not name its job. It counts as a job's where it was saved since the job began, fits a variant of its block,
and fits no other training that runs beside it; else nothing is said.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from netspectra.console import states
from netspectra.console.states import State
from netspectra.console.words import about
from netspectra.overlays import merge

STATES = Path(".resume")
KEPT = re.compile(r"^.+: (\d+) of (\d+) networks are in ", re.M)
TAKEN_UP = re.compile(r"^.+: .+, replicates \[([\d, ]+)\]$", re.M)
IMAGES = "classify"  # the task whose samples are counted as the settings count them
EARLY = 0.05  # of a training, before which its pace says little


@dataclass(frozen=True)
class Standing:
    """Where a training is.

    Attributes:
        block: Name of its networks.
        missing: Networks that were to be trained when it began; None while it is not known.
        done: Part of the work that is done, 0 to 1; None where it is not known.
        step: Steps that the group seen last has made.
        steps: Steps of its whole training at most; None where that is not known.
        loss: Of its last step.
        accuracy: Of its last step.
        left: Seconds that are left by its pace; None where it is too early to say.
    """

    block: str
    missing: int | None
    done: float | None = None
    step: int | None = None
    steps: int | None = None
    loss: float | None = None
    accuracy: float | None = None
    left: float | None = None

    def __str__(self) -> str:
        parts = [] if self.missing is None else [f"{self.missing} network{'s' * (self.missing != 1)}"]
        if self.step is not None:
            parts.append(f"step {self.step:,}" + (f" of {self.steps:,}" if self.steps else ""))
        if self.loss is not None:
            parts.append(f"loss {self.loss:.3g}")
        if self.accuracy is not None:
            parts.append(f"accuracy {self.accuracy:.1%}")
        if self.done is not None:
            parts.append(f"{self.done:.0%} done")
        return ", ".join([*parts, *([f"{about(self.left)} left"] if self.left is not None else [])])


@dataclass(frozen=True)
class Training:
    """A training job that runs.

    Attributes:
        block: Name of its networks.
        settings: Their block of the settings.
        log: What the job says.
        began: When, in seconds since the epoch.
    """

    block: str
    settings: dict
    log: Path
    began: float

    def variants(self) -> Iterable[dict]:
        """Settings of each variant."""
        return (merge(self.settings, change or {}) for change in self.settings["variants"].values())

    def fits(self, state: State) -> bool:
        """Whether a state can be one of its own."""
        return any(_fits(state, variant) for variant in self.variants())


def standings(trainings: Sequence[Training], now: float, folder: Path = STATES) -> dict[str, Standing]:
    """Where trainings that run are, by name of their block."""
    saved = list(_saved(folder, min((one.began for one in trainings), default=now)))
    found: dict[str, list[State]] = {one.block: [] for one in trainings}
    for at, state in saved:
        owners = [one for one in trainings if at >= one.began and one.fits(state)]
        if len(owners) == 1:
            found[owners[0].block].append(state)
    return {one.block: _standing(one, found[one.block], now) for one in trainings}


def _saved(folder: Path, since: float) -> Iterable[tuple[float, State]]:
    """When each state was saved, and what it says, the last one last."""
    files = []
    for file in folder.glob("*.safetensors"):
        try:
            files.append((file.stat().st_mtime, file))
        except OSError:  # it was finished just now
            continue
    for at, file in sorted(files):
        if at >= since and (state := states.read(file)):
            yield at, state


def _standing(one: Training, found: list[State], now: float) -> Standing:
    said = _said(one.log)
    missing = _missing(said)
    if not found:
        return Standing(one.block, missing)
    last = found[-1]
    done = _done(one, found, _finished(said), missing)
    elapsed = now - one.began
    left = elapsed * (1 - done) / done if done is not None and done > EARLY else None
    return Standing(one.block, missing, done, last.step, _steps(last, one), last.loss, last.accuracy, left)


def _said(log: Path) -> str:
    try:
        return log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _missing(said: str) -> int | None:
    """Networks that no store had, as the log says."""
    kept = KEPT.search(said)
    return int(kept[2]) - int(kept[1]) if kept else None


def _finished(said: str) -> int:
    """Networks of groups before the one that was taken up last: their states are gone."""
    return sum(len(group.split(",")) for group in TAKEN_UP.findall(said)[:-1])


def _done(one: Training, found: list[State], finished: int, missing: int | None) -> float | None:
    """Part of the networks' steps that is made; None where the steps of one are not known."""
    parts = [(state.networks, state.step, _steps(state, one)) for state in found]
    if not missing or any(steps is None for *_, steps in parts):
        return None
    made = sum(min(networks, missing) * step / steps for networks, step, steps in parts)
    return min(1.0, (finished + made) / missing)


def _steps(state: State, one: Training) -> int | None:
    """Steps of a state's whole training, of a variant that it fits."""
    known = (_plan(state, variant) for variant in one.variants() if _fits(state, variant))
    return next((steps for steps in known if steps), None)


def _plan(state: State, variant: dict) -> int | None:
    """Steps of a variant's training: by its tests where there were two, else by the images that it is trained on."""
    if len(state.tests) > 1:
        return (state.tests[1] - state.tests[0]) * variant["epochs"] // variant["test_every"]
    images = variant["data"].get("train")
    if not images or (variant.get("task") or {}).get("name", IMAGES) != IMAGES:
        return None
    return -(-images // min(variant["batch"], images)) * variant["epochs"]


def _fits(state: State, variant: dict) -> bool:
    series = {"", "test", *(probe["name"] for probe in variant.get("probes") or ())}
    if bool(variant.get("stop")) != state.stops or (state.step and not state.series <= series):
        return False
    steps = _plan(state, variant)
    return steps is None or (state.step <= steps and state.step % max(1, steps // variant["epochs"]) == 0)
