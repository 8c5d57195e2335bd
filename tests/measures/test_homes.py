"""Package code imports a thing from the module that defines it, so that an edit re-runs what uses it and no more."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
MODULES = sorted((SRC / "netspectra").rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def path_of(module: str) -> Path | None:
    base = SRC.joinpath(*module.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


def names(node: ast.AST) -> Iterator[str]:
    """What a statement defines, in whatever it branches into too."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif not isinstance(node, ast.Lambda | ast.comprehension):
        for child in ast.iter_child_nodes(node):
            yield from names(child)


@cache
def defined(path: Path) -> frozenset[str]:
    return frozenset(names(tree(path)))


def used(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of everything of the package that a file imports or reads from an imported module."""
    aliases = {}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and path_of(node.module or ""):
            for alias in node.names:
                if path_of(inner := f"{node.module}.{alias.name}"):
                    aliases[alias.asname or alias.name] = inner
                else:
                    yield node.module, alias.name
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield aliases[node.value.id], node.attr


def through_facades(path: Path) -> list[str]:
    return [f"{module}.{name}" for module, name in used(path) if name not in defined(path_of(module))]


FACADES = [SRC / f"netspectra/measures/{name}.py" for name in ("cca", "spectra")]


@pytest.mark.parametrize("path", [p for p in MODULES if p not in FACADES], ids=lambda p: str(p.relative_to(SRC)))
def test_no_module_imports_through_a_facade(path):
    assert not through_facades(path)


@pytest.mark.parametrize("facade", FACADES, ids=lambda p: p.stem)
def test_nothing_of_the_package_imports_a_facade(facade):
    module = f"netspectra.measures.{facade.stem}"
    users = {p for p in MODULES for used_module, _ in used(p) if used_module == module}
    assert not users


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from netspectra.measures.spectra import Spectrum", ["netspectra.measures.spectra.Spectrum"]),
        ("from netspectra.measures import cca\ncca.whiten(1)", ["netspectra.measures.cca.whiten"]),
        ("from netspectra.measures import cca as m\nm.cka", ["netspectra.measures.cca.cka"]),
        ("from netspectra.measures.canonical import cca\ncca(1).samples", []),
        ("from netspectra.measures.checks import Array", []),
    ],
)
def test_a_facade_is_seen(text, found, tmp_path):
    path = tmp_path / "module.py"
    path.write_text(text, encoding="utf-8")
    assert through_facades(path) == found
