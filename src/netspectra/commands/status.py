"""`netspectra status`: what is done, what would run, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from netspectra.commands.console import emit_json, emit_table, say
from netspectra.commands.dry_run import planned
from netspectra.commands.jobs import KINDS, Made, jobs
from netspectra.commands.project import Project

DONE, AGAIN, MISSING, UNUSED = STATES = ("done", "would run again", "not made yet", "not needed")


def state_of(job: Made, plan: Mapping[str, str]) -> str:
    """One of STATES: whether it would run, and whether what it makes is there."""
    if job.name in plan:
        return AGAIN if job.is_whole else MISSING
    return DONE if job.is_whole else UNUSED


def report(project: Project) -> dict:
    """What the command says, as JSON has it: the scale, numbers by kind and state, and every job."""
    say("Asking Snakemake what it would run ...")
    plan, found = planned(project), jobs(project.settings)
    listed = [asdict(job) | {"state": state_of(job, plan), "why": plan.get(job.name)} for job in found]
    counts = {kind: _counts(job["state"] for job in listed if job["kind"] == kind) for kind in KINDS}
    return {"scale": project.scale, "finished": not plan, "counts": counts, "jobs": listed}


def run(project: Project, *, as_json: bool, everything: bool) -> int:
    """Say it; 0 whatever there is to do, as that is no error."""
    found = report(project)
    if as_json:
        emit_json(found)
        return 0
    columns = [state for state in STATES if any(counts[state] for counts in found["counts"].values())]
    rows = [[kind, *(counts[state] for state in columns)] for kind, counts in found["counts"].items()]
    emit_table(["", *columns], rows, f"Scale {found['scale']}")
    if shown := [job for job in found["jobs"] if everything or job["state"] in (AGAIN, MISSING)]:
        emit_table(["job", "state", "made", "seconds", "why"], map(_row, shown))
    print("Nothing to do." if found["finished"] else f"To make it: {' '.join(_reproduce(project))}")
    return 0


def _counts(states: Sequence[str]) -> dict[str, int]:
    found = list(states)
    return {state: found.count(state) for state in STATES}


def _row(job: dict) -> list:
    seconds = "" if job["seconds"] is None else f"{job['seconds']:.1f}"
    return [job["name"], job["state"], job["made"], seconds, job["why"]]


def _reproduce(project: Project) -> list[str]:
    return ["netspectra", "reproduce", *(["--scale", project.asked] if project.asked else [])]
