"""`make settle GO=1`: train what would decide undecided claims and judge them again, until decided or on the bound.

`python -m netspectra.workflow.deciding SCALE [--limit NETWORKS] [--minutes M] [--claims ID,...] [OPTIONS OF SNAKEMAKE]`

Every look at a claim asks for a surer interval (`settling.level_of_look`), so that looking again and again does not
make a verdict. The numbers that are raised stand in params.yaml; trained networks come from the store, so that only new
ones are trained. What it came to is written to standing/<scale>/settled.json.
"""

import argparse
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from netspectra.errors import DataError, NetspectraError, said
from netspectra.statistics import judged, settled
from netspectra.statistics.judged import Verdict, tolerance_of
from netspectra.statistics.judging import UNDECIDED, judge
from netspectra.statistics.settle import Advice, advise_on, as_estimate, settings_at
from netspectra.statistics.settled import ON_THE_BOUND, Look, Settled
from netspectra.statistics.settling import level_of_look
from netspectra.strict_yaml import load
from netspectra.workflow import raising
from netspectra.workflow.standing import FOLDER, command_of

POWER = 0.8  # chance that a number of networks decides, as every look costs a whole analysis


@dataclass
class Session:
    """Settling at one scale.

    Attributes:
        scale: Its name.
        limit: Greatest number of networks.
        minutes: Greatest time of trainings and analyses.
        run: Trains and judges what params.yaml asks for.
        spent: Minutes that this has taken.
        looks: Of every claim, by id.
        closed: What is said of a claim that is not looked at again: the call and why.
    """

    scale: str
    limit: int
    minutes: float
    run: Callable[[], None]
    spent: float = 0.0
    looks: dict[str, list[Look]] = field(default_factory=dict)
    closed: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """Those of the last run."""
        return {v.id: v for v in judged.load(f"data/{self.scale}/metrics/claims.json")}

    @property
    def settings(self) -> dict:
        """Networks and experiments in force."""
        return settings_at(load("params.yaml"), self.scale)

    def level(self, name: str) -> float:
        """Level of the next look at a claim."""
        return level_of_look(len(self.looks.get(name, ())) + 1)


def settle(session: Session, wanted: Iterable[str] = ()) -> dict[str, Settled]:
    """Look at undecided claims with more and more networks, the cheapest first.

    Args:
        session: Where, and up to what.
        wanted: Ids of the claims; all that networks may decide where there is none.

    Raises:
        DataError: A claim that is wanted is not undecided, or a run fails.
    """
    look(session, _undecided(session.verdicts, set(wanted)))
    while chosen := choose(session):
        began = time.monotonic()
        raising.write(_numbers(session.settings, chosen))
        session.run()
        session.spent += (time.monotonic() - began) / 60
        now = session.verdicts
        look(session, [now[one.verdict.id] for one in chosen])
    return {name: _settled(session, name) for name in session.looks}


def look(session: Session, verdicts: Iterable[Verdict]) -> None:
    """Judge claims, each at the level of its next look, and close those that it decides."""
    for v in verdicts:
        level = session.level(v.id)
        found = as_estimate(v).at(level)
        verdict = judge(found, tolerance_of(v.tolerance))
        seen = Look(v.networks, level, found.value, found.low, found.high, verdict)
        session.looks.setdefault(v.id, []).append(seen)
        if verdict != UNDECIDED:
            session.closed[v.id] = verdict, f"by {v.networks} networks"


def choose(session: Session) -> list[Advice]:
    """Claims to train for now, as many as the minutes allow; those that ask for more than is given are closed."""
    advice = _advice(session)
    for one in advice:
        if one.networks is None:
            session.closed[one.verdict.id] = ON_THE_BOUND, f"as it takes over {session.limit} networks"
        elif _cost(one) > session.minutes:
            session.closed[one.verdict.id] = ON_THE_BOUND, f"as {one.networks} networks take {_cost(one):.0f} minutes"
    left = sorted((one for one in advice if one.verdict.id not in session.closed), key=_cost)
    together = accumulate(map(_cost, left), initial=session.spent)
    return [one for one, minutes in zip(left, list(together)[1:], strict=True) if minutes < session.minutes]


def _advice(session: Session) -> list[Advice]:
    now, settings, times = session.verdicts, session.settings, Path(f"benchmarks/results/{session.scale}")
    options = (settings, times, session.limit)
    left = [name for name in session.looks if name not in session.closed]
    return [advise_on(now[name], *options, level=session.level(name), power=POWER) for name in left]


def _cost(advice: Advice) -> float:
    return advice.minutes or 0.0


def _numbers(settings: Mapping, chosen: Iterable[Advice]) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for one in chosen:
        for key in one.keys:
            wanted[key] = max(one.networks, wanted.get(key, 0))
    return raising.raised(settings, wanted)


def _undecided(verdicts: Mapping[str, Verdict], wanted: set[str]) -> list[Verdict]:
    """Those that more networks may decide."""
    found = {v.id: v for v in verdicts.values() if v.verdict == UNDECIDED and _may_be_settled(v)}
    if strange := sorted(wanted - found.keys()):
        raise DataError(f"{strange[0]}: not among what more networks may decide", "make settle lists them")
    return [v for name, v in found.items() if not wanted or name in wanted]


def _may_be_settled(v: Verdict) -> bool:
    return v.networks is not None and (v.low is not None or v.networks < 3)


def _settled(session: Session, name: str) -> Settled:
    called, why = session.closed.get(name, (UNDECIDED, "as no minutes are left"))
    return Settled(tuple(session.looks[name]), called, why)


def _runner(scale: str, options: list[str], untried: str) -> Callable[[], None]:
    command = [*command_of(scale, options, untried), "--", f"data/{scale}/metrics/claims.json"]

    def run() -> None:
        if subprocess.run(command, check=False).returncode:
            raise DataError(f"{shlex.join(command)}: did not end well", "mend what it says above, then settle again")

    return run


def main(arguments: list[str]) -> int:
    """Settle, write what it came to, and say it; 1 where that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m netspectra.workflow.deciding", description=__doc__)
    parser.add_argument("scale")
    parser.add_argument("--limit", type=int, default=100, help="greatest number of networks")
    parser.add_argument("--minutes", type=float, default=30, help="greatest time of all trainings and analyses")
    parser.add_argument("--claims", type=lambda ids: ids.split(","), default=[], help="their ids, with commas between")
    parser.add_argument("--untried", default="", metavar="PATTERN,...", help="experiments that are left out")
    given, options = parser.parse_known_args(arguments)
    try:
        session = Session(given.scale, given.limit, given.minutes, _runner(given.scale, options, given.untried))
        session.run()
        found = settle(session, given.claims)
        place = FOLDER / given.scale / "settled.json"
        settled.write(settled.load(place) | found, place)
    except NetspectraError as error:
        print(said(error), file=sys.stderr)
        return 1
    print("\n".join(f"{name:<42} {one.tried}" for name, one in found.items()))
    print(f"Kept in {place}; git diff params.yaml shows what was raised, git checkout params.yaml undoes it")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
