"""Have Snakemake make again what its own look at times and settings takes for finished."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from netspectra.workflow import records
from netspectra.workflow.records import Job

# Where Snakemake keeps which outputs are not whole, and how each was made, each under its name.
UNFINISHED, MADE = Path(".snakemake/incomplete"), Path(".snakemake/metadata")


def mark(jobs: Iterable[Job], refused: Mapping[str, str]) -> dict[str, str]:
    """Mark what is not what its job would make now as unfinished, and take marks back that hold no more.

    Args:
        jobs: All that there are.
        refused: Why the outputs of a job do not hold whatever its record says, by the job's name.

    Returns:
        {job: why its outputs are made again}, of those whose files were changed by somebody else.
    """
    found = {job: _reason(job, refused) for job in jobs}
    for job, why in found.items():
        for output in job.outputs:
            _mark(output, why) if why else _take_back(output)
    return {job.name: why for job, why in found.items() if why and records.read(job)}


def _reason(job: Job, refused: Mapping[str, str]) -> str | None:
    """Why its outputs do not hold, but for what Snakemake finds out by itself and says better."""
    why = refused.get(job.name) or records.reason(job)
    recorded = all((MADE / _name(output)).exists() for output in job.outputs)
    return None if recorded and why == records.OTHER_MEANING else why


def _mark(output: str, why: str) -> None:
    marker = _marker(output)
    if not marker.exists():
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text(json.dumps({"external_jobid": None, "stale": why}))


def _take_back(output: str) -> None:
    """Take a mark of ours back; Snakemake's own stay."""
    with suppress(FileNotFoundError, ValueError):
        if "stale" in json.loads(_marker(output).read_text()):
            _marker(output).unlink()


def _marker(output: str) -> Path:
    return UNFINISHED / _name(output)


def _name(output: str) -> str:
    return urlsafe_b64encode(output.encode()).decode()
