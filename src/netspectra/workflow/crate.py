"""`make crate`: a finished run as an RO-Crate, by the profile Workflow Run Crate.

`python -m netspectra.workflow.crate SCALE FOLDER` writes into a folder: the workflow and its code, settings and locks,
verdicts, metrics, tables, figures and the page, each with its checksum; and describes the documents, the data with the
checksums of their official files, the software and the run. Networks and data sets are described and not packed.
"""

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import metadata
from pathlib import Path
from platform import python_version

import yaml
from rocrate.model.contextentity import ContextEntity
from rocrate.model.data_entity import DataEntity
from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from netspectra.errors import DataError, NetspectraError, said
from netspectra.provenance import git, installed
from netspectra.statistics import judged, listing
from netspectra.workflow import layout, records
from netspectra.workflow.settings import read, resolve

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
LICENCE = "https://spdx.org/licenses/MIT"
COMPLETED = "http://schema.org/CompletedActionStatus"
LIBRARIES = ("snakemake", "torch", "numpy", "scipy", "pandas", "matplotlib", "safetensors")
PAPERS = ("README.md", "LICENSE", "CITATION.cff", "params.yaml", "requirements.lock", "pyproject.toml", "Dockerfile")
CODE = ("src", "workflow", "profiles")
KINDS = {".csv": "text/csv", ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png"}
KINDS |= {".html": "text/html", ".md": "text/markdown", ".yaml": "application/yaml", ".toml": "application/toml"}


def write(settings: dict, folder: Path) -> ROCrate:
    """Write the crate of the run that stands, in the place of an earlier one.

    Args:
        settings: Those in force.
        folder: Of the crate.

    Raises:
        DataError: The run is not finished.
    """
    crate = described(settings)
    whole = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(whole, ignore_errors=True)
    crate.write(whole)
    for left in [*whole.rglob("__pycache__"), folder]:
        shutil.rmtree(left, ignore_errors=True)
    whole.rename(folder)
    return crate


def described(settings: dict) -> ROCrate:
    """The crate, not yet written; errors as in `write`."""
    results = list(_results(settings))
    if missing := [path for path in results if not Path(path).exists()]:
        raise DataError(f"{missing[0]}: missing, and {len(missing) - 1} more", "make reproduce")
    crate = ROCrate(version="1.1")  # the version that the profiles are written for
    crate.metadata.extra_contexts.append(TERMS)
    _name(crate, settings)
    workflow = crate.add_workflow("Snakefile", main=True, lang="snakemake", lang_version=installed("snakemake"))
    told = {
        "license": crate.get(LICENCE),
        "author": crate.get("#authors"),
        "version": git("describe", "--always", "--dirty", "--abbrev=40") or "unknown",
    }
    told |= {
        "encodingFormat": "text/plain",
        "conformsTo": _context(crate, BIOSCHEMAS, "CreativeWork", name="Bioschemas"),
    }
    for key, value in told.items():
        workflow[key] = value
    papers = {path: _file(crate, path) for path in PAPERS if Path(path).exists()}
    for path in CODE:
        crate.add_dataset(path, properties={"name": path, "description": "Code of the workflow"})
    papers["README.md"]["about"] = crate.root_dataset
    made = [_file(crate, path) for path in results]
    _run(crate, settings, workflow, [papers["params.yaml"], *_data(crate, settings)], made)
    crate.root_dataset["citation"] = _documents(crate)
    return crate


def _results(settings: dict) -> Iterator[str]:
    """What a run leaves behind and a reader wants, the verdicts first."""
    yield layout.metrics_file(settings, "claims")
    yield layout.page_file(settings)
    yield from (layout.overview_file(settings, kind) for kind in ("svg", "png"))
    for name in settings["experiments"]:
        yield layout.metrics_file(settings, name)
        yield layout.table_file(settings, name)
        yield from (path for kind in ("svg", "png") for path in layout.figures_of(settings, name, kind))


def _name(crate: ROCrate, settings: dict) -> None:
    """What the crate is, of whom, and by which profiles."""
    scale = settings["scale"]
    verdicts = judged.load(layout.metrics_file(settings, "claims"))
    crate.name = f"netspectra at scale {scale}"
    crate.description = f"Figures and verdicts of one run. {'; '.join(listing.headline(verdicts))}."
    crate.license = _context(crate, LICENCE, "CreativeWork", name="MIT License", identifier="MIT")
    crate.root_dataset["author"] = _context(crate, "#authors", "Organization", name="The netspectra authors")
    crate.root_dataset["publisher"] = crate.root_dataset["author"]
    crate.root_dataset["conformsTo"] = [
        _context(crate, place, ["CreativeWork", "Profile"], name=name, version=place.rsplit("/", 1)[1])
        for place, name in PROFILES.items()
    ]


def _file(crate: ROCrate, path: str) -> Entity:
    """A file in the place that it has here, with its checksum."""
    facts = {"name": Path(path).name, "sha256": records.digest(path), "contentSize": str(Path(path).stat().st_size)}
    facts["encodingFormat"] = KINDS.get(Path(path).suffix, "text/plain")
    return crate.add_file(path, dest_path=path, properties=facts)


def _data(crate: ROCrate, settings: dict) -> list[Entity]:
    """Data sets, each with the checksums of its official files."""
    found = []
    for name, block in layout.sets_in_use(settings).items():
        files = layout.version_of(name, block)["files"]
        sums = [
            _context(crate, f"#{name}-{file}", "PropertyValue", name=file, propertyID="sha256", value=facts["sha256"])
            for file, facts in files.items()
        ]
        about = {"name": name, "description": f"{block['about']}. Licence: {block['licence']}", "identifier": sums}
        about |= {"@type": "Dataset", "version": block["version"]}
        found.append(crate.add(DataEntity(crate, block["homepage"], properties=about)))
    return found


def _documents(crate: ROCrate) -> list[Entity]:
    """What CITATION.cff names."""
    references = yaml.safe_load(Path("CITATION.cff").read_text(encoding="utf-8"))["references"]
    return [_document(crate, number, one) for number, one in enumerate(references, 1)]


def _document(crate: ROCrate, number: int, facts: Mapping) -> Entity:
    authors = ", ".join(one.get("name") or f"{one['given-names']} {one['family-names']}" for one in facts["authors"])
    told = {"name": facts["title"], "creditText": authors, "description": facts.get("notes", facts["title"])}
    return _context(crate, facts.get("repository-code", f"#document-{number}"), "CreativeWork", **told)


def _run(crate: ROCrate, settings: dict, workflow: Entity, read: list[Entity], made: list[Entity]) -> None:
    """The run: by which software, from what, to what, and when."""
    times = [Path(path).stat().st_mtime for path in _results(settings)]
    began, ended = (datetime.fromtimestamp(t, UTC).isoformat(timespec="seconds") for t in (min(times), max(times)))
    workflow["softwareRequirements"] = [
        _context(crate, home, "SoftwareApplication", name=name, softwareVersion=number, url=home)
        for name, number, home in _software()
    ]
    action = crate.add_action(
        workflow, identifier="#run", object=read, result=made,
        properties={"name": crate.name, "startTime": began, "endTime": ended, "actionStatus": COMPLETED},
    )  # fmt: skip
    action["description"] = "What stands was made between these times, in one run or in several."
    action["agent"] = crate.root_dataset["author"]
    crate.root_dataset["mentions"] = action


def _software() -> Iterator[tuple[str, str, str]]:
    """Name, version and home page."""
    yield "python", python_version(), "https://www.python.org"
    yield from ((name, found, _home(name)) for name in LIBRARIES if (found := installed(name)))


def _home(name: str) -> str:
    """What a package gives as its home page."""
    facts = metadata(name)
    given = [line.partition(", ")[2] for line in facts.get_all("Project-URL") or ()]
    return facts.get("Home-page") or next(iter(given), f"#{name}")


def _context(crate: ROCrate, place: str, kind: str | Iterable[str], **facts: object) -> Entity:
    return crate.get(place) or crate.add(ContextEntity(crate, place, properties={"@type": kind, **facts}))


def main(scale: str, folder: str) -> int:
    """Write the crate of a scale; 1 where its run is not finished."""
    try:
        crate = write(resolve(read() | {"scale": scale}), Path(folder))
    except (NetspectraError, OSError) as error:
        print(said(error), file=sys.stderr)
        return 1
    print(f"{crate.name}: {len(crate.data_entities)} files and data sets in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
