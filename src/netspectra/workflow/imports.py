"""Which files of the package a module is made of, so that a workflow can treat code as an input."""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "netspectra"
TEMPLATES = {".html"}
ADAPTER = "workflow/scripts/job.py"


def code_of(*modules: str) -> list[str]:
    """All code of a job: that of the modules that it calls, and the adapter that calls them."""
    return [*files_of(*modules), ADAPTER]


def files_of(*modules: str) -> list[str]:
    """Files of the named modules and of all that they import inside the package, relative to the project, sorted.

    Imports are read from the syntax, wherever they stand in a file, without running it. What else lies in a package,
    such as a template, belongs to it.

    Raises:
        ModuleNotFoundError: There is no file for a named module.
    """
    found: set[Path] = set()
    waiting = _with_packages(modules)
    while waiting:
        path = _path(waiting.pop())
        if path not in found:
            found |= {path, *_beside(path)}
            waiting += _with_packages(_imports(path))
    return sorted(str(path.relative_to(ROOT.parent)) for path in found)


def _beside(path: Path) -> list[Path]:
    folder = path.parent if path.name == "__init__.py" else None
    return [p for p in folder.iterdir() if p.suffix in TEMPLATES] if folder else []


@cache
def _imports(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += [f"{node.module}.{a.name}" for a in node.names if _exists(f"{node.module}.{a.name}")]
    return [name for name in names if name.split(".")[0] == PACKAGE]


def _with_packages(modules: Iterable[str]) -> list[str]:
    """The modules and the packages that they lie in, which Python runs first."""
    return [".".join(name.split(".")[:i]) for name in modules for i in range(1, name.count(".") + 2)]


def _exists(module: str) -> bool:
    base = ROOT.joinpath(*module.split("."))
    return base.with_suffix(".py").is_file() or (base / "__init__.py").is_file()


def _path(module: str) -> Path:
    if not _exists(module):
        raise ModuleNotFoundError(f"{module}: no such module in {ROOT}")
    base = ROOT.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
