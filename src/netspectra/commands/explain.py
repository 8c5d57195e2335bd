"""`netspectra explain FIGURE`: what a figure claims, rests on, is made by, and became the last time."""

import difflib
from dataclasses import asdict
from pathlib import Path

from netspectra.commands.console import emit_facts, emit_json, emit_table, say
from netspectra.commands.dry_run import planned
from netspectra.commands.jobs import jobs
from netspectra.commands.project import Project
from netspectra.commands.status import state_of
from netspectra.commands.verdicts import file_of
from netspectra.errors import SettingsError
from netspectra.statistics import judged
from netspectra.statistics.claims import read as read_claims
from netspectra.statistics.judged import Verdict, tolerance_of
from netspectra.statistics.listing import numbers
from netspectra.workflow import layout
from netspectra.workflow.imports import code_of

PARTS = ("measuring", "drawing", "{}.analysis", "{}.plot")


def experiment_of(project: Project, figure: str) -> str:
    """The experiment that draws a figure.

    Raises:
        SettingsError: None does at this scale; names the nearest.
    """
    drawn = {name: e for e, block in project.settings["experiments"].items() for name in block["figures"]}
    if figure in drawn:
        return drawn[figure]
    near = difflib.get_close_matches(figure, drawn, 1)
    meant = f"netspectra explain {near[0]}" if near else f"choose one of {', '.join(drawn)}"
    raise SettingsError(f"{figure}: no figure of that name at scale {project.scale}", meant)


def report(project: Project, figure: str) -> dict:
    """What the command says, as JSON has it."""
    name, settings = experiment_of(project, figure), project.settings
    files = [f"figures/{project.scale}/{figure}.{kind}" for kind in ("svg", "png")]
    say("Asking Snakemake whether it stands ...")
    plan = planned(project, files)
    return {
        "figure": figure,
        "experiment": name,
        "scale": project.scale,
        "caption": Path(layout.folder_of(name), f"{figure}.rst").read_text(encoding="utf-8").strip(),
        "claims": _claims(project, name),
        "inputs": _inputs(settings, name),
        "settings": settings["experiments"][name],
        "networks": layout.networks_of(settings, name),
        "code": code_of(*(f"netspectra.experiments.{part.format(name)}" for part in PARTS)),
        "command": " ".join(project.command("--", *files)),
        "results": {path: Path(path).exists() for path in files},
        "jobs": [asdict(j) | {"state": state_of(j, plan), "why": plan.get(j.name)} for j in _jobs(settings, name)],
    }


def run(project: Project, figure: str, *, as_json: bool) -> int:
    """Say it."""
    found = report(project, figure)
    if as_json:
        emit_json(found)
        return 0
    print(f"{found['figure']}, drawn by {found['experiment']} at scale {found['scale']}\n\n{found['caption']}\n")
    emit_table(["claim", "verdict", "value", "published", "wanted"], map(_row, found["claims"]), "Claims")
    settings = [f"{key}: {value}" for key, value in found["settings"].items() if key != "figures"]
    emit_facts({"inputs": found["inputs"], "settings": settings, "code": found["code"], "command": found["command"]})
    emit_table(["job", "state", "made", "seconds", "why"], map(_job_row, found["jobs"]), "\nLast result")
    print("\n".join(path for path, there in found["results"].items() if there) or "not drawn yet")
    return 0


def _claims(project: Project, experiment: str) -> list[dict]:
    """Verdicts of an experiment's claims; where nothing was judged yet, the claims alone."""
    file = file_of(project)
    verdicts = {v.id: v for v in judged.load(file)} if file.exists() else {}
    return [_claim(claim, verdicts.get(claim.id)) for claim in read_claims(layout.claims_of(experiment))]


def _claim(claim: object, verdict: Verdict | None) -> dict:
    shown = {key: getattr(claim, key) for key in ("id", "where", "says", "metric", "published", "basis", "check")}
    if verdict is None:
        return shown | {"verdict": None, "value": None, "low": None, "high": None, "tolerance": None, "control": None}
    kept = {key: getattr(verdict, key) for key in ("value", "low", "high", "tolerance")}
    return shown | kept | {"verdict": verdict.said, "control": verdict.control and asdict(verdict.control)}


def _inputs(settings: dict, name: str) -> list[str]:
    networks = [layout.network_file(settings, network) for network in layout.networks_of(settings, name)]
    data = [layout.prepared_file(settings, each) for each in layout.sets_of(settings, name)]
    return [
        *networks,
        *data,
        *layout.tables_of(settings, name),
        *layout.files_of(settings, name),
        layout.claims_of(name),
    ]


def _jobs(settings: dict, name: str) -> list:
    return [job for job in jobs(settings) if job.name in (name, f"plot_{name}")]


def _row(claim: dict) -> list:
    value = "" if claim["value"] is None else numbers(claim["value"], claim["low"], claim["high"])
    wanted = tolerance_of(claim["tolerance"])
    return [claim["id"], claim["verdict"] or "not judged yet", value, claim["published"], wanted]


def _job_row(job: dict) -> list:
    seconds = "" if job["seconds"] is None else f"{job['seconds']:.1f}"
    return [job["name"], job["state"], job["made"], seconds, job["why"]]
