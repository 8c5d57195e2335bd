"""`make settle`: how many networks would decide each undecided claim, what they cost, and which numbers to raise.

`python -m netspectra.statistics.settle FILE --times FOLDER` takes claims.json and the run times that Snakemake has
noted; the numbers of networks are those of params.yaml.
"""

import argparse
import csv
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from netspectra.errors import DataError, NetspectraError, SettingsError, said
from netspectra.overlays import merge
from netspectra.statistics import judged
from netspectra.statistics.estimates import Estimate
from netspectra.statistics.judged import Verdict, tolerance_of
from netspectra.statistics.judging import UNDECIDED
from netspectra.statistics.listing import numbers
from netspectra.statistics.metrics import estimate_of
from netspectra.statistics.replication import keys_of, networks_behind, replicates_of
from netspectra.statistics.settling import required_replicates
from netspectra.strict_yaml import load


@dataclass(frozen=True)
class Advice:
    """What would decide one claim.

    Attributes:
        verdict: The claim.
        networks: How many it takes, if value and spread stay as they are; None where no number up to the limit does.
        minutes: For those that are not there yet, trained one after another; None where no training was timed.
        keys: Numbers of params.yaml to raise to that.
    """

    verdict: Verdict
    networks: int | None
    minutes: float | None
    keys: list[str]


def advise(verdicts: Iterable[Verdict], settings: Mapping, times: Path, limit: int) -> list[Advice]:
    """What would decide the undecided claims, the cheapest first.

    Args:
        verdicts: All of a scale.
        settings: Those in force at it.
        times: Folder of run times, train_NETWORK.tsv and EXPERIMENT.tsv.
        limit: Greatest number of networks that may be trained.
    """
    found = [advise_on(v, settings, times, limit) for v in verdicts if v.verdict == UNDECIDED]
    return sorted(found, key=lambda a: (a.networks is None, math.inf if a.minutes is None else a.minutes))


def advise_on(
    v: Verdict, settings: Mapping, times: Path, limit: int, *, level: float = 0.95, power: float = 0.5
) -> Advice:
    """What would decide one claim.

    Args:
        v: The claim.
        settings: As in `advise`.
        times: As in `advise`.
        limit: As in `advise`.
        level: Of the interval that is to decide it.
        power: Chance that so many networks decide.

    Raises:
        SettingsError: Its experiment is not among the settings.
    """
    if v.experiment not in settings["experiments"]:
        raise SettingsError(f"{v.id}: params.yaml has no experiment {v.experiment!r}", "snakemake --forcerun judge")
    networks = _required(v, limit, level, power)
    minutes = None if networks is None else _minutes(v, networks, settings, times)
    return Advice(v, networks, minutes, keys_of(settings, v.experiment))


def as_estimate(v: Verdict) -> Estimate:
    """What was measured, to be judged at another level."""
    metric = v.value if v.low is None else {"mean": v.value, "low": v.low, "high": v.high}
    return estimate_of(metric, v.networks)


def table(advice: list[Advice], limit: int) -> str:
    """One line a claim."""
    lines = [f"{'claim':<42} {'networks':>12} {'minutes':>8}  value, wanted; raise"]
    lines += [_line(one, limit) for one in advice]
    settled = sum(one.networks is not None for one in advice)
    return "\n".join([*lines, f"{len(advice)} undecided; {settled} of them by up to {limit} networks"])


def settings_at(params: Mapping, scale: str) -> dict:
    """Networks and experiments of params.yaml as a scale has them.

    Raises:
        SettingsError: There is no such scale.
    """
    if scale not in params["scales"]:
        raise SettingsError(f"params.yaml: wanted the scale {scale!r}, found {', '.join(params['scales'])}")
    base = {kind: params[kind] for kind in ("networks", "experiments")}
    return merge(base, params["scales"][scale]) | {"scale": scale}


def _required(v: Verdict, limit: int, level: float, power: float) -> int | None:
    if v.networks is None or (v.low is None and v.networks >= 3):
        return None
    return required_replicates(as_estimate(v).at(level), tolerance_of(v.tolerance), limit=limit, power=power)


def _minutes(v: Verdict, wanted: int, settings: Mapping, times: Path) -> float | None:
    """Time of what is missing, at what one network of the block, or one repetition of the analysis, took."""
    block = settings["experiments"][v.experiment]
    behind = networks_behind(settings, v.experiment)
    counts = {f"train_{name}": replicates_of(settings["networks"][name]).values() for name in behind}
    if "replicates" in block:
        counts[v.experiment] = [block["replicates"]]
    seconds = {job: seconds_of(times / f"{job}.tsv") for job in counts}
    if None in seconds.values():
        return None
    missing = {job: sum(max(wanted - count, 0) for count in counts[job]) for job in counts}
    return sum(seconds[job] / sum(counts[job]) * missing[job] for job in counts) / 60


def seconds_of(path: Path) -> float | None:
    """Seconds that Snakemake has noted of a job; None where it has not run here.

    Raises:
        DataError: The file holds something else.
    """
    if not path.exists():
        return None
    try:
        (row,) = csv.DictReader(path.read_text(encoding="utf-8").splitlines(), delimiter="\t")
        return float(row["s"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: wanted one row with a column s, found something else ({error})", "rm it") from None


def _line(one: Advice, limit: int) -> str:
    v = one.verdict
    networks = f"over {limit}" if one.networks is None else f"{v.networks} -> {one.networks}"
    if v.networks is None or (one.networks is None and v.low is None):
        networks = "no interval" if v.low is None else "none"
    minutes = "?" if one.minutes is None else f"{one.minutes:.1f}"
    asked = f"{numbers(v.value, v.low, v.high)}, wanted {tolerance_of(v.tolerance)}"
    keys = ", ".join(one.keys) if one.networks else ""
    return f"{v.id:<42} {networks:>12} {minutes:>8}  {asked}{f'; {keys}' if keys else ''}"


def main(arguments: list[str]) -> int:
    """Print what would decide the undecided claims; 1 where that cannot be said."""
    parser = argparse.ArgumentParser(prog="python -m netspectra.statistics.settle", description=__doc__)
    parser.add_argument("file", type=Path, help="claims.json")
    parser.add_argument("--times", type=Path, required=True, help="folder of run times at that scale")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="the file of numbers")
    parser.add_argument("--limit", type=int, default=100, help="greatest number of networks")
    given = parser.parse_args(arguments)
    try:
        verdicts = judged.load(given.file)
        scale = verdicts[0].scale if verdicts else ""
        settings = settings_at(load(given.params), scale) if verdicts else {}
        print(table(advise(verdicts, settings, given.times, given.limit), given.limit))
    except NetspectraError as error:
        print(said(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
