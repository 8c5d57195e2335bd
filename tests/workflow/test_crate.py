"""The crate of a run that is pretended: held by the main rules of its profiles, read by rocrate itself."""

import json
import shutil

import pytest
import yaml
from project import ROOT, Project
from rocrate.rocrate import ROCrate

from netspectra.errors import DataError
from netspectra.statistics import judged
from netspectra.statistics.listing import headline
from netspectra.workflow import crate, layout, records
from netspectra.workflow.settings import read, resolve

VERDICTS = ROOT / "data/sample/metrics/claims.json"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose results are files with a word in them."""
    project = Project(tmp_path_factory.mktemp("crate") / "project")
    for name in ("README.md", "LICENSE", "CITATION.cff", "requirements.lock"):
        shutil.copy(ROOT / name, project.folder)
    settings = resolve(read(project.folder / "params.yaml"))
    for path in crate._results(settings):
        (project.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (project.folder / path).write_text(path)
    shutil.copy(VERDICTS, project.folder / layout.metrics_file(settings, "claims"))
    return project, settings


@pytest.fixture(scope="module")
def written(project):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project[0].folder)
        crate.write(project[1], project[0].folder / "crate")
    return ROCrate(project[0].folder / "crate")


def ids(value):
    return {one.id for one in (value if isinstance(value, list) else [value])}


def test_it_says_by_which_profiles_it_is_made(written):
    root = written.root_dataset
    assert ids(root["conformsTo"]) == set(crate.PROFILES)
    assert written.version == "1.1"
    assert root["license"].id == crate.LICENCE
    assert {"name", "description", "datePublished"} <= set(root.properties())
    assert all(part in root["description"] for part in headline(judged.load(VERDICTS)))


def test_the_workflow_is_the_main_entity(written):
    workflow = written.mainEntity
    assert set(workflow.type) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    assert workflow["programmingLanguage"]["name"] == "Snakemake"
    assert {"snakemake", "torch", "numpy", "python"} <= {one["name"] for one in workflow["softwareRequirements"]}
    assert all(one["softwareVersion"] for one in workflow["softwareRequirements"])


def test_the_run_names_what_it_read_and_what_it_made(written, project):
    (action,) = [one for one in written.contextual_entities if one.type == "CreateAction"]
    assert written.root_dataset["mentions"] == action
    assert action["instrument"] == written.mainEntity
    assert ids(action["result"]) == set(crate._results(project[1]))
    sets = {block["homepage"] for block in layout.sets_in_use(project[1]).values()}
    assert ids(action["object"]) == {"params.yaml", *sets}
    assert action["startTime"] <= action["endTime"]


def test_every_file_is_there_with_its_checksum(written, project):
    folder = project[0].folder / "crate"
    files = [one for one in written.data_entities if "sha256" in one.properties()]
    assert len(files) > len(list(crate._results(project[1])))
    assert {one.id: one["sha256"] for one in files} == {one.id: records.digest(folder / one.id) for one in files}
    assert not list(folder.rglob("__pycache__"))


def test_official_data_have_the_checksums_of_the_settings(written, project):
    for name, block in layout.sets_in_use(project[1]).items():
        files = layout.version_of(name, block)["files"]
        assert {one["name"]: one["value"] for one in written.get(block["homepage"])["identifier"]} == {
            file: facts["sha256"] for file, facts in files.items()
        }


def test_the_documents_are_those_of_the_citation(written):
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())["references"]
    assert [one["name"] for one in written.root_dataset["citation"]] == [one["title"] for one in cited]


def test_no_reference_leads_nowhere(written, project):
    graph = json.loads((project[0].folder / "crate/ro-crate-metadata.json").read_text())["@graph"]
    known = {entity["@id"] for entity in graph}
    assert len(known) == len(graph)

    def references(value):
        if isinstance(value, dict):
            yield from [value["@id"]] if "@id" in value else []
        elif isinstance(value, list):
            for one in value:
                yield from references(one)

    named = {place for entity in graph for value in entity.values() for place in references(value)}
    assert {place for place in named if not place.startswith("https://")} <= known


def test_a_run_that_is_not_finished_is_refused(project, monkeypatch):
    monkeypatch.chdir(project[0].folder)
    page = project[0].folder / layout.page_file(project[1])
    text = page.read_text()
    page.unlink()
    with pytest.raises(DataError, match=r"report/smoke/index.html: missing"):
        crate.described(project[1])
    page.write_text(text)


def test_the_citation_has_what_its_format_asks_for():
    facts = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(facts)
    for one in facts["references"]:
        assert {"type", "title", "authors"} <= set(one)
        assert all("name" in author or "family-names" in author for author in one["authors"])
