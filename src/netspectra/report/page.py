"""The report page: every figure with its claims, in one file that opens from a disk and needs nothing beside it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from netspectra.files import replacing
from netspectra.report import marks, origins, runs
from netspectra.report.documents import by_document
from netspectra.report.excerpts import excerpt
from netspectra.report.graph import anchors, graph
from netspectra.report.kept import changes, standings
from netspectra.report.pictures import Picture, picture
from netspectra.report.recipes import recipes
from netspectra.report.templates import FOLDER, environment
from netspectra.statistics.judged import Verdict, load
from netspectra.statistics.judging import UNDECIDED
from netspectra.statistics.listing import headline


def run(inputs: dict, outputs: dict, settings: dict) -> None:
    """Write the page.

    Args:
        inputs: {"verdicts": claims.json, "claims": claims.yaml of every experiment, "svg" and "png": figures,
            "captions": one .rst file per figure, "tables": one per experiment, "standing": claims.json and run.json of
            the runs that are kept in git, "explorables": their arrays, "overview": SVG and PNG of all claims in one
            picture; the last three may be left out}.
        outputs: {"page": path}.
        settings: {"scale", "blocks": those in force of "data", "networks" and "experiments", "benchmarks", "logs":
            folders that say what each job took}.
    """
    text = (
        environment(settings["scale"], settings["blocks"]).get_template("page.html").render(content(inputs, settings))
    )
    with replacing(outputs["page"]) as temporary:
        temporary.write_text(text, encoding="utf-8")


def content(inputs: dict, settings: dict) -> dict[str, Any]:
    """All that the page shows, by the names that its template uses; arguments as in `run`."""
    verdicts, blocks = load(Path(inputs["verdicts"])), settings["blocks"]
    figures = {name: block["figures"] for name, block in blocks["experiments"].items()}
    documents = by_document(figures, inputs["claims"], verdicts)
    return {
        "documents": documents,
        "pictures": _pictures(inputs),
        "overview": _overview(inputs),
        "captions": {Path(p).stem: Path(p).read_text(encoding="utf-8").strip() for p in inputs["captions"]},
        "tables": {Path(p).stem: excerpt(Path(p)) for p in inputs["tables"]},
        "costs": _costs(settings),
        "recipes": recipes(blocks["networks"], blocks["experiments"]),
        "origin": origins.origin(),
        "seeds": list(origins.seeds(blocks)),
        "graph": graph(blocks, documents),
        "anchors": anchors(documents),
        "explorables": _explorables(inputs),
        **_of_verdicts(verdicts),
        **_of_standings(inputs, settings["scale"], verdicts),
    }


def _of_verdicts(verdicts: list[Verdict]) -> dict[str, Any]:
    """What the page says of all verdicts together."""
    return {
        "verdicts": verdicts,
        "headline": headline(verdicts),
        "counts": Counter(marks.kind(v) for v in verdicts if v.is_counted),
        "failed": marks.failed(verdicts),
        "undecided": [v for v in verdicts if v.verdict == UNDECIDED],
        "controls": marks.controls(verdicts),
    }


def _of_standings(inputs: dict, scale: str, verdicts: list[Verdict]) -> dict[str, Any]:
    """The last standing of the scale, what changed since, and the standings of other scales."""
    kept = standings(inputs.get("standing", []))
    last = kept.pop(scale, None)
    return {"last": last, "changes": changes(last, verdicts) if last else [], "others": list(kept.values())}


def _pictures(inputs: dict) -> dict[str, Picture]:
    pixels = {Path(path).stem: Path(path) for path in inputs["png"]}
    drawings = {Path(path).stem: Path(path) for path in inputs["svg"]}
    return {name: picture(path, pixels[name]) for name, path in drawings.items()}


def _overview(inputs: dict) -> tuple[Picture, str] | None:
    """The picture of all claims with its caption, where there is one."""
    files = list(map(Path, inputs.get("overview", [])))
    if not files:
        return None
    caption = (FOLDER / files[0].with_suffix(".rst").name).read_text(encoding="utf-8")
    return picture(*files), caption.strip()


def _costs(settings: dict) -> dict[str, runs.Cost]:
    blocks = settings["blocks"]
    jobs = [f"train_{name}" for name in blocks["networks"]]
    jobs += [job for name in blocks["experiments"] for job in (name, f"plot_{name}")]
    found = {job: runs.cost(job, Path(settings["benchmarks"]), Path(settings["logs"])) for job in jobs}
    return {job: cost for job, cost in found.items() if cost}


def _explorables(inputs: dict) -> dict:
    path = inputs.get("explorables")  # a list where there may be none
    path = path[0] if isinstance(path, list) and path else path
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
