"""Code as an input: what a module imports, and what its code means."""

import pytest

from netspectra.workflow import imports
from netspectra.workflow.imports import digest_of, files_of

PACKAGE = {
    "__init__.py": '"""A package."""\n',
    "room/__init__.py": "",
    "room/used.py": '"""What it does."""\n\nLEVEL = 0.5\n\n\n'
    'def one(x: int) -> int:\n    """One."""\n    return x + 1  # more\n',
    "room/calls.py": "from netspectra.room.used import one\n\n\ndef two() -> int:\n    return one(one(0))\n",
    "room/alone.py": "def three() -> str:\n    return 'three'\n",
    "page/__init__.py": "",
    "page/page.py": "import string\n",
    "page/page.html": "<p>$text</p>\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package in place of ours."""
    for name, text in PACKAGE.items():
        path = tmp_path / "src/netspectra" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "workflow/scripts").mkdir(parents=True)
    (tmp_path / imports.ADAPTER).write_text("run()\n")
    monkeypatch.setattr(imports, "ROOT", tmp_path / "src")
    imports.forget()
    yield tmp_path / "src/netspectra"
    imports.forget()


def digests():
    imports.forget()
    names = ("room.calls", "room.alone", "page.page")
    return {name: digest_of(f"netspectra.{name}") for name in names}


def rewritten(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# more", "# much more"),
        ('"""One."""', '"""Another."""'),
        ('"""What it does."""', '"""What it does not."""'),
        ('    """One."""\n', ""),
        ("x + 1", "(\n        x\n        + 1\n    )"),
        ("LEVEL = 0.5", "LEVEL = 0.50"),
    ],
)
def test_comments_docstrings_and_formatting_mean_nothing(package, old, new):
    before = digests()
    rewritten(package / "room/used.py", old, new)
    assert digests() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [("LEVEL = 0.5", "LEVEL = 0.25"), ("x + 1", "x + 1.0"), ("x + 1", "x - 1"), ("one(x: int)", "one(y: int)"),
     ("return x", "'a value, not a docstring'\n    return x"), ("LEVEL = 0.5", "LEVEL = None")],
)  # fmt: skip
def test_a_changed_meaning_is_seen_by_what_uses_it_and_no_more(package, old, new):
    before = digests()
    rewritten(package / "room/used.py", old, new)
    assert {name for name, digest in digests().items() if digest != before[name]} == {"room.calls"}


def test_one_value_is_not_another(package):
    found = set()
    for value in ("1", "1.0", "True", "'1'", "b'1'", "None", "[1]", "(1,)", "...", "-1"):
        (package / "room/alone.py").write_text(f"VALUE = {value}\n")
        found.add(digests()["room.alone"])
    assert len(found) == 10


def test_a_template_and_the_adapter_count(package):
    before = digests()
    rewritten(package / "page/page.html", "<p>", "<p >")
    template = digests()
    assert {name for name in template if template[name] != before[name]} == {"page.page"}
    rewritten(imports.ROOT.parent / imports.ADAPTER, "run()", "run(1)")
    assert all(digests()[name] != template[name] for name in template)


def test_a_module_that_is_not_there_is_named(package):
    with pytest.raises(ModuleNotFoundError, match=r"netspectra.room.none: no such module"):
        digest_of("netspectra.room.none")


def test_code_of_an_analysis_is_what_it_imports():
    found = files_of("netspectra.experiments.align_pruning.analysis")
    assert "src/netspectra/lenses/pruning.py" in found
    assert "src/netspectra/lenses/attacks.py" not in found
    assert "src/netspectra/training/job.py" not in found
    assert "src/netspectra/experiments/align_pruning/settings.py" not in found


def test_a_template_is_code():
    assert "src/netspectra/report/page.html" in files_of("netspectra.report.page")


def test_what_a_package_gives_on_demand_means_nothing_to_its_jobs(package):
    before = digests()
    (package / "__init__.py").write_text('"""A package."""\n\n\ndef __getattr__(name):\n    return name\n')
    assert digests() == before
    (package / "__init__.py").write_text('"""A package."""\n\n\ndef other(name):\n    return name\n')
    assert all(digest != before[name] for name, digest in digests().items())
